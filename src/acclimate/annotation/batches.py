"""Batches of readings to check: all of them, or a random sample that decides whether the batch passes or goes back."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, insert, or_, select, update

from acclimate.annotation.assignments import ADJUDICATION, READING, hand_back, item_row, may_see, take_back
from acclimate.annotation.items import unit_draw
from acclimate.annotation.people import RefusedError, Role, require_every_site, require_role
from acclimate.annotation.review import ACCEPTED, CHECKING
from acclimate.annotation.sampling_plan import acceptance_plan
from acclimate.annotation.schema_history import standing_answers
from acclimate.annotation.store import CORRECTED, CURRENT, RETURNED, Store, Transaction
from acclimate.annotation.study.blinding import require_unblinded
from acclimate.annotation.tables import answers, batches, checks, events, items
from acclimate.annotation.tasks import require_task
from acclimate.core.errors import DataError

OPEN, CHECKED, PASSED, FAILED, SCREENING = "open", "checked", "passed", "failed", "screening"
"""States of a batch. One of which all is checked ends as checked; one that failed is screened, or returned whole."""
MAX_COMMENT = 2000
DRAWING = (Role.MANAGER, Role.REVIEWER)
"""Who draws batches, of the items of their sites."""
_OF_ITEM = (items.c.task == answers.c.task) & (items.c.id == answers.c.item)


@dataclass(frozen=True)
class Rates:
    """The share of wrong readings with which a batch should pass, and the one with which it should not."""

    acceptable: float
    unacceptable: float


@dataclass(frozen=True)
class Batch:
    """Readings to check: `sample` of `size`. `pass_at` is how many errors pass; None where all are checked.

    A verdict is accepted, corrected or returned; the last two are errors of the reader.
    """

    number: int
    size: int
    sample: int
    pass_at: int | None
    state: str
    accepted: int = 0
    corrected: int = 0
    returned: int = 0

    @property
    def checked(self) -> int:
        """How many have a verdict."""
        return self.accepted + self.errors

    @property
    def errors(self) -> int:
        """How many were wrong."""
        return self.corrected + self.returned


def start_batch(store: Store, task: str, *, reader: str | None, rates: Rates | None, by: str) -> Batch:
    """Draws a batch of all that was in none before, of one reader or of everybody, at the sites of whoever draws it.

    With rates a sample decides on it (`acceptance_plan`), else all are checked. Which readings are drawn follows from
    the digest of the event that draws them: nobody foresees it, and anybody can do it again. Raises DataError where
    there is nothing to check, RefusedError for a blind study that is not closed.
    """
    with store.write() as transaction:
        connection = transaction.connection
        person = require_role(connection, by, *DRAWING)
        require_task(connection, task)
        require_unblinded(connection, task)
        numbers = _in_no_batch(connection, task, reader, may_see(person, *DRAWING))
        if not numbers:
            raise DataError("There is no reading that was not in a batch before.", hint="wait until more was read")
        sample, pass_at = len(numbers), None
        if rates is not None:
            plan = acceptance_plan(acceptable=rates.acceptable, unacceptable=rates.unacceptable, batch=len(numbers))
            sample, pass_at = plan.check, plan.pass_at
        drawn = {"size": len(numbers), "sample": sample, "pass_at": pass_at}
        number = transaction.append(by, "batch drawn", task=task, reader=reader, **drawn)
        draw = connection.scalar(select(events.c.digest).where(events.c.number == number)) or ""
        connection.execute(insert(batches).values(number=number, task=task, state=OPEN, **drawn))
        order = sorted(numbers, key=lambda answer: unit_draw(draw, str(answer)))
        rows = [{"answer": answer, "batch": number, "place": place} for place, answer in enumerate(order)]
        connection.execute(insert(checks), rows)
        return read_batch(connection, task, number)


def batches_of(store: Store, task: str, *, by: str) -> list[Batch]:
    """The batches of a task in which there is a reading that one may see, newest first."""
    with store.read() as connection:
        person = require_role(connection, by, *CHECKING)
        held = select(checks.c.answer).join(answers, answers.c.number == checks.c.answer).join(items, _OF_ITEM)
        seen = held.where(checks.c.batch == batches.c.number, may_see(person, *CHECKING)).correlate(batches).exists()
        numbers = select(batches.c.number).where(batches.c.task == task, seen).order_by(batches.c.number.desc())
        return [read_batch(connection, task, number) for number in connection.scalars(numbers).all()]


def screen_batch(store: Store, task: str, number: int, *, by: str) -> None:
    """Has the rest of a failed batch checked too."""
    with store.write() as transaction:
        batch = _failed_batch(transaction.connection, task, number, by)
        _change(transaction.connection, number, state=SCREENING, sample=batch.size)
        transaction.append(by, "batch to be screened", task=task, batch=number)


def return_batch(store: Store, task: str, number: int, *, comment: str, by: str) -> int:
    """Returns what has no verdict in a failed batch to its readers, to be read again; returns how many readings."""
    require_comment(comment)
    with store.write() as transaction:
        connection = transaction.connection
        _failed_batch(connection, task, number, by)
        unchecked = select(answers).join(checks, checks.c.answer == answers.c.number)
        unchecked = unchecked.where(checks.c.batch == number, checks.c.verdict.is_(None), answers.c.state == CURRENT)
        rows = connection.execute(unchecked.order_by(answers.c.number)).all()
        for row in rows:
            send_back(transaction, row, comment, by=by)
        _change(connection, number, state=RETURNED)
        transaction.append(by, "batch returned", task=task, batch=number, readings=len(rows))
        return len(rows)


def read_batch(connection: Connection, task: str, number: int) -> Batch:
    """A batch with its verdicts so far; raises DataError where there is none."""
    row = connection.execute(select(batches).where(batches.c.task == task, batches.c.number == number)).first()
    if row is None:
        raise DataError(f"The task {task!r} has no batch {number}.", hint="load the page again")
    verdicts = Counter(connection.scalars(select(checks.c.verdict).where(checks.c.batch == number)))
    counted = {name: verdicts[name] for name in (ACCEPTED, CORRECTED, RETURNED)}
    return Batch(row.number, row.size, row.sample, row.pass_at, row.state, **counted)


def drawn_readings(batch: Batch) -> Select[Any]:
    """The numbers of the answers to check; what its author took back meanwhile is replaced by what was drawn next."""
    there = or_(answers.c.state == CURRENT, checks.c.verdict.is_not(None))
    query = select(checks.c.answer).join(answers, answers.c.number == checks.c.answer)
    return (
        query.where(checks.c.batch == batch.number, there).order_by(checks.c.place).limit(batch.sample).correlate(None)
    )


def settle(transaction: Transaction, task: str, number: int, *, by: str) -> Batch:
    """Ends a batch whose verdicts decide on it: with one error too many at once, else when all drawn are checked."""
    connection = transaction.connection
    batch = read_batch(connection, task, number)
    if batch.state == OPEN and batch.pass_at is not None and batch.errors > batch.pass_at:
        state = FAILED
    elif batch.state in (OPEN, SCREENING) and not _left(connection, batch):
        state = CHECKED if batch.pass_at is None or batch.state == SCREENING else PASSED
    else:
        return batch
    _change(connection, number, state=state)
    transaction.append(by, f"batch {state}", task=task, batch=number, checked=batch.checked, errors=batch.errors)
    return read_batch(connection, task, number)


def send_back(transaction: Transaction, answer: Row[Any], comment: str, *, by: str) -> None:
    """Takes a reading back, with the decisions on its item, and gives the item to its reader again."""
    row = item_row(transaction.connection, answer.task, answer.item)
    taken = [answer.number, *decisions_on(transaction.connection, row)]
    take_back(transaction, row, taken, RETURNED, by=by)
    hand_back(transaction, row, answer.person, comment)


def decisions_on(connection: Connection, row: Row[Any]) -> list[int]:
    """The numbers of the decisions that stand on an item."""
    given = standing_answers(connection, row.task, item=row.id)
    return [answer.number for answer in given if answer.purpose == ADJUDICATION]


def require_comment(comment: str) -> None:
    """Raises DataError for a comment that says nothing or too much."""
    if not comment.strip() or len(comment) > MAX_COMMENT:
        raise DataError(
            "What is returned needs a comment.", hint=f"say in up to {MAX_COMMENT} characters what is wrong"
        )


def _left(connection: Connection, batch: Batch) -> bool:
    open_checks = select(checks.c.answer).where(checks.c.answer.in_(drawn_readings(batch)), checks.c.verdict.is_(None))
    return connection.execute(open_checks.limit(1)).first() is not None


def _in_no_batch(connection: Connection, task: str, reader: str | None, visible: ColumnElement[bool]) -> list[int]:
    query = (
        select(answers.c.number)
        .join(items, _OF_ITEM)
        .outerjoin(checks, checks.c.answer == answers.c.number)
        .where(answers.c.task == task, answers.c.state == CURRENT, answers.c.purpose == READING)
        .where(items.c.gold.is_(None), checks.c.answer.is_(None), visible)
    )
    if reader is not None:
        query = query.where(answers.c.person == reader)
    return list(connection.scalars(query))


def _failed_batch(connection: Connection, task: str, number: int, by: str) -> Batch:
    require_every_site(connection, by, Role.MANAGER)
    batch = read_batch(connection, task, number)
    if batch.state != FAILED:
        raise RefusedError(
            f"The batch {number} is {batch.state}, so there is nothing to do about it.", hint="load the page again"
        )
    return batch


def _change(connection: Connection, number: int, **values: Any) -> None:
    connection.execute(update(batches).where(batches.c.number == number).values(**values))
