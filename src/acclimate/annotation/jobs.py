"""Work that takes longer than a request: asked for on a page, done beside the serving, and taken up again after a kill.

Whoever does a job holds it for a minute at a time and renews that. When the minute has run out, since its server was
killed, it is done again from its beginning, by whichever server sees it first: every kind of job may be done twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, or_, select, update

from acclimate.annotation.people import SYSTEM
from acclimate.annotation.store import Store, Transaction, moment
from acclimate.annotation.tables import jobs

HELD_SECONDS = 60
MOST_TRIES = 3
FAULT, HINT = "fault", "hint"
"""What an ended job says where it could not be done: why, and what to do."""
_OPEN = jobs.c.ended_at.is_(None)
_SHOWN = 5


@dataclass(frozen=True)
class Job:
    """A job of a task: who asked for it when, with what; `said` is what came of it, None while it has not ended."""

    number: int
    task: str
    kind: str
    person: str
    at: str
    given: Mapping[str, Any]
    is_held: bool
    said: Mapping[str, Any] | None


def ask(
    transaction: Transaction,
    task: str,
    kind: str,
    given: Mapping[str, Any],
    *,
    about: Mapping[str, Any] | None = None,
    by: str,
) -> int:
    """Has a job done soon; the event holds what it is `about`, and nothing of what it is given."""
    number = transaction.append(by, "work asked for", task=task, kind=kind, **(about or {}))
    told = {"task": task, "kind": kind, "person": by, "given": dict(given), "at": moment(transaction.now)}
    transaction.connection.execute(insert(jobs).values(number=number, tries=0, **told))
    return number


def claim(store: Store) -> Job | None:
    """The oldest job that nobody does, held from now on; None where there is none.

    One that was begun three times and never ended is given up.
    """
    with store.read() as connection:
        if connection.scalar(select(jobs.c.number).where(_free(moment(store.clock()))).limit(1)) is None:
            return None
    with store.write() as transaction:
        connection = transaction.connection
        while row := connection.execute(
            select(jobs).where(_free(moment(transaction.now))).order_by(jobs.c.number).limit(1)
        ).first():
            if row.tries < MOST_TRIES:
                held = {"tries": row.tries + 1, "held_until": _held_until(transaction)}
                connection.execute(update(jobs).where(jobs.c.number == row.number).values(**held))
                return _job(row, moment(transaction.now))
            why = f"It was begun {MOST_TRIES} times and ended each time before it was done."
            _end(transaction, row, {FAULT: why, HINT: "see whether the memory suffices, then ask for it again"})
    return None


def held_job(store: Store, number: int) -> Job | None:
    """A job with what it was given; None where it has ended meanwhile."""
    with store.read() as connection:
        row = connection.execute(select(jobs).where(jobs.c.number == number, _OPEN)).first()
    return None if row is None else _job(row, moment(store.clock()))


def renew(store: Store, number: int) -> None:
    """Holds a job on."""
    with store.write() as transaction:
        place = (jobs.c.number == number) & _OPEN
        transaction.connection.execute(update(jobs).where(place).values(held_until=_held_until(transaction)))


def give_back(store: Store, number: int) -> None:
    """Lets a job that did not fail be done by another, or later: it was interrupted on purpose."""
    with store.write() as transaction:
        place = (jobs.c.number == number) & _OPEN
        transaction.connection.execute(update(jobs).where(place).values(held_until=None, tries=jobs.c.tries - 1))


def end(store: Store, number: int, said: Mapping[str, Any]) -> None:
    """Notes what came of a job, with an event, and forgets what it was given; nothing for one that has ended."""
    with store.write() as transaction:
        row = transaction.connection.execute(select(jobs).where(jobs.c.number == number, _OPEN)).first()
        if row is not None:
            _end(transaction, row, said)


def end_unfinished(transaction: Transaction, *, because: str) -> None:
    """Ends every job that has not ended, and forgets what it was given."""
    for row in transaction.connection.execute(select(jobs).where(_OPEN)).all():
        _end(transaction, row, {FAULT: because, HINT: "ask for it again"})


def newest_jobs(connection: Connection, task: str, *kinds: str, now: str, by: str = "") -> list[Job]:
    """The newest jobs of some kinds, the newest first; without what they were given; of one person where one is named."""
    wanted = (jobs.c.task == task) & jobs.c.kind.in_(kinds)
    query = select(*(column for column in jobs.c if column.name != "given")).where(wanted)
    if by:
        query = query.where(jobs.c.person == by)
    rows = connection.execute(query.order_by(jobs.c.number.desc()).limit(_SHOWN)).all()
    return [_job(row, now) for row in rows]


def is_open(connection: Connection, task: str, kind: str) -> bool:
    """Whether a job of a kind was asked for and has not ended."""
    place = (jobs.c.task == task) & (jobs.c.kind == kind) & _OPEN
    return connection.scalar(select(func.count()).select_from(jobs).where(place)) != 0


def _free(now: str) -> ColumnElement[bool]:
    return _OPEN & or_(jobs.c.held_until.is_(None), jobs.c.held_until <= now)


def _held_until(transaction: Transaction) -> str:
    return moment(transaction.now + timedelta(seconds=HELD_SECONDS))


def _end(transaction: Transaction, row: Row[Any], said: Mapping[str, Any]) -> None:
    ended = {"given": None, "held_until": None, "ended_at": moment(transaction.now), "said": dict(said)}
    transaction.connection.execute(update(jobs).where(jobs.c.number == row.number).values(**ended))
    transaction.append(SYSTEM, "work ended", task=row.task, job=row.number, said=dict(said))


def _job(row: Row[Any], now: str) -> Job:
    is_held = row.held_until is not None and row.held_until > now
    given = row._mapping.get("given") or {}
    return Job(row.number, row.task, row.kind, row.person, row.ended_at or row.at, given, is_held, row.said)
