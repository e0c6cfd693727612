"""Setting up a task: its label schema, its items and how often each is read, its guideline, and lists of codes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, func, insert, select, update

from acclimate.annotation import tables
from acclimate.annotation.people import Person, RefusedError, Role, require_every_site, require_role
from acclimate.annotation.schema import Answer, Choice, Codes, LabelSchema, Subject, Text
from acclimate.annotation.store import STUDY_REGISTERED, Store, Transaction
from acclimate.core.atomic import json_digest
from acclimate.core.errors import ConfigError, DataError
from acclimate.core.schema import TEXT_COLUMNS

TASK_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
"""What tasks and lists of codes that people make in the browser may be called; a task's name becomes a folder's."""
PILOT, WORK, CLOSED = "pilot", "work", "closed"
"""Rounds of a task: in the pilot round only pilot items are handed out, and none once it is closed."""
HIDDEN, SHOWN, RANDOMISED = "hidden", "shown", "randomised"
"""Whether readers see suggestions: nobody, everybody, or by a draw for each item and reader."""
_INSERTED_AT_ONCE = 1000
T = TypeVar("T")


@dataclass(frozen=True)
class Overlap:
    """How often items are read: a share of them `readings` times, the others once.

    Which ones depends on `seed` and the item's id alone, not on the order in which items come.
    """

    readings: int = 1
    share: float = 1.0
    seed: int = 0

    def wanted(self, item: str) -> int:
        """How many readings an item is to have.

        >>> [Overlap(readings=3, share=0.5).wanted(item) for item in ("a", "b", "c", "d")]
        [1, 1, 3, 3]
        """
        return self.readings if unit_draw(str(self.seed), item) < self.share else 1


@dataclass(frozen=True)
class NewItem:
    """A record to annotate. `candidates` are outputs by the arm that made them; readers see neither arm nor gold.

    `gold` is the right answer of an item that everybody gets once, unannounced, and that no export holds.
    """

    record: Mapping[str, Any]
    candidates: Mapping[str, str] = field(default_factory=dict)
    skill: str | None = None
    priority: int = 0
    pilot: bool = False
    gold: Answer | None = None
    readings: int | None = None
    """How many readings this item wants, whatever the overlap says."""

    @property
    def id(self) -> str:
        """The record's id."""
        return str(self.record["id"])

    def stored_record(self) -> dict[str, Any]:
        """The record as JSON: times as text, columns without value left out."""
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in self.record.items()
            if value is not None
        }


@dataclass(frozen=True)
class TaskSettings:
    """How a task is handed out: minutes a lease lasts, and one gold item in how many items (None: no gold).

    With `gold_feedback` a reader is told after a gold item what was expected. With `quick` a digit saves at once, where
    the task asks for one label and nothing else. `suggestions` is `hidden`, `shown` or `randomised`.
    With `beside` a reader may open the other records of the item's subject beside it.
    With `active` items come as a model would learn most from them (see `acclimate.annotation.active`), but
    `random_percent` of these, which are drawn at random.
    """

    lease_minutes: int = 30
    gold_every: int | None = None
    gold_feedback: bool = False
    quick: bool = False
    suggestions: str = HIDDEN
    beside: bool = False
    active: bool = False
    random_percent: int = 10


def create_task(
    store: Store, name: str, schema: LabelSchema, *, guideline: str = "", settings: TaskSettings | None = None, by: str
) -> None:
    """Makes a task in its work round; its schema and guideline have version 1."""
    chosen = settings or TaskSettings()
    with store.write() as transaction:
        require_role(transaction.connection, by, Role.MANAGER)
        if transaction.connection.scalar(select(tables.tasks.c.name).where(tables.tasks.c.name == name)):
            raise DataError(f"There is already a task {name!r}.", hint="choose another name")
        transaction.connection.execute(insert(tables.tasks).values(name=name, round=WORK, **vars(chosen)))
        transaction.append(by, "task created", task=name, settings=vars(chosen))
        save_schema(transaction, name, schema.model_copy(update={"version": 1}), change=None, by=by)
        save_guideline(transaction, name, guideline, by=by)


def change_settings(store: Store, task: str, settings: TaskSettings, *, by: str) -> None:
    """Hands a task out in another way from now on; what is held stays."""
    if settings.lease_minutes < 1 or (settings.gold_every is not None and settings.gold_every < 2):
        raise ConfigError(
            f"A lease of {settings.lease_minutes} minutes and a gold item in {settings.gold_every} items.",
            hint="give one minute or more, and at most one gold item in two",
        )
    if settings.suggestions not in (HIDDEN, SHOWN, RANDOMISED):
        raise ConfigError(
            f"Suggestions cannot be {settings.suggestions[:40]!r}.", hint=f"{HIDDEN}, {SHOWN} or {RANDOMISED}"
        )
    if not 1 <= settings.random_percent <= 100:
        raise ConfigError(
            f"{settings.random_percent} % of chosen items are to be drawn at random.",
            hint="give 1 to 100: without random items the accuracy cannot be estimated",
        )
    with store.write() as transaction:
        require_every_site(transaction.connection, by, Role.MANAGER)
        require_task(transaction.connection, task)
        if settings.suggestions != HIDDEN and is_study(transaction.connection, task):
            raise RefusedError(f"{task} is a study, whose readers must not be led.", hint="keep suggestions hidden")
        if settings.active:
            require_single_label(current_schema(transaction.connection, task))
        changed = update(tables.tasks).where(tables.tasks.c.name == task).values(**vars(settings))
        transaction.connection.execute(changed)
        transaction.append(by, "settings changed", task=task, settings=vars(settings))


def settings_of(connection: Connection, task: str) -> TaskSettings:
    """How a task is handed out."""
    row = require_task(connection, task)
    return TaskSettings(**{field.name: getattr(row, field.name) for field in fields(TaskSettings)})


def add_items(store: Store, task: str, items: Sequence[NewItem], *, overlap: Overlap, by: str) -> int:
    """Adds items that are not there yet, all or none; returns how many were new.

    Raises DataError for an item that is there with another record: records do not change under their annotations; and
    RefusedError for a manager of some sites who brings records of others, or without a site, which everybody would see.
    """
    with store.write() as transaction:
        connection = transaction.connection
        _require_own_sites(require_role(connection, by, Role.MANAGER), items)
        schema = current_schema(connection, task)
        fresh = _unknown(connection, task, items)
        for item in fresh:
            _require_usable(schema, item, connection)
        last = connection.scalar(select(func.max(tables.items.c.position)).where(tables.items.c.task == task)) or 0
        rows = (_row(task, item, overlap, position) for position, item in enumerate(fresh, start=last + 1))
        for some in _batches(rows):
            connection.execute(insert(tables.items), some)
        if fresh:
            transaction.append(by, "items added", task=task, count=len(fresh), records=_records_digest(fresh))
        return len(fresh)


def start_round(store: Store, task: str, name: str, *, by: str) -> None:
    """Moves a task to its pilot or its work round."""
    if name not in (PILOT, WORK, CLOSED):
        raise DataError(f"There is no round {name!r}.", hint=f"rounds are {PILOT}, {WORK} and {CLOSED}")
    with store.write() as transaction:
        require_every_site(transaction.connection, by, Role.MANAGER)
        require_task(transaction.connection, task)
        transaction.connection.execute(update(tables.tasks).where(tables.tasks.c.name == task).values(round=name))
        transaction.append(by, "round started", task=task, round=name)


def set_priority(store: Store, task: str, priorities: Mapping[str, int], *, by: str) -> None:
    """Changes which items come first; higher is earlier."""
    with store.write() as transaction:
        require_every_site(transaction.connection, by, Role.MANAGER)
        for item, priority in priorities.items():
            place = (tables.items.c.task == task) & (tables.items.c.id == item)
            transaction.connection.execute(update(tables.items).where(place).values(priority=priority))
        transaction.append(by, "priority set", task=task, priorities=json_digest(dict(priorities)))


def save_codes(store: Store, code_list: str, titles: Mapping[str, str], *, by: str) -> None:
    """Adds codes with their titles to a list; raises DataError for a code that is there."""
    with store.write() as transaction:
        require_role(transaction.connection, by, Role.MANAGER)
        known = set(
            transaction.connection.scalars(select(tables.codes.c.code).where(tables.codes.c.code_list == code_list))
        )
        if known & titles.keys():
            raise DataError(
                f"{len(known & titles.keys())} codes are in the list {code_list} already.", hint="give only new ones"
            )
        rows = ({"code_list": code_list, "code": code, "title": title} for code, title in titles.items())
        for some in _batches(rows):
            transaction.connection.execute(insert(tables.codes), some)
        transaction.append(by, "codes added", code_list=code_list, count=len(titles), codes=json_digest(dict(titles)))


def current_schema(connection: Connection, task: str) -> LabelSchema:
    """The newest label schema of a task."""
    require_task(connection, task)
    schemas = tables.schemas.c
    newest = select(schemas.content).where(schemas.task == task).order_by(schemas.version.desc()).limit(1)
    return LabelSchema.model_validate(connection.scalar(newest))


def guideline_version(connection: Connection, task: str) -> int:
    """The number of a task's newest guideline."""
    newest = select(func.max(tables.guidelines.c.version)).where(tables.guidelines.c.task == task)
    return int(connection.scalar(newest) or 0)


def guideline(store: Store, task: str, version: int | None = None) -> str:
    """The text of a guideline, the newest unless a version is named."""
    with store.read() as connection:
        wanted = version or guideline_version(connection, task)
        place = (tables.guidelines.c.task == task) & (tables.guidelines.c.version == wanted)
        found = connection.scalar(select(tables.guidelines.c.content).where(place))
    if found is None:
        raise DataError(f"The task {task!r} has no guideline {wanted}.", hint="guidelines are counted from 1")
    return str(found)


def task_names(connection: Connection) -> list[str]:
    """The names of all tasks, sorted."""
    return sorted(connection.scalars(select(tables.tasks.c.name)))


def is_study(connection: Connection, task: str) -> bool:
    """Whether a task is that of a blind review, whose protocol was fixed by an event."""
    logged = tables.events.c
    registered = connection.scalars(select(logged.details).where(logged.action == STUDY_REGISTERED))
    return any(details["task"] == task for details in registered)


def require_task(connection: Connection, task: str) -> Row[Any]:
    """The task's row; raises DataError where there is none."""
    row = connection.execute(select(tables.tasks).where(tables.tasks.c.name == task)).first()
    if row is None:
        raise DataError(f"There is no task {task!r}.", hint="create it first")
    return row


def save_schema(
    transaction: Transaction, task: str, schema: LabelSchema, *, change: Mapping[str, Any] | None, by: str
) -> None:
    """Adds a version of a schema, with what changed since the one before."""
    content = schema.model_dump(mode="json")
    transaction.connection.execute(
        insert(tables.schemas).values(task=task, version=schema.version, content=content, change=change)
    )
    details = {"version": schema.version, "schema": json_digest(content), "change": change}
    transaction.append(by, "schema saved", task=task, **details)


def save_guideline(
    transaction: Transaction,
    task: str,
    content: str,
    *,
    changes: Mapping[str, Collection[str]] | None = None,
    by: str,
) -> int:
    """Adds a version of a guideline, with the labels, by question, whose meaning it changes; returns its number."""
    version = guideline_version(transaction.connection, task) + 1
    changed = {question: sorted(labels) for question, labels in (changes or {}).items()}
    transaction.connection.execute(
        insert(tables.guidelines).values(task=task, version=version, content=content, changes=changed)
    )
    transaction.append(
        by, "guideline saved", task=task, version=version, guideline=json_digest(content), changes=changed
    )
    return version


def single_label_question(schema: LabelSchema) -> Choice | None:
    """The first question for one label, by whose labels items can be ordered; None where there is none."""
    single = (one for one in schema.questions if isinstance(one, Choice) and not one.multiple)
    return next(single, None)


def require_single_label(schema: LabelSchema) -> Choice:
    """That question; raises ConfigError where there is none."""
    question = single_label_question(schema)
    if question is None:
        raise ConfigError(
            "The task asks for no single label, so no model can choose what is read next.",
            hint="leave its items in their order, or ask for one label",
        )
    return question


def item_texts(row: Any) -> list[str]:
    """What an item's row gives to read: its texts, its turns."""
    texts = [row.record[column] for column in TEXT_COLUMNS if isinstance(row.record.get(column), str)]
    return texts + [turn.get("content") or "" for turn in row.record.get("messages") or ()]


def subject_of(row: Any, schema: LabelSchema, connection: Connection) -> Subject:
    """What an answer about an item's row is checked against."""
    record = row.record
    texts = {column: record[column] for column in TEXT_COLUMNS if isinstance(record.get(column), str)}
    known = frozenset(_code_lists(schema))

    def is_code(code_list: str, code: str) -> bool:
        place = (tables.codes.c.code_list == code_list) & (tables.codes.c.code == code)
        return code_list in known and connection.scalar(select(tables.codes.c.code).where(place)) is not None

    turns = len(record.get("messages") or ())
    return Subject(texts, tuple(candidate["key"] for candidate in row.candidates), turns, is_code)


def require_valid_gold(schema: LabelSchema, item: str, answer: Answer, subject: Subject) -> None:
    """Raises DataError where a gold answer is not one that the schema allows."""
    faults = schema.faults(answer, subject)
    if faults:
        raise DataError(f"The gold answer of item {item} is not valid: {faults[0]}", hint="correct it")


def unit_draw(*parts: str) -> float:
    """A number from 0 up to 1 that depends on the parts alone."""
    return int(json_digest(list(parts))[:13], 16) / 16**13


def _batches(rows: Iterator[T]) -> Iterator[list[T]]:
    while some := list(islice(rows, _INSERTED_AT_ONCE)):
        yield some


def _code_lists(schema: LabelSchema) -> Iterator[str]:
    return (question.code_list for question in schema.questions if isinstance(question, Codes))


def _require_own_sites(manager: Person, items: Sequence[NewItem]) -> None:
    own = manager.reaches(Role.MANAGER)
    strange = [item.id for item in items if own is not None and item.record.get("site") not in own]
    if strange:
        raise RefusedError(
            f"{len(strange)} records are of no site of {manager.name}, the first is {strange[0]}.",
            hint=f"name the site of each record: {', '.join(sorted(own or ()))}",
        )


def _unknown(connection: Connection, task: str, items: Sequence[NewItem]) -> list[NewItem]:
    ids = {item.id for item in items}
    if len(ids) < len(items):
        raise DataError(f"{len(items) - len(ids)} item ids are given twice.", hint="give each record once")
    known: dict[str, Any] = {}
    for some in _batches(iter(sorted(ids))):
        place = (tables.items.c.task == task) & tables.items.c.id.in_(some)
        rows = connection.execute(select(tables.items.c.id, tables.items.c.record).where(place))
        known |= {row.id: row.record for row in rows}
    changed = sorted(item.id for item in items if item.id in known and known[item.id] != item.stored_record())
    if changed:
        raise DataError(
            f"{len(changed)} items are in the task with another record, the first is {changed[0]}.",
            hint="give a changed record a new id: its annotations belong to the text that was read",
        )
    return [item for item in items if item.id not in known]


def _row(task: str, item: NewItem, overlap: Overlap, position: int) -> dict[str, Any]:
    return {
        "task": task,
        "id": item.id,
        "position": position,
        "record": item.stored_record(),
        "candidates": _with_keys(item),
        "site": item.record.get("site"),
        "skill": item.skill,
        "priority": item.priority,
        "pilot": item.pilot,
        "gold": dict(item.gold) if item.gold is not None else None,
        "wanted": item.readings or overlap.wanted(item.id),
        "read": 0,
        "done": False,
        "disputed": False,
        "decided": False,
        "subject": item.record.get("subject_id"),
    }


def _with_keys(item: NewItem) -> list[dict[str, str]]:
    """Candidates under keys that come from their texts, so that a key tells nothing of the arm."""
    found: list[dict[str, str]] = []
    for arm, output in sorted(item.candidates.items()):
        equal = sum(candidate["text"] == output for candidate in found)
        key = hashlib.sha256(f"{item.id}\0{equal}\0{output}".encode()).hexdigest()[:8]
        found.append({"key": key, "arm": arm, "text": output})
    return found


def _require_usable(schema: LabelSchema, item: NewItem, connection: Connection) -> None:
    for question in schema.questions:
        if isinstance(question, Text) and question.edits and not isinstance(item.record.get(question.edits), str):
            raise DataError(
                f"Item {item.id} has no {question.edits}, which the question {question.name} is about.",
                hint="give records that hold what is to be corrected",
            )
    if item.gold is None:
        return
    row = _Given(item.record, _with_keys(item))
    require_valid_gold(schema, item.id, item.gold, subject_of(row, schema, connection))


@dataclass(frozen=True)
class _Given:
    record: Mapping[str, Any]
    candidates: Sequence[Mapping[str, str]]


def _records_digest(items: Iterable[NewItem]) -> str:
    return json_digest([[item.id, item.stored_record(), dict(item.candidates)] for item in items])
