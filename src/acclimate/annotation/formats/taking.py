"""Taking annotations of a file into the store: real readings by named people, each exactly once, with their events.

A file is read twice: first to learn what it asks and that it can be read to its end, then to take it, some hundred
items a transaction. Killed in between, the same import again takes the rest. An imported answer's token comes from
its content, so importing a file again adds nothing, not even what was taken back here since.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from acclimate.annotation.assignments import (
    ADJUDICATION,
    DONE,
    READING,
    refresh_item,
    save_assignment,
)
from acclimate.annotation.formats.exchange import ExchangeItem, ReadOptions
from acclimate.annotation.formats.judging import PreviewedRow, State, Taken, usable_name
from acclimate.annotation.formats.reconciliation import Reconciliation
from acclimate.annotation.formats.survey import Survey, survey, with_allowed_suggestions
from acclimate.annotation.formats.table import format_named
from acclimate.annotation.items import NewItem, Overlap
from acclimate.annotation.people import Person, Role, require_every_site, save_person
from acclimate.annotation.schema import LabelSchema
from acclimate.annotation.store import ANSWERED, CURRENT, DECIDED, Store, Transaction, answer_digest, moment, new_salt
from acclimate.annotation.suggestions.proposals import Source, keep_batch
from acclimate.annotation.tables import answers, assignments, items, people, tasks
from acclimate.annotation.tasks import add_items, create_task, current_schema, guideline_version
from acclimate.core.atomic import json_digest
from acclimate.core.reinclusion import id_digest

_AT_ONCE = 250


@dataclass(frozen=True)
class ImportSource:
    """A file or folder of annotations, and what must be known of it."""

    format: str
    path: Path
    options: ReadOptions = field(default_factory=ReadOptions)
    people: Mapping[str, str] = field(default_factory=dict)
    """Other names for people of the file, by the name it has."""
    schema: LabelSchema | None = None
    """What a new task asks; else what the format's own configuration says, else what the answers show."""
    readings: int = 1
    """How many readings new items want."""

    def items(self) -> Iterator[ExchangeItem]:
        """The items, read anew each time."""
        return format_named(self.format).read(self.path, self.options)


def import_annotations(store: Store, task: str, source: ImportSource, *, by: str) -> Reconciliation:
    """Takes the annotations of a file; makes the task where there is none, and people who are not here yet.

    Raises SourceError for a file that cannot be read to its end, before anything is changed.
    """
    found, account, schema = _prepare(store, task, source, by=by)
    if account.made_task:
        create_task(store, task, schema, by=by)
    account.made_people = _make_people(store, found, by=by)
    for some in _batches(source.items(), schema):
        _add_new(store, task, some, source, account, by=by)
        with store.write() as transaction:
            state = State(current_schema(transaction.connection, task), transaction.connection, source.format)
            state.load(task, some)
            taken = list(state.judge(some, source.people, account, moment(transaction.now)))
            _keep(transaction, state.schema, taken, source.format, by=by)
            for name, suggested in state.new_suggestions(some, account).items():
                keep_batch(transaction, task, Source(name, source.format), suggested, by=by)
    if account.changed:
        with store.write() as transaction:
            details = {"task": task, "format": source.format, "answers": account.taken, "items": account.items["new"]}
            transaction.append(by, "annotations imported", **details)
    return account


def preview_import(store: Store, task: str, source: ImportSource, *, by: str) -> Reconciliation:
    """The account that an import would give; nothing is changed. Holds in memory who answered which item of the file."""
    found, account, schema = _prepare(store, task, source, by=by)
    seen: dict[str, str] = {}
    with store.read() as connection:
        known = set(connection.scalars(select(people.c.name)))
        account.made_people = sorted(name for name in found.people if name not in known and usable_name(name))
        state = State(schema, connection, source.format)
        for some in _batches(source.items(), schema):
            state.load(task, some)
            state.persons |= {name: _new_person(name, found) for name in account.made_people}
            for item in some:
                if item.id not in state.rows:
                    state.rows[item.id] = _previewed(task, item, seen, account)
            for _ in state.judge(some, source.people, account, moment(store.clock())):
                pass
            state.new_suggestions(some, account)
    return account


def _previewed(task: str, item: ExchangeItem, seen: dict[str, str], account: Reconciliation) -> PreviewedRow:
    """The row that an item would have; one without text where the file gave the item another text before."""
    texts = json_digest(item.texts)
    if item.id not in seen:
        account.items["new"] += 1
    record = item.record if seen.setdefault(item.id, texts) == texts else {"id": item.id}
    return PreviewedRow(task, item.id, record, [{"key": key} for key in item.candidates])


def _prepare(store: Store, task: str, source: ImportSource, *, by: str) -> tuple[Survey, Reconciliation, LabelSchema]:
    """Reads the file once to its end; what it asks, and an empty account."""
    with store.read() as connection:
        require_every_site(connection, by, Role.MANAGER)
        there = connection.scalar(select(tasks.c.name).where(tasks.c.name == task)) is not None
        schema = current_schema(connection, task) if there else None
    found = survey(source.items(), source.people)
    if schema is None:
        schema = source.schema or format_named(source.format).schema(source.path, source.options) or found.schema()
    return found, Reconciliation(task, source.format, made_task=not there), schema


def _new_person(name: str, found: Survey) -> Person:
    roles = {READING: Role.ANNOTATOR, ADJUDICATION: Role.REVIEWER}
    return Person(name, tuple(role for purpose, role in roles.items() if purpose in found.people[name]))


def _make_people(store: Store, found: Survey, *, by: str) -> list[str]:
    """People without a password, so that nobody can be them on a page, with the role that their answers show."""
    with store.read() as connection:
        known = set(connection.scalars(select(people.c.name)))
    made = sorted(name for name in found.people if name not in known and usable_name(name))
    for name in made:
        save_person(store, _new_person(name, found), by=by)
    return made


def _add_new(
    store: Store, task: str, some: Sequence[ExchangeItem], source: ImportSource, account: Reconciliation, *, by: str
) -> None:
    ids = sorted({item.id for item in some})
    with store.read() as connection:
        known = set(connection.scalars(select(items.c.id).where(items.c.task == task, items.c.id.in_(ids))))
    new: dict[str, NewItem] = {}
    for item in some:
        if item.id not in known and item.id not in new:
            new[item.id] = NewItem(item.record, candidates=item.candidates)
    account.items["new"] += add_items(store, task, list(new.values()), overlap=Overlap(source.readings), by=by)


def _batches(given: Iterable[ExchangeItem], schema: LabelSchema) -> Iterator[list[ExchangeItem]]:
    iterator = (with_allowed_suggestions(item, schema) for item in given)
    while some := list(islice(iterator, _AT_ONCE)):
        yield some


def _keep(transaction: Transaction, schema: LabelSchema, taken: Sequence[Taken], source: str, *, by: str) -> None:
    """Writes answers of one task as if their authors had given them now, with who brought them in."""
    if not taken:
        return
    connection, now = transaction.connection, moment(transaction.now)
    guideline = guideline_version(connection, taken[0].row.task)
    new_answers: list[dict[str, Any]] = []
    new_assignments: list[dict[str, Any]] = []
    for one in taken:
        new_answers.append(_answer_row(transaction, schema, one, source, guideline=guideline, by=by))
        purpose = one.reading.purpose
        done = {"purpose": purpose, "state": DONE, "seen": purpose == ADJUDICATION, "guideline_version": guideline}
        done |= {"leased_at": now, "expires_at": now}
        if one.known:
            save_assignment(connection, one.row, one.person, done)
        else:
            new_assignments.append({"task": one.row.task, "item": one.row.id, "person": one.person, **done})
    connection.execute(insert(answers), new_answers)
    if new_assignments:
        connection.execute(insert(assignments), new_assignments)
    for row in {one.row.id: one.row for one in taken}.values():
        refresh_item(connection, row, schema)


def _answer_row(
    transaction: Transaction, schema: LabelSchema, one: Taken, source: str, *, guideline: int, by: str
) -> dict[str, Any]:
    """The event of an answer, and the row that it speaks of."""
    content = dict(one.answer)
    place = {"task": one.row.task, "item": one.row.id}
    versions = {"schema_version": schema.version, "guideline_version": guideline}
    digest, salt = json_digest(content), new_salt()
    action = DECIDED if one.reading.purpose == ADJUDICATION else ANSWERED
    about = {"task": one.row.task, "item": id_digest(one.row.id)}
    told = {"answer": answer_digest(content, salt), **versions, "person": one.person, "imported": source}
    number = transaction.append(by, action, **about, **told)
    given = {"person": one.person, "token": one.token, "purpose": one.reading.purpose, "content": content}
    kept = {
        "digest": digest,
        "salt": salt,
        "seconds": one.reading.seconds,
        "at": moment(transaction.now),
        "state": CURRENT,
    }
    return {"number": number, **place, **given, **versions, **kept}
