"""What follows the readings: a third person decides where readers differ, and managers see how work and people do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, exists, select

from acclimate.annotation.assignments import (
    ADJUDICATION,
    BULK,
    LEASED,
    READING,
    SKIPPED,
    WORKING,
    Lease,
    assignment_of,
    give_lease,
    item_row,
    live,
    may_see,
    note_seen,
    require_visible,
    same_item,
)
from acclimate.annotation.people import RefusedError, Role, require_role
from acclimate.annotation.schema import Answer, LabelSchema
from acclimate.annotation.schema_history import GivenAnswer, standing_answers
from acclimate.annotation.settled import settled_value, undecided
from acclimate.annotation.store import Store, moment
from acclimate.annotation.study.blinding import require_unblinded
from acclimate.annotation.tables import answers, assignments, checks, items
from acclimate.annotation.task_settings import TRAINING
from acclimate.annotation.tasks import current_schema, require_task

ACCEPTED = "accepted"
"""The verdict of whoever checked a reading and found it right."""
CHECKING = (Role.OWNER, Role.MANAGER, Role.REVIEWER, Role.APPROVER, Role.AUDITOR)
"""Who may see what others answered, at their sites."""


@dataclass(frozen=True)
class Dispute:
    """An item whose readers differ, for one who has not read it. The readings come without names."""

    lease: Lease
    readings: tuple[Answer, ...]


@dataclass(frozen=True)
class SeenItem:
    """The row of an item, and the answers to it that stand."""

    row: Row[Any]
    answers: Sequence[GivenAnswer]


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
    """How one person does: readings, the middle of the seconds they took, skips, and how many were right.

    `settled` counts readings of items on which more than half of several readers agree or that were decided, `checked`
    those that a reviewer judged.
    """

    person: str
    readings: int
    median_seconds: float
    skips: int
    gold_read: int
    gold_right: int
    settled: int = 0
    settled_right: int = 0
    checked: int = 0
    checked_right: int = 0
    hours: float = 0.0


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
    """All answers to an item, for those who check; so for `seen_item`."""
    return seen_item(store, task, item, viewer).answers


def seen_item(store: Store, task: str, item: str, viewer: str) -> SeenItem:
    """An item with its answers. Who sees them before reading the item will not be asked to read it.

    Raises RefusedError for annotators without a checking role, for items of other sites, for a reader who holds it,
    and for a blind study that is not closed.
    """
    with store.write() as transaction:
        connection = transaction.connection
        person = require_role(connection, viewer, *CHECKING)
        require_unblinded(connection, task)
        row = item_row(connection, task, item)
        require_visible(row, person, *CHECKING)
        held = assignment_of(connection, task, item, viewer)
        if held is not None and held.state == LEASED and held.purpose in (READING, TRAINING):
            raise RefusedError(f"{viewer} is reading item {item}.", hint="answer or skip it first")
        note_seen(transaction, row, viewer)
        return SeenItem(row, tuple(standing_answers(connection, task, item=item)))


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
        standing = list(standing_answers(connection, task, of_items=visible))
        skips = Counter(_skippers(connection, task, visible))
        verdicts = _verdicts(connection, task, visible)
    # What was accepted in bulk nobody read, so it says nothing of who did.
    truth = _settled(schema, [given for given in standing if given.item not in gold and given.purpose != BULK])
    by_person: dict[str, list[GivenAnswer]] = {}
    for answer in standing:
        if answer.purpose == READING:
            by_person.setdefault(answer.person, []).append(answer)
    found = []
    for person in sorted(by_person.keys() | skips.keys() | {person for person, _ in verdicts}):
        own = by_person.get(person, [])
        seconds = [answer.seconds for answer in own]
        of_gold, of_truth = _right(schema, own, gold), _right(schema, own, truth)
        judged = sum(count for (name, _), count in verdicts.items() if name == person)
        found.append(
            ReaderRecord(
                person,
                readings=len(own),
                median_seconds=median(seconds) if seconds else 0.0,
                skips=skips[person],
                gold_read=len(of_gold),
                gold_right=sum(of_gold),
                settled=len(of_truth),
                settled_right=sum(of_truth),
                checked=judged,
                checked_right=verdicts[person, ACCEPTED],
                hours=sum(seconds) / 3600,
            )
        )
    return found


def _skippers(connection: Connection, task: str, visible: ColumnElement[bool]) -> Sequence[str]:
    """Who skipped, once for each item they skipped."""
    skipped = (assignments.c.task == task) & (assignments.c.state == SKIPPED)
    return connection.scalars(select(assignments.c.person).join(items, same_item()).where(skipped, visible)).all()


def _verdicts(connection: Connection, task: str, visible: ColumnElement[bool]) -> Counter[tuple[str, str]]:
    """How often a reviewer gave readings of a person this verdict, by person and verdict."""
    judged = select(answers.c.person, checks.c.verdict).join(checks, checks.c.answer == answers.c.number)
    judged = judged.join(items, (items.c.task == answers.c.task) & (items.c.id == answers.c.item)).where(visible)
    rows = connection.execute(judged.where(answers.c.task == task, checks.c.verdict.is_not(None)))
    return Counter((row.person, row.verdict) for row in rows)


def _right(schema: LabelSchema, given: Sequence[GivenAnswer], known: Mapping[str, str]) -> list[bool]:
    """Whether each answer to an item that is known is the known one."""
    return [schema.compared(answer.content) == known[answer.item] for answer in given if answer.item in known]


def _settled(schema: LabelSchema, given: Sequence[GivenAnswer]) -> dict[str, str]:
    """By item, what counts as its answer, as answers are compared; items with one reader and no decision are left out."""
    by_item: dict[str, list[GivenAnswer]] = {}
    for answer in given:
        by_item.setdefault(answer.item, []).append(answer)
    return {
        item: schema.compared({question.name: settled_value(question, said) for question in schema.questions})
        for item, said in by_item.items()
        if (len(said) > 1 or said[0].purpose == ADJUDICATION) and not undecided(schema, said)
    }


def _state(row: Row[*tuple[Any, ...]], *, under_way: bool) -> str:
    if row.decided:
        return "decided"
    if row.disputed:
        return "disputed"
    if row.done:
        return "agreed"
    return "under_way" if under_way or row.read else "waiting"
