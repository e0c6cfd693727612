"""What follows the readings: a third person decides where readers differ, and managers see how work and people do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, exists, select

from acclimate.annotation.assignments import (
    ADJUDICATION,
    LEASED,
    READING,
    SEEN,
    SKIPPED,
    WORKING,
    Lease,
    assignment_of,
    give_lease,
    item_row,
    live,
    may_see,
    require_visible,
    same_item,
    save_assignment,
)
from acclimate.annotation.people import RefusedError, Role, require_role
from acclimate.annotation.schema import Answer
from acclimate.annotation.schema_history import GivenAnswer, standing_answers
from acclimate.annotation.store import Store, moment
from acclimate.annotation.tables import answers, assignments, items
from acclimate.annotation.tasks import current_schema, guideline_version, require_task
from acclimate.core.reinclusion import id_digest

CHECKING = (Role.OWNER, Role.MANAGER, Role.REVIEWER, Role.APPROVER, Role.AUDITOR)
"""Who may see what others answered, at their sites."""


@dataclass(frozen=True)
class Dispute:
    """An item whose readers differ, for one who has not read it. The readings come without names."""

    lease: Lease
    readings: tuple[Answer, ...]


@dataclass(frozen=True)
class Progress:
    """How many items of a task are in which state (docs/concepts/annotation.md); gold items are not counted."""

    waiting: int
    under_way: int
    agreed: int
    disputed: int
    decided: int
    skips: int


@dataclass(frozen=True)
class ReaderRecord:
    """How one person does: readings, the middle of the seconds they took, skips, and gold items answered right."""

    person: str
    readings: int
    median_seconds: float
    skips: int
    gold_read: int
    gold_right: int


def next_dispute(store: Store, task: str, reviewer: str) -> Dispute | None:
    """The disputed item this reviewer holds, else another that they did not read; the decision comes by `submit`."""
    with store.write() as transaction:
        connection = transaction.connection
        person = require_role(connection, reviewer, Role.REVIEWER)
        require_task(connection, task)
        mine = assignments.c.person == reviewer
        decides = (assignments.c.purpose == ADJUDICATION) & live(moment(transaction.now))
        holds = exists().where(same_item(), mine, decides).correlate(items)
        others = exists().where(same_item(), ~mine, decides).correlate(items)
        skipped = exists().where(same_item(), mine, assignments.c.state == SKIPPED).correlate(items)
        same_task = (answers.c.task == items.c.task) & (answers.c.item == items.c.id)
        # Also a reading that was taken back bars from deciding on the others.
        read = exists().where(same_task, answers.c.person == reviewer, answers.c.purpose == READING).correlate(items)
        query = (
            select(items)
            .where(items.c.task == task, items.c.disputed, ~items.c.decided, may_see(person, *WORKING[ADJUDICATION]))
            .where(~others, ~skipped, ~read)
            .order_by(holds.desc(), items.c.priority.desc(), items.c.position)
            .limit(1)
        )
        row = connection.execute(query).first()
        if row is None:
            return None
        lease = give_lease(transaction, row, reviewer, ADJUDICATION)
        given = [answer for answer in standing_answers(connection, task, item=row.id) if answer.purpose == READING]
        return Dispute(lease, tuple(answer.content for answer in given))


def answers_to(store: Store, task: str, item: str, viewer: str) -> Sequence[GivenAnswer]:
    """All answers to an item, for those who check. Who sees them before reading the item will not be asked to read it.

    Raises RefusedError for annotators without a checking role, for items of other sites, and for a reader who holds it.
    """
    with store.write() as transaction:
        connection = transaction.connection
        person = require_role(connection, viewer, *CHECKING)
        row = item_row(connection, task, item)
        require_visible(row, person, *CHECKING)
        held = assignment_of(connection, task, item, viewer)
        if held is not None and held.state == LEASED and held.purpose == READING:
            raise RefusedError(f"{viewer} is reading item {item}.", hint="answer or skip it first")
        values: dict[str, Any] = {"seen": True}
        if held is None:
            now, version = moment(transaction.now), guideline_version(connection, task)
            values |= {"purpose": READING, "state": SEEN, "leased_at": now, "expires_at": now}
            values |= {"guideline_version": version}
        save_assignment(connection, row, viewer, values)
        transaction.append(viewer, "answers seen", task=task, item=id_digest(item))
        return tuple(standing_answers(connection, task, item=item))


def own_answers(store: Store, task: str, person: str) -> Sequence[GivenAnswer]:
    """What a person answered themselves, oldest first."""
    with store.read() as connection:
        require_role(connection, person, *Role)
        return tuple(standing_answers(connection, task, person=person))


def progress(store: Store, task: str, *, by: str) -> Progress:
    """How far a task is, at the sites of whoever asks."""
    with store.read() as connection:
        visible = may_see(require_role(connection, by, *CHECKING), *CHECKING)
        held_now = select(assignments.c.item).where(
            assignments.c.task == task, assignments.c.purpose == READING, live(moment(store.clock()))
        )
        held = set(connection.scalars(held_now))
        columns = (items.c.id, items.c.read, items.c.done, items.c.disputed, items.c.decided)
        rows = connection.execute(select(*columns).where(items.c.task == task, items.c.gold.is_(None), visible))
        states = Counter(_state(row, under_way=row.id in held) for row in rows)
        skips = len(_skippers(connection, task, visible))
    names = ("waiting", "under_way", "agreed", "disputed", "decided")
    return Progress(**{name: states[name] for name in names}, skips=skips)


def reader_records(store: Store, task: str, *, by: str) -> Sequence[ReaderRecord]:
    """How each person does who read or skipped anything at the sites of whoever asks, by name.

    Gold is right where it agrees on what is compared.
    """
    with store.read() as connection:
        visible = may_see(require_role(connection, by, *CHECKING), *CHECKING)
        schema = current_schema(connection, task)
        gold_rows = connection.execute(
            select(items.c.id, items.c.gold).where(items.c.task == task, items.c.gold.is_not(None))
        )
        gold = {row.id: schema.compared(row.gold) for row in gold_rows}
        standing = standing_answers(connection, task, of_items=visible)
        given = [answer for answer in standing if answer.purpose == READING]
        skips = Counter(_skippers(connection, task, visible))
    found = []
    for person in sorted({answer.person for answer in given} | skips.keys()):
        own = [answer for answer in given if answer.person == person]
        of_gold = [answer for answer in own if answer.item in gold]
        right = sum(schema.compared(answer.content) == gold[answer.item] for answer in of_gold)
        seconds = median(answer.seconds for answer in own) if own else 0.0
        found.append(ReaderRecord(person, len(own), seconds, skips[person], len(of_gold), right))
    return found


def _skippers(connection: Connection, task: str, visible: ColumnElement[bool]) -> Sequence[str]:
    """Who skipped, once for each item they skipped."""
    skipped = (assignments.c.task == task) & (assignments.c.state == SKIPPED)
    return connection.scalars(select(assignments.c.person).join(items, same_item()).where(skipped, visible)).all()


def _state(row: Row[*tuple[Any, ...]], *, under_way: bool) -> str:
    if row.decided:
        return "decided"
    if row.disputed:
        return "disputed"
    if row.done:
        return "agreed"
    return "under_way" if under_way or row.read else "waiting"
