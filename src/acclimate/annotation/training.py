"""Training before the work: gold items that a new reader answers first, told each time what was expected.

What is answered in training is nobody's reading: it is kept under a purpose of its own, which nothing else counts. Gold
items can be read: one that is skipped counts as not right, unless the reader knows whom it is about.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, exists, or_, select, true

from acclimate.annotation.assignments import READING, SKIPPED, SkipReason, may_see, same_item
from acclimate.annotation.people import require_role
from acclimate.annotation.review import CHECKING
from acclimate.annotation.schema import LabelSchema
from acclimate.annotation.schema_history import Change, changes, lift
from acclimate.annotation.store import CURRENT, Store
from acclimate.annotation.tables import answers, assignments, items
from acclimate.annotation.task_settings import TRAINING
from acclimate.annotation.tasks import current_schema, require_task


@dataclass(frozen=True)
class Training:
    """How far a person is: gold items answered or skipped (whom they know left out), how many of the last `wanted` of them
    were right, and whether they passed."""

    person: str
    read: int
    right: int
    wanted: int
    passed: bool


def training_of(connection: Connection, task: Row[Any], person: str) -> Training | None:
    """How far a person is who must be trained before they read; None where the task trains nobody, or they read in it already."""
    if not task.training or _has_read(connection, task.name, person):
        return None
    return _training(task, person, _answered(connection, task, person).get(person, ()))


def trainings(store: Store, task: str, *, by: str) -> Sequence[Training]:
    """How far everybody is who answered in training at the sites of whoever asks, by name."""
    with store.read() as connection:
        visible = may_see(require_role(connection, by, *CHECKING), *CHECKING)
        row = require_task(connection, task)
        found = sorted(_answered(connection, row, visible=visible).items()) if row.training else ()
        return [_training(row, person, right, has_read=_has_read(connection, task, person)) for person, right in found]


def _training(task: Row[Any], person: str, right: Sequence[bool], *, has_read: bool = False) -> Training:
    last = sum(right[-task.training :])
    passed = has_read or (len(right) >= task.training and 100 * last >= task.training_percent * task.training)
    return Training(person, len(right), last, task.training, passed)


def _answered(
    connection: Connection, task: Row[Any], person: str | None = None, *, visible: Any = None
) -> dict[str, list[bool]]:
    """By person, whether each answer given in training is the gold one, in their order; skipped items are not."""
    given = assignments.c
    trained = (given.task == task.name) & (given.purpose == TRAINING) & items.c.gold.is_not(None)
    if person is not None:
        trained &= given.person == person
    answer = and_(
        answers.c.task == given.task,
        answers.c.item == given.item,
        answers.c.person == given.person,
        answers.c.purpose == TRAINING,
        answers.c.state == CURRENT,
    )
    skipped = (given.state == SKIPPED) & (given.reason != SkipReason.KNOWS_THE_PERSON)
    query = (
        select(given.person, answers.c.content, answers.c.schema_version, items.c.gold)
        .join(items, same_item())
        .outerjoin(answers, answer)
        .where(trained, or_(answers.c.number.is_not(None), skipped), true() if visible is None else visible)
        .order_by(given.leased_at, answers.c.number, given.item)
    )
    rows = connection.execute(query).all()
    if not rows:
        return {}
    schema, since = current_schema(connection, task.name), changes(connection, task.name)
    found: dict[str, list[bool]] = defaultdict(list)
    for row in rows:
        found[row.person].append(_is_right(schema, since, row))
    return found


def _is_right(schema: LabelSchema, since: Sequence[Change], row: Any) -> bool:
    if row.content is None:
        return False
    return schema.compared(lift(since, row.schema_version, row.content)) == schema.compared(row.gold)


def _has_read(connection: Connection, task: str, person: str) -> bool:
    mine = (answers.c.task == task) & (answers.c.person == person) & (answers.c.purpose == READING)
    return bool(connection.scalar(select(exists().where(mine))))
