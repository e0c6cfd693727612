"""Readings checked by a second person, one after the other: accepted, corrected, or returned with a comment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, exists, or_, select, update

from acclimate.annotation.answering import Receipt, Submission, keep_answer, kept_before, require_plain, require_valid
from acclimate.annotation.assignments import (
    ADJUDICATION,
    READING,
    Lease,
    companions,
    item_row,
    live,
    may_see,
    note_seen,
    refresh_item,
    require_visible,
    same_item,
    shown_item,
    take_back,
)
from acclimate.annotation.batches import (
    OPEN,
    SCREENING,
    Batch,
    decisions_on,
    drawn_readings,
    require_comment,
    send_back,
    settle,
)
from acclimate.annotation.people import Person, RefusedError, Role, person_named, require_role
from acclimate.annotation.review import ACCEPTED
from acclimate.annotation.schema_history import changes, lift
from acclimate.annotation.store import CORRECTED, CURRENT, RETURNED, Store, Transaction, moment
from acclimate.annotation.tables import answers, assignments, batches, checks, items
from acclimate.annotation.tasks import current_schema, guideline_version, require_task
from acclimate.core.errors import DataError
from acclimate.core.reinclusion import id_digest

CHECK = "check"
"""The purpose for which a reviewer sees an item whose reading they check."""


@dataclass(frozen=True)
class Check:
    """A reading shown to somebody who did not give it, as the lease's `before`; whose it is stays unsaid."""

    answer: int
    lease: Lease
    batch: Batch


def next_check(store: Store, task: str, checker: str) -> Check | None:
    """The reading this reviewer is checking, else the next one of an open batch; None where nothing is left for them.

    It is of an item of their sites that they did not read, and that they will not be asked to read.
    """
    with store.write() as transaction:
        connection = transaction.connection
        person = require_role(connection, checker, Role.REVIEWER)
        require_task(connection, task)
        at_work = (batches.c.task == task) & batches.c.state.in_([OPEN, SCREENING])
        for number in connection.scalars(select(batches.c.number).where(at_work).order_by(batches.c.number)).all():
            batch = settle(transaction, task, number, by=checker)
            row = _next_reading(transaction, batch, person, task) if batch.state in (OPEN, SCREENING) else None
            if row is not None:
                return Check(row.answer, _shown(transaction, row, checker), batch)
        return None


def accept(store: Store, task: str, answer: int, checker: str) -> None:
    """Says that a reading is right. Saying it twice changes nothing; so for all verdicts."""
    with store.write() as transaction:
        held = _held(transaction, task, answer, checker, verdict=ACCEPTED)
        if held is not None:
            _judge(transaction, held, ACCEPTED)


def return_to_reader(store: Store, task: str, answer: int, checker: str, *, comment: str) -> None:
    """Takes a reading back, with the decision on its item, and gives the item to its reader again with the comment."""
    require_comment(comment)
    with store.write() as transaction:
        held = _held(transaction, task, answer, checker, verdict=RETURNED)
        if held is not None:
            send_back(transaction, held, comment, by=checker)
            _judge(transaction, held, RETURNED, comment=comment)


def correct(store: Store, answer: int, submission: Submission) -> Receipt:
    """Makes the reviewer's answer the decision on the item, in place of an earlier one; the reading itself stays."""
    require_plain(submission)
    task, checker = submission.task, submission.person
    with store.write() as transaction:
        connection = transaction.connection
        held = _held(transaction, task, answer, checker, verdict=CORRECTED)
        earlier = kept_before(connection, submission)
        if held is None or earlier is not None:
            return Receipt(earlier or answer, repeated=True)
        if submission.item != held.item:
            raise DataError(f"Answer {answer} is not one to item {submission.item}.", hint="load the page again")
        row, schema = item_row(connection, task, held.item), current_schema(connection, task)
        require_valid(connection, row, schema, submission)
        decisions = decisions_on(connection, row)
        if decisions:
            take_back(transaction, row, decisions, CORRECTED, by=checker)
        version = guideline_version(connection, task)
        number = keep_answer(transaction, submission, schema, purpose=ADJUDICATION, guideline_version=version)
        refresh_item(connection, row, schema)
        _judge(transaction, held, CORRECTED)
        return Receipt(number)


def _next_reading(transaction: Transaction, batch: Batch, person: Person, task: str) -> Row[Any] | None:
    """What the checker holds of a batch, or else takes now."""
    now = moment(transaction.now)
    mine = (checks.c.checker == person.name) & (checks.c.held_until > now)
    free = or_(checks.c.checker.is_(None), checks.c.held_until <= now, mine)
    own = (answers.c.task == items.c.task) & (answers.c.item == items.c.id) & (answers.c.person == person.name)
    read = exists().where(own, answers.c.purpose == READING).correlate(items)
    of_reader = (assignments.c.person == person.name) & (assignments.c.purpose == READING)
    reading = exists().where(same_item(), of_reader, live(now)).correlate(items)
    given = answers.alias()
    of_answer = (items.c.task == given.c.task) & (items.c.id == given.c.item)
    query = (
        select(items, checks.c.answer, given.c.content, given.c.schema_version)
        .select_from(checks)
        .join(given, given.c.number == checks.c.answer)
        .join(items, of_answer)
        .where(checks.c.answer.in_(drawn_readings(batch)), checks.c.verdict.is_(None), free)
        .where(given.c.state == CURRENT, given.c.person != person.name, may_see(person, Role.REVIEWER), ~read, ~reading)
        .order_by(mine.desc(), checks.c.place)
        .limit(1)
    )
    row = transaction.connection.execute(query).first()
    if row is not None:
        minutes = require_task(transaction.connection, task).lease_minutes
        held = {"checker": person.name, "held_until": moment(transaction.now + timedelta(minutes=minutes))}
        transaction.connection.execute(update(checks).where(checks.c.answer == row.answer).values(**held))
    return row


def _shown(transaction: Transaction, row: Row[Any], checker: str) -> Lease:
    connection = transaction.connection
    note_seen(transaction, row, checker)
    return shown_item(
        row,
        checker,
        CHECK,
        schema=current_schema(connection, row.task),
        guideline_version=guideline_version(connection, row.task),
        expires_at=moment(transaction.now),
        before=lift(changes(connection, row.task), row.schema_version, row.content),
        beside=companions(connection, [row], person_named(connection, checker), ADJUDICATION).get(row.id, ()),
    )


def _held(transaction: Transaction, task: str, answer: int, checker: str, *, verdict: str) -> Row[Any] | None:
    """The answer that this reviewer checks; None where they gave it this verdict before."""
    connection = transaction.connection
    person = require_role(connection, checker, Role.REVIEWER)
    query = select(answers, checks.c.batch, checks.c.verdict, checks.c.checker)
    query = query.join(checks, checks.c.answer == answers.c.number)
    held = connection.execute(query.where(answers.c.task == task, answers.c.number == answer)).first()
    if held is None or held.checker != checker:
        raise RefusedError(f"Answer {answer} is not with {checker} to be checked.", hint="ask for the next one")
    require_visible(item_row(connection, task, held.item), person, Role.REVIEWER)
    if held.verdict == verdict:
        return None
    if held.verdict is not None:
        raise RefusedError(f"Answer {answer} was {held.verdict} before.", hint="ask for the next one")
    if held.state != CURRENT:
        raise RefusedError(f"Answer {answer} was taken back meanwhile.", hint="ask for the next one")
    return held


def _judge(transaction: Transaction, held: Row[Any], verdict: str, *, comment: str | None = None) -> None:
    said = {"verdict": verdict, "comment": comment}
    transaction.connection.execute(update(checks).where(checks.c.answer == held.number).values(**said))
    place = {"task": held.task, "item": id_digest(held.item), "answer": held.number}
    transaction.append(held.checker, "checked", **place, verdict=verdict)
    settle(transaction, held.task, held.batch, by=held.checker)
