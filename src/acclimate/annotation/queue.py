"""Who reads which item next, and the answers that come back.

An item is handed out under a lease. A lease that has run out is simply no longer counted; nothing has to clean up.
No function here shows a reader the answer of another, the arm behind a candidate, or which items are gold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, exists, func, insert, or_, select, update

from acclimate.annotation.people import Person, RefusedError, Role, require_role
from acclimate.annotation.schema import Answer, LabelSchema
from acclimate.annotation.schema_history import standing_answers
from acclimate.annotation.store import ANSWERED, CURRENT, DECIDED, WITHDRAWN, Store, Transaction, moment
from acclimate.annotation.tables import answers, assignments, items
from acclimate.annotation.tasks import PILOT, current_schema, guideline_version, require_task, subject_of, unit_draw
from acclimate.core.atomic import json_digest
from acclimate.core.errors import DataError

READING, ADJUDICATION = "reading", "adjudication"
LEASED, DONE, SKIPPED, SEEN = "leased", "done", "skipped", "seen"
"""States of an item for one person; `seen`: has seen others' answers, and so will not read it."""


class SkipReason(StrEnum):
    """Why an item was not answered."""

    UNCLEAR = "unclear"
    UNREADABLE = "unreadable"
    OUT_OF_SCOPE = "out_of_scope"
    KNOWS_THE_PERSON = "knows_the_person"
    OTHER = "other"


@dataclass(frozen=True)
class Candidate:
    """One of the outputs to compare, named by a key that says nothing of what made it."""

    key: str
    text: str


@dataclass(frozen=True)
class Lease:
    """An item that is this person's until `expires_at`."""

    task: str
    item: str
    purpose: str
    record: Mapping[str, Any]
    candidates: tuple[Candidate, ...]
    schema: LabelSchema
    guideline_version: int
    expires_at: str


@dataclass(frozen=True)
class Submission:
    """An answer as the page sends it. `token` is made by the page, once for each answer, and sent again in a retry."""

    task: str
    item: str
    person: str
    token: str
    answer: Answer
    seconds: float = 0.0
    """How long the person worked on the item."""


@dataclass(frozen=True)
class Receipt:
    """That an answer is kept. `repeated` says that it was already."""

    number: int
    repeated: bool = False


def next_item(store: Store, task: str, person: str) -> Lease | None:
    """The item this person holds, else a new one; None where nothing is left for them.

    Items come by priority, then in the order they were added; those of other sites or skills, and those with enough
    readings done or under way, do not come.
    """
    with store.write() as transaction:
        connection = transaction.connection
        reader = require_role(connection, person, Role.ANNOTATOR)
        settings = require_task(connection, task)
        now = moment(transaction.now)
        held = _held(connection, task, person, now)
        if held is not None:
            return _lease(connection, held, person)
        answered = _answered(connection, task, person)
        if reader.quota is not None and answered >= reader.quota:
            return None
        row = _next_gold(connection, settings, reader, answered) or _next_open(connection, settings, reader, now)
        if row is None:
            return None
        return give_lease(transaction, row, person, READING)


def submit(store: Store, submission: Submission) -> Receipt:
    """Keeps an answer to an item that the person holds; the same token again changes nothing and gives the same receipt.

    A lease that has run out still counts while the item wants a reading. Raises DataError for an answer that the
    schema does not allow, with every fault, and RefusedError where the item is not this person's.
    """
    with store.write() as transaction:
        connection = transaction.connection
        require_role(connection, submission.person, Role.ANNOTATOR, Role.REVIEWER)
        earlier = _by_token(connection, submission)
        if earlier is not None:
            return earlier
        held = _assignment(connection, submission.task, submission.item, submission.person)
        row = item_row(connection, submission.task, submission.item)
        _require_held(held, row, moment(transaction.now), connection)
        schema = current_schema(connection, submission.task)
        faults = schema.faults(submission.answer, subject_of(row, schema, connection))
        if faults:
            raise DataError(f"The answer to item {submission.item} is not valid: {' '.join(faults)}", hint="correct it")
        assert held is not None
        number = _keep(transaction, submission, held.purpose, schema)
        if held.purpose == ADJUDICATION:
            _update_item(connection, row, {"decided": True})
        else:
            refresh_item(connection, row, schema)
        return Receipt(number)


def skip(store: Store, task: str, item: str, person: str, *, reason: SkipReason, comment: str = "") -> None:
    """Gives an item back for good, with the reason; another person gets it. Skipping it again changes nothing."""
    with store.write() as transaction:
        connection = transaction.connection
        require_role(connection, person, Role.ANNOTATOR, Role.REVIEWER)
        held = _assignment(connection, task, item, person)
        if held is not None and held.state == SKIPPED:
            return
        if held is None or held.state != LEASED:
            raise RefusedError(
                f"Item {item} is not with {person}, so it cannot be skipped.", hint="ask for the next item"
            )
        connection.execute(
            update(assignments).where(_of(held)).values(state=SKIPPED, reason=str(reason), comment=comment)
        )
        transaction.append(person, "skipped", task=task, item=item, reason=str(reason))


def undo(store: Store, task: str, person: str, number: int) -> Lease:
    """Takes back this person's last answer, and gives the item to them again. Taking it back twice changes nothing.

    `number` is that of the answer's receipt. Raises RefusedError where it is not their last, or where its item was decided.
    """
    with store.write() as transaction:
        connection = transaction.connection
        require_role(connection, person, Role.ANNOTATOR, Role.REVIEWER)
        mine = (answers.c.task == task) & (answers.c.person == person)
        answer = connection.execute(select(answers).where(mine, answers.c.number == number)).first()
        last = connection.scalar(select(func.max(answers.c.number)).where(mine, answers.c.state == CURRENT))
        if answer is None or (answer.state == CURRENT and number != last):
            raise RefusedError(
                f"Answer {number} is not the last of {person}.", hint="only the last answer can be taken back"
            )
        row = item_row(connection, task, answer.item)
        if answer.state == CURRENT:
            if row.decided and answer.purpose == READING:
                raise RefusedError(f"Item {row.id} is decided, so its readings stay.", hint="tell the reviewer")
            take_back(transaction, row, [number], WITHDRAWN, by=person)
            return give_lease(transaction, row, person, answer.purpose)
        held = _held(connection, task, person, moment(transaction.now))
        if held is None or held.id != row.id:
            raise RefusedError(f"Answer {number} was taken back before.", hint="ask for the next item")
        return _lease(connection, held, person)


def take_back(transaction: Transaction, row: Row[Any], numbers: list[int], action: str, *, by: str) -> None:
    """Marks answers of one item as taken back by an action; the item can then be read by the same people again."""
    connection = transaction.connection
    taken = (answers.c.task == row.task) & answers.c.number.in_(numbers)
    persons = list(connection.scalars(select(answers.c.person).where(taken)))
    connection.execute(update(answers).where(taken).values(state=action))
    place = (assignments.c.task == row.task) & (assignments.c.item == row.id) & assignments.c.person.in_(persons)
    connection.execute(delete(assignments).where(place))
    transaction.append(by, action, task=row.task, item=row.id, taken_back=numbers)
    refresh_item(connection, row, current_schema(connection, row.task))


def give_lease(transaction: Transaction, row: Row[Any], person: str, purpose: str) -> Lease:
    """Makes an item this person's for as long as the task says; that they saw its record is an event."""
    connection = transaction.connection
    expires = transaction.now + timedelta(minutes=require_task(connection, row.task).lease_minutes)
    values = {"purpose": purpose, "state": LEASED, "leased_at": moment(transaction.now), "expires_at": moment(expires)}
    place = _place(row.task, row.id, person)
    if not connection.execute(update(assignments).where(place).values(values)).rowcount:
        connection.execute(insert(assignments).values(task=row.task, item=row.id, person=person, **values))
    transaction.append(person, "leased", task=row.task, item=row.id, purpose=purpose)
    held = _held(connection, row.task, person, moment(transaction.now), item=row.id)
    assert held is not None
    return _lease(connection, held, person)


def refresh_item(connection: Connection, row: Row[Any], schema: LabelSchema) -> None:
    """Brings what the item's row says of its answers in line with them."""
    found = list(standing_answers(connection, row.task, item=row.id))
    read = [schema.compared(answer.content) for answer in found if answer.purpose == READING]
    done = row.gold is None and len(read) >= row.wanted
    disputed = done and len(set(read)) > 1
    decided = any(answer.purpose == ADJUDICATION for answer in found)
    _update_item(connection, row, {"read": len(read), "done": done, "disputed": disputed, "decided": decided})


def item_row(connection: Connection, task: str, item: str) -> Row[Any]:
    """The row of an item; raises DataError where there is none."""
    row = connection.execute(select(items).where(items.c.task == task, items.c.id == item)).first()
    if row is None:
        raise DataError(f"There is no item {item} in the task {task!r}.", hint="check the id")
    return row


def may_see(person: Person) -> ColumnElement[bool]:
    """Which items a person's sites let them see."""
    return or_(items.c.site.is_(None), items.c.site.in_(person.sites))


def _next_open(connection: Connection, task: Row[Any], reader: Person, now: str) -> Row[Any] | None:
    under_way = (
        select(func.count())
        .where(
            _same_item(),
            assignments.c.state == LEASED,
            assignments.c.purpose == READING,
            assignments.c.expires_at > now,
        )
        .correlate(items)
        .scalar_subquery()
    )
    query = (
        select(items)
        .where(_fits(task.name, reader), ~items.c.done, items.c.gold.is_(None), ~_met_before(reader, now))
        .where(items.c.read + under_way < items.c.wanted)
        .order_by(items.c.pilot.desc(), items.c.priority.desc(), items.c.position)
        .limit(1)
    )
    if task.round == PILOT:
        query = query.where(items.c.pilot)
    return connection.execute(query).first()


def _next_gold(connection: Connection, task: Row[Any], reader: Person, answered: int) -> Row[Any] | None:
    """A gold item in a place of each block of `gold_every` items that the reader cannot foresee."""
    if not task.gold_every:
        return None
    block, place = divmod(answered, task.gold_every)
    if place != int(unit_draw(task.name, reader.name, str(block)) * task.gold_every):
        return None
    met = exists().where(_same_item(), assignments.c.person == reader.name).correlate(items)
    gold = connection.execute(select(items).where(_fits(task.name, reader), items.c.gold.is_not(None), ~met)).all()
    return min(gold, key=lambda row: unit_draw(reader.name, row.id), default=None)


def _fits(task: str, reader: Person) -> ColumnElement[bool]:
    skilled = or_(items.c.skill.is_(None), items.c.skill.in_(reader.skills))
    return and_(items.c.task == task, may_see(reader), skilled)


def _met_before(reader: Person, now: str) -> ColumnElement[bool]:
    """Whether the reader read, skipped or saw the item; a lease that ran out does not count."""
    ran_out = and_(assignments.c.state == LEASED, assignments.c.expires_at <= now)
    return exists().where(_same_item(), assignments.c.person == reader.name, ~ran_out).correlate(items)


def _same_item() -> ColumnElement[bool]:
    return and_(assignments.c.task == items.c.task, assignments.c.item == items.c.id)


def _place(task: str, item: str, person: str) -> ColumnElement[bool]:
    return and_(assignments.c.task == task, assignments.c.item == item, assignments.c.person == person)


def _of(held: Row[Any]) -> ColumnElement[bool]:
    return _place(held.task, held.item, held.person)


def _assignment(connection: Connection, task: str, item: str, person: str) -> Row[Any] | None:
    return connection.execute(select(assignments).where(_place(task, item, person))).first()


def _held(connection: Connection, task: str, person: str, now: str, *, item: str | None = None) -> Row[Any] | None:
    query = select(items, assignments.c.purpose, assignments.c.expires_at).where(
        _same_item(),
        assignments.c.task == task,
        assignments.c.person == person,
        assignments.c.state == LEASED,
        assignments.c.expires_at > now,
    )
    if item is not None:
        query = query.where(assignments.c.item == item)
    return connection.execute(query.order_by(assignments.c.leased_at).limit(1)).first()


def _lease(connection: Connection, held: Row[Any], person: str) -> Lease:
    shown = sorted(held.candidates, key=lambda candidate: unit_draw(person, held.id, candidate["key"]))
    return Lease(
        task=held.task,
        item=held.id,
        purpose=held.purpose,
        record=held.record,
        candidates=tuple(Candidate(candidate["key"], candidate["text"]) for candidate in shown),
        schema=current_schema(connection, held.task),
        guideline_version=guideline_version(connection, held.task),
        expires_at=held.expires_at,
    )


def _answered(connection: Connection, task: str, person: str) -> int:
    mine = (answers.c.task == task) & (answers.c.person == person) & (answers.c.state == CURRENT)
    counted = select(func.count()).select_from(answers).where(mine, answers.c.purpose == READING)
    return int(connection.scalar(counted) or 0)


def _by_token(connection: Connection, submission: Submission) -> Receipt | None:
    mine = (answers.c.person == submission.person) & (answers.c.token == submission.token)
    earlier = connection.execute(select(answers).where(mine)).first()
    if earlier is None:
        return None
    same = (earlier.task, earlier.item, earlier.digest) == (
        submission.task,
        submission.item,
        json_digest(dict(submission.answer)),
    )
    if not same:
        raise DataError(
            f"The token of this answer to item {submission.item} was used for another answer.",
            hint="make a new token for each answer, and repeat it only in a retry",
        )
    return Receipt(earlier.number, repeated=True)


def _require_held(held: Row[Any] | None, row: Row[Any], now: str, connection: Connection) -> None:
    if held is None or held.state != LEASED:
        raise RefusedError(
            f"Item {row.id} was not given to this person, or they have answered or skipped it.",
            hint="ask for the next item; to change the last answer, take it back first",
        )
    if held.expires_at > now or row.gold is not None:
        return
    others = select(func.count()).where(
        assignments.c.task == row.task,
        assignments.c.item == row.id,
        assignments.c.person != held.person,
        assignments.c.purpose == held.purpose,
        assignments.c.state == LEASED,
        assignments.c.expires_at > now,
    )
    under_way = connection.scalar(others) or 0
    free = not (row.decided or under_way) if held.purpose == ADJUDICATION else row.read + under_way < row.wanted
    if not free:
        raise RefusedError(
            f"The lease of item {row.id} ran out and another person has taken it.", hint="ask for the next item"
        )


def _keep(transaction: Transaction, submission: Submission, purpose: str, schema: LabelSchema) -> int:
    content = dict(submission.answer)
    digest = json_digest(content)
    action = DECIDED if purpose == ADJUDICATION else ANSWERED
    versions = {
        "schema_version": schema.version,
        "guideline_version": guideline_version(transaction.connection, submission.task),
    }
    number = transaction.append(
        submission.person, action, task=submission.task, item=submission.item, answer=digest, **versions
    )
    transaction.connection.execute(
        insert(answers).values(
            number=number,
            task=submission.task,
            item=submission.item,
            person=submission.person,
            token=submission.token,
            purpose=purpose,
            content=content,
            digest=digest,
            seconds=submission.seconds,
            at=moment(transaction.now),
            state=CURRENT,
            **versions,
        )
    )
    place = _place(submission.task, submission.item, submission.person)
    transaction.connection.execute(update(assignments).where(place).values(state=DONE))
    return number


def _update_item(connection: Connection, row: Row[Any], values: Mapping[str, Any]) -> None:
    place = (items.c.task == row.task) & (items.c.id == row.id)
    connection.execute(update(items).where(place).values(**values))
