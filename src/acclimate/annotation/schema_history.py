"""Answers given under older versions of a schema, read as answers under the newest: nobody's words are rewritten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from acclimate.annotation import tables
from acclimate.annotation.schema import Answer, LabelSchema, Question, replace_labels
from acclimate.annotation.store import CURRENT
from acclimate.annotation.task_settings import TRAINING


@dataclass(frozen=True)
class Change:
    """What a version of a schema changed: labels of a question, and what they are called since."""

    version: int
    question: Question
    replaced: Mapping[str, str]


@dataclass(frozen=True)
class GivenAnswer:
    """An answer that stands, as the newest schema reads it.

    Where something was suggested to its author, `suggestion` is its batch, `shown` whether they saw it, and `kept`
    whether they say the same.
    """

    number: int
    item: str
    person: str
    purpose: str
    seconds: float
    content: Answer
    suggestion: int | None = None
    shown: bool | None = None
    kept: bool | None = None


@dataclass(frozen=True)
class TrailEntry:
    """One change of a task's schema or guideline: when, by whom, and what."""

    at: str
    who: str
    what: str


def trail(connection: Connection, task: str) -> list[TrailEntry]:
    """What was changed about a task's labels and guideline, newest first."""
    logged = tables.events.c
    query = select(logged.at, logged.who, logged.action, logged.details).order_by(logged.number.desc())
    rows = connection.execute(query.where(logged.action.in_(["schema saved", "guideline saved"])))
    return [TrailEntry(row.at, row.who, _what(row.details)) for row in rows if row.details["task"] == task]


def _what(details: Mapping[str, Any]) -> str:
    change = details.get("change") or {}
    if "guideline" in details:
        labels = ", ".join(label for labels in (details["changes"] or {}).values() for label in labels)
        return f"guideline {details['version']}" + (f": another meaning of {labels}" if labels else "")
    if change.get("split"):
        return f"{change['question']}: {change['split']} split into {', '.join(change['into'])}"
    if change:
        renamed = ", ".join(f"{old} → {new}" for old, new in change["replaced"].items())
        return f"{change['question']}: {renamed}"
    return f"questions, version {details['version']}"


def changes(connection: Connection, task: str) -> tuple[Change, ...]:
    """All changes of a task's schema, oldest first."""
    schemas = tables.schemas.c
    versions = select(tables.schemas).where(schemas.task == task, schemas.change.is_not(None)).order_by(schemas.version)
    return tuple(
        Change(
            row.version,
            LabelSchema.model_validate(row.content).question(row.change["question"]),
            row.change["replaced"],
        )
        for row in connection.execute(versions)
    )


def lift(since: Sequence[Change], version: int, content: Answer) -> dict[str, Any]:
    """An answer given under a version, as the newest version reads it."""
    lifted = dict(content)
    for change in since:
        name = change.question.name
        if change.version > version and name in lifted:
            lifted[name] = replace_labels(change.question, lifted[name], change.replaced)
    return lifted


def standing_answers(
    connection: Connection,
    task: str,
    *,
    item: str | None = None,
    person: str | None = None,
    of_items: ColumnElement[bool] | None = None,
) -> Iterator[GivenAnswer]:
    """The answers of a task that stand, oldest first; of one item or person, or of items on which a condition holds.

    What was answered in training is none of them.
    """
    since = changes(connection, task)
    given = tables.answers.c
    query = select(tables.answers).where(given.task == task, given.state == CURRENT, given.purpose != TRAINING)
    query = query.order_by(given.number)
    if item is not None:
        query = query.where(given.item == item)
    if person is not None:
        query = query.where(given.person == person)
    if of_items is not None:
        items = tables.items
        query = query.join(items, (items.c.task == given.task) & (items.c.id == given.item)).where(of_items)
    for row in connection.execute(query):
        content = lift(since, row.schema_version, row.content)
        suggested = (row.suggestion, row.shown, row.kept)
        yield GivenAnswer(row.number, row.item, row.person, row.purpose, row.seconds, content, *suggested)
