"""Labels renamed, merged and split, and guidelines and gold changed, while a project runs.

Renaming and merging rewrite no answer: it is read through the trail of changes. Where a meaning changed, the answers
that rest on it are taken back, by name and number in the events, and their items are read again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from sqlalchemy import Connection, select, update

from acclimate.annotation.assignments import (
    ADJUDICATION,
    READING,
    item_row,
    refresh_item,
    require_visible,
    take_back,
)
from acclimate.annotation.items import require_valid_gold, subject_of
from acclimate.annotation.people import Role, require_every_site, require_role
from acclimate.annotation.schema import Answer, Choice, LabelSchema, Option, Spans, labels_in, replace_labels
from acclimate.annotation.schema_history import standing_answers
from acclimate.annotation.store import REQUEUED, Store, Transaction
from acclimate.annotation.tables import items
from acclimate.annotation.tasks import current_schema, save_guideline, save_schema
from acclimate.core.atomic import json_digest
from acclimate.core.errors import DataError
from acclimate.core.reinclusion import id_digest


@dataclass(frozen=True)
class Effect:
    """What a change would do: to how many answers of how many items, and to disputes that it would end."""

    answers: int
    items: int
    disputes_ended: int = 0


def effect_of_new_meaning(store: Store, task: str, labels: Mapping[str, Collection[str]], *, by: str) -> Effect:
    """What a split, or a guideline that changes the meaning of these labels by question, would take back."""
    with store.read() as connection:
        require_every_site(connection, by, Role.MANAGER)
        touched = _answers_with(connection, task, labels)
        return Effect(sum(map(len, touched.values())), len(touched))


def effect_of_new_names(store: Store, task: str, question: str, replaced: Mapping[str, str], *, by: str) -> Effect:
    """How many answers a rename or merge would give another name, and how many disputes it would end."""
    with store.read() as connection:
        require_every_site(connection, by, Role.MANAGER)
        schema = current_schema(connection, task)
        asked, ended = schema.question(question), 0
        touched = _answers_with(connection, task, {question: replaced.keys()}, decisions=False)
        for item in connection.scalars(select(items.c.id).where(items.c.task == task, items.c.disputed)).all():
            contents = [a.content for a in standing_answers(connection, task, item=item) if a.purpose == READING]
            renamed = [{**c, question: replace_labels(asked, c.get(question), replaced)} for c in contents]
            ended += len({schema.compared(content) for content in renamed}) == 1
        return Effect(sum(map(len, touched.values())), len(touched), ended)


def rename_label(store: Store, task: str, question: str, *, old: str, new: str, by: str) -> LabelSchema:
    """Gives a label another name; what was answered counts under the new one."""
    with store.write() as transaction:
        require_every_site(transaction.connection, by, Role.MANAGER)
        schema = current_schema(transaction.connection, task)
        _require_labels(schema, question, [old])
        _require_new(schema, question, [new])
        return _replace(transaction, task, schema, question, {old: new}, by=by)


def merge_labels(store: Store, task: str, question: str, *, labels: Collection[str], into: str, by: str) -> LabelSchema:
    """Makes several labels one, a new one or one of them; items whose readers differed in these alone now agree."""
    with store.write() as transaction:
        connection = transaction.connection
        require_every_site(connection, by, Role.MANAGER)
        schema = current_schema(connection, task)
        _require_labels(schema, question, labels)
        if into not in labels:
            _require_new(schema, question, [into])
        replaced = {label: into for label in labels if label != into}
        merged = _replace(transaction, task, schema, question, replaced, by=by)
        for row in connection.execute(select(items).where(items.c.task == task, items.c.disputed)).all():
            refresh_item(connection, row, merged)
        return merged


def split_label(
    store: Store, task: str, question: str, *, label: str, into: Sequence[Option], by: str
) -> Mapping[str, tuple[int, ...]]:
    """Replaces a label by several new ones; returns the answers that used it, by item: they are taken back and asked again.

    None of the new labels may have the old name: an answer that is just being given must not mean something else.
    """
    with store.write() as transaction:
        connection = transaction.connection
        require_every_site(connection, by, Role.MANAGER)
        schema = current_schema(connection, task)
        _require_labels(schema, question, [label])
        _require_new(schema, question, [option.name for option in into])
        _require_no_gold(transaction, task, schema, question, label)
        options = _labelled(schema, question).options
        if any(option.parent == label for option in options):
            raise DataError(f"{label} has labels below it.", hint="split or move those first")
        place = [option.name for option in options].index(label)
        changed = (*options[:place], *into, *options[place + 1 :])
        touched = _requeue(transaction, task, {question: {label}}, by=by)
        version = schema.version + 1
        new = _with_options(schema, question, changed, version)
        change = {"question": question, "replaced": {}, "split": label, "into": [option.name for option in into]}
        save_schema(transaction, task, new, change=change, by=by)
        return touched


def revise_guideline(
    store: Store, task: str, content: str, *, changes_meaning_of: Mapping[str, Collection[str]], by: str
) -> Mapping[str, tuple[int, ...]]:
    """Adds a version of the guideline; answers that used a label whose meaning changed are taken back and asked again.

    `changes_meaning_of` names labels by question. Returns the answers taken back, by item.
    """
    with store.write() as transaction:
        require_every_site(transaction.connection, by, Role.MANAGER)
        schema = current_schema(transaction.connection, task)
        for question, labels in changes_meaning_of.items():
            _require_labels(schema, question, labels)
        save_guideline(transaction, task, content, changes=changes_meaning_of, by=by)
        return _requeue(transaction, task, changes_meaning_of, by=by)


def set_gold(store: Store, task: str, item: str, answer: Answer | None, *, by: str) -> None:
    """Makes an item gold with its right answer, or an ordinary one again (None); refuses to make gold of what was read."""
    with store.write() as transaction:
        connection = transaction.connection
        manager = require_role(connection, by, Role.MANAGER)
        row = item_row(connection, task, item)
        require_visible(row, manager, Role.MANAGER)
        if row.read and row.gold is None:
            raise DataError(f"Item {item} was read before, so it is no gold.", hint="name an item that nobody has read")
        schema = current_schema(connection, task)
        if answer is not None:
            require_valid_gold(schema, item, answer, subject_of(row, schema, connection))
        gold = dict(answer) if answer is not None else None
        place = (items.c.task == task) & (items.c.id == item)
        connection.execute(update(items).where(place).values(gold=gold))
        transaction.append(by, "gold set", task=task, item=id_digest(item), gold=json_digest(gold))
        refresh_item(connection, item_row(connection, task, item), schema)


def _replace(
    transaction: Transaction, task: str, schema: LabelSchema, question: str, replaced: Mapping[str, str], *, by: str
) -> LabelSchema:
    """The schema's next version, with labels replaced in its options and in gold answers."""
    options: dict[str, Option] = {}
    for option in _labelled(schema, question).options:
        name = replaced.get(option.name, option.name)
        parent = replaced.get(option.parent, option.parent) if option.parent is not None else None
        # A label that keeps its name keeps its own place in the hierarchy too, not that of one merged into it.
        if name not in options or option.name == name:
            options[name] = option.model_copy(update={"name": name, "parent": parent if parent != name else None})
    new = _with_options(schema, question, tuple(options.values()), schema.version + 1)
    save_schema(transaction, task, new, change={"question": question, "replaced": dict(replaced)}, by=by)
    asked = new.question(question)
    gold = select(items.c.id, items.c.gold).where(items.c.task == task, items.c.gold.is_not(None))
    for row in transaction.connection.execute(gold).all():
        answer = {**row.gold, question: replace_labels(asked, row.gold.get(question), replaced)}
        place = (items.c.task == task) & (items.c.id == row.id)
        transaction.connection.execute(update(items).where(place).values(gold=answer))
    return new


def _requeue(
    transaction: Transaction, task: str, labels: Mapping[str, Collection[str]], *, by: str
) -> dict[str, tuple[int, ...]]:
    """Takes back the answers that use one of the labels, and with them the decisions on their items."""
    found = _answers_with(transaction.connection, task, labels)
    for item, numbers in found.items():
        take_back(transaction, item_row(transaction.connection, task, item), list(numbers), REQUEUED, by=by)
    return found


def _answers_with(
    connection: Connection, task: str, labels: Mapping[str, Collection[str]], *, decisions: bool = True
) -> dict[str, tuple[int, ...]]:
    """By item, the answers that use one of the labels, and the decisions on their items with them."""
    schema = current_schema(connection, task)
    questions = {schema.question(name): set(chosen) for name, chosen in labels.items()}
    standing = sorted(standing_answers(connection, task), key=attrgetter("item"))
    found: dict[str, tuple[int, ...]] = {}
    for item, given in groupby(standing, key=attrgetter("item")):
        answers = list(given)
        touched = {
            answer.number
            for answer in answers
            if any(labels_in(asked, answer.content.get(asked.name)) & chosen for asked, chosen in questions.items())
        }
        if touched and decisions:
            touched |= {answer.number for answer in answers if answer.purpose == ADJUDICATION}
        if touched:
            found[item] = tuple(sorted(touched))
    return found


def _labelled(schema: LabelSchema, question: str) -> Choice | Spans:
    asked = schema.question(question)
    if not isinstance(asked, Choice | Spans):
        raise DataError(f"The question {question} has no labels.", hint="name a question with labels of its own")
    return asked


def _with_options(schema: LabelSchema, question: str, options: tuple[Option, ...], version: int) -> LabelSchema:
    asked = _labelled(schema, question).model_copy(update={"options": options})
    questions = tuple(asked if other.name == question else other for other in schema.questions)
    return LabelSchema.model_validate(LabelSchema(questions=questions, version=version).model_dump())


def _require_labels(schema: LabelSchema, question: str, labels: Collection[str]) -> None:
    missing = sorted(set(labels) - set(_labelled(schema, question).labels))
    if missing:
        raise DataError(
            f"The question {question} has no label {', '.join(missing)}.", hint="name labels as the schema does"
        )


def _require_new(schema: LabelSchema, question: str, labels: Collection[str]) -> None:
    taken = sorted(set(labels) & set(_labelled(schema, question).labels))
    if taken:
        raise DataError(
            f"The question {question} has the label {', '.join(taken)} already.",
            hint="choose another name, or merge the labels",
        )


def _require_no_gold(transaction: Transaction, task: str, schema: LabelSchema, question: str, label: str) -> None:
    gold = select(items.c.id, items.c.gold).where(items.c.task == task, items.c.gold.is_not(None))
    asked = schema.question(question)
    used = [row.id for row in transaction.connection.execute(gold) if label in labels_in(asked, row.gold.get(question))]
    if used:
        raise DataError(
            f"{len(used)} gold items have the label {label}, the first is {min(used)}.",
            hint="say with set_gold what they are, or that they are no gold any more",
        )
