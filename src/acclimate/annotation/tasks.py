"""Setting up a task: its label schema, its items and how often each is read, its guideline, and lists of codes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, func, insert, select, update

from acclimate.annotation import tables
from acclimate.annotation.items import NewItem, Overlap, new_row, records_digest, require_usable
from acclimate.annotation.people import Person, RefusedError, Role, require_every_site, require_role
from acclimate.annotation.schema import Choice, LabelSchema
from acclimate.annotation.store import STUDY_REGISTERED, Store, Transaction
from acclimate.annotation.study.blinding import is_closed
from acclimate.annotation.task_settings import CLOSED, HIDDEN, PILOT, WORK, TaskSettings, require_possible
from acclimate.core.atomic import json_digest
from acclimate.core.errors import ConfigError, DataError

TASK_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
"""What tasks and lists of codes that people make in the browser may be called; a task's name becomes a folder's."""
_INSERTED_AT_ONCE = 1000
T = TypeVar("T")


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
    require_possible(settings)
    with store.write() as transaction:
        require_every_site(transaction.connection, by, Role.MANAGER)
        require_task(transaction.connection, task)
        if settings.suggestions != HIDDEN and is_study(transaction.connection, task):
            raise RefusedError(f"{task} is a study, whose readers must not be led.", hint="keep suggestions hidden")
        require_trainable(transaction.connection, task, current_schema(transaction.connection, task), settings)
        if settings.active:
            require_label_question(current_schema(transaction.connection, task))
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
            require_usable(schema, item, connection)
        last = connection.scalar(select(func.max(tables.items.c.position)).where(tables.items.c.task == task)) or 0
        rows = (new_row(task, item, overlap, position) for position, item in enumerate(fresh, start=last + 1))
        for some in _batches(rows):
            connection.execute(insert(tables.items), some)
        if fresh:
            transaction.append(by, "items added", task=task, count=len(fresh), records=records_digest(fresh))
        return len(fresh)


def start_round(store: Store, task: str, name: str, *, by: str) -> None:
    """Moves a task to its pilot or its work round; raises RefusedError for a study that was closed by its last look."""
    if name not in (PILOT, WORK, CLOSED):
        raise DataError(f"There is no round {name!r}.", hint=f"rounds are {PILOT}, {WORK} and {CLOSED}")
    with store.write() as transaction:
        require_every_site(transaction.connection, by, Role.MANAGER)
        require_task(transaction.connection, task)
        if name != CLOSED and is_closed(transaction.connection, task):
            raise RefusedError(
                f"The study {task} is closed: what is read now would be mixed with answers given blind.",
                hint="register a new study under another name",
            )
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


def label_question(schema: LabelSchema) -> Choice | None:
    """The first question for one label, else the first for several, by which items can be ordered; None without one."""
    choices = [one for one in schema.questions if isinstance(one, Choice)]
    return min(choices, key=lambda one: one.multiple, default=None)


def require_label_question(schema: LabelSchema) -> Choice:
    """That question; raises ConfigError where there is none."""
    question = label_question(schema)
    if question is None:
        raise ConfigError(
            "The task asks for no label, so no model can choose what is read next.",
            hint="leave its items in their order, or ask for labels",
        )
    return question


def require_trainable(connection: Connection, task: str, schema: LabelSchema, settings: TaskSettings) -> None:
    """Raises ConfigError where the task lacks what it would train with: gold items, and a question that is compared."""
    if not settings.training:
        return
    if not any(question.compared for question in schema.questions):
        raise ConfigError(
            "No answer to this task's questions is right or wrong, so nobody could pass a training.",
            hint="train on a task that asks for labels, codes, marks or an order",
        )
    gold = (tables.items.c.task == task) & tables.items.c.gold.is_not(None)
    there = connection.scalar(select(func.count()).select_from(tables.items).where(gold)) or 0
    if there < settings.training:
        raise ConfigError(
            f"A training of {settings.training} gold items, and the task has {there}.",
            hint="add records with their right answers first, some more than the training takes",
        )


def _batches(rows: Iterator[T]) -> Iterator[list[T]]:
    while some := list(islice(rows, _INSERTED_AT_ONCE)):
        yield some


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
