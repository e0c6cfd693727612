"""Which item is whose: leases, and what a person has done with an item. Shared by the queue, answers and review.

A lease that has run out is simply no longer counted; nothing has to clean up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Text, and_, cast, delete, func, insert, or_, select, true, update

from acclimate.annotation.companions import Companion, companions_of
from acclimate.annotation.items import unit_draw
from acclimate.annotation.people import Person, RefusedError, Role, person_named
from acclimate.annotation.schema import Answer, LabelSchema
from acclimate.annotation.schema_history import changes, lift, standing_answers
from acclimate.annotation.store import CURRENT, REQUEUED, Transaction, moment
from acclimate.annotation.suggestions.exposure import expose, shown_answers
from acclimate.annotation.tables import answers, assignments, items, people
from acclimate.annotation.task_settings import TRAINING
from acclimate.annotation.tasks import current_schema, guideline_version, require_task
from acclimate.core.errors import DataError
from acclimate.core.reinclusion import id_digest

READING, ADJUDICATION, BULK = "reading", "adjudication", "bulk"
"""What an answer is: somebody's reading, a decision between readings, or a suggestion accepted with many others."""
LEASED, DONE, SKIPPED, SEEN = "leased", "done", "skipped", "seen"
"""States of an item for one person; `seen`: has seen others' answers, and so will not read it."""
WORKING: Mapping[str, tuple[Role, ...]] = {
    READING: (Role.ANNOTATOR, Role.VALIDATOR),
    TRAINING: (Role.ANNOTATOR, Role.VALIDATOR),
    ADJUDICATION: (Role.REVIEWER,),
}
"""Who is given items for which purpose."""
RETURN_DAYS = 3
"""How long a returned item waits for its reader before others may have it."""


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
    before: Answer | None = None
    """What the person answered before it was taken back by them or returned; not where a label's meaning changed."""
    comment: str = ""
    """Why it was returned."""
    suggestion: Answer | None = None
    """What was suggested, where this person may see it."""
    beside: tuple[Companion, ...] = ()
    """The records of the item's subject, itself among them, where the task opens them beside it."""


def give_lease(transaction: Transaction, row: Row[Any], person: str, purpose: str) -> Lease:
    """Makes an item this person's for as long as the task says; that they saw its record is an event."""
    connection = transaction.connection
    expires = transaction.now + timedelta(minutes=require_task(connection, row.task).lease_minutes)
    values = {
        "purpose": purpose,
        "state": LEASED,
        "leased_at": moment(transaction.now),
        "expires_at": moment(expires),
        "guideline_version": guideline_version(connection, row.task),
    }
    if purpose == ADJUDICATION:
        values["seen"] = True
    save_assignment(connection, row, person, values)
    suggested = expose(connection, row, person) if purpose == READING else {}
    transaction.append(person, "leased", task=row.task, item=id_digest(row.id), purpose=purpose, **suggested)
    lease = held_lease(transaction, row.task, person, purpose, item=row.id)
    assert lease is not None
    return lease


def held_lease(
    transaction: Transaction, task: str, person: str, purpose: str, *, item: str | None = None
) -> Lease | None:
    """The first of `held_leases`, or the one of an item."""
    return next(iter(held_leases(transaction, task, person, purpose, item=item)), None)


def held_leases(
    transaction: Transaction, task: str, person: str, purpose: str, *, item: str | None = None
) -> list[Lease]:
    """What this person holds: first what was taken back, the newest before the others, then the rest in its order.

    All are shown with the newest guideline.
    """
    connection = transaction.connection
    mine = (assignments.c.task == task) & (assignments.c.person == person) & (assignments.c.purpose == purpose)
    mine &= live(moment(transaction.now))
    if item is not None:
        mine &= assignments.c.item == item
    query = (
        select(items, assignments.c.expires_at, assignments.c.leased_at, assignments.c.comment)
        # Asked anew each time: a site may have been taken from the person since.
        .where(same_item(), mine, may_see(person_named(connection, person), *WORKING[purpose]))
        .order_by(assignments.c.leased_at, items.c.pilot.desc(), items.c.priority.desc(), items.c.position)
    )
    rows = connection.execute(query).all()
    if not rows:
        return []
    version = guideline_version(connection, task)
    connection.execute(update(assignments).where(mine).values(guideline_version=version))
    schema, before = current_schema(connection, task), _taken_back(connection, rows, person)
    suggested = shown_answers(connection, rows, person, schema) if purpose == READING else {}
    beside = companions(connection, rows, person_named(connection, person), purpose)
    returned = sorted((row for row in rows if row.id in before), key=lambda row: row.leased_at, reverse=True)
    return [
        shown_item(
            row,
            person,
            purpose,
            schema=schema,
            guideline_version=version,
            expires_at=row.expires_at,
            before=before.get(row.id),
            comment=row.comment or "",
            suggestion=suggested.get(row.id),
            beside=beside.get(row.id, ()),
        )
        for row in [*returned, *(row for row in rows if row.id not in before)]
    ]


def renew_leases(transaction: Transaction, task: str, person: str, purpose: str) -> None:
    """Lets what a person holds run out as late as if it were given to them now."""
    minutes = require_task(transaction.connection, task).lease_minutes
    until = moment(transaction.now + timedelta(minutes=minutes))
    mine = (assignments.c.task == task) & (assignments.c.person == person) & (assignments.c.purpose == purpose)
    sooner = mine & live(moment(transaction.now)) & (assignments.c.expires_at < until)
    transaction.connection.execute(update(assignments).where(sooner).values(expires_at=until))


def shown_item(row: Row[Any], person: str, purpose: str, **shown: Any) -> Lease:
    """An item as a person sees it: the arms of candidates left out, their order drawn for each person."""
    return Lease(
        task=row.task,
        item=row.id,
        purpose=purpose,
        record=row.record,
        candidates=tuple(Candidate(candidate["key"], candidate["text"]) for candidate in shown_order(row, person)),
        **shown,
    )


def hand_back(transaction: Transaction, row: Row[Any], person: str, comment: str) -> None:
    """Gives an item whose answer was taken back to its reader again, unless they have seen others' answers or left."""
    connection = transaction.connection
    active = connection.scalar(select(people.c.active).where(people.c.name == person))
    if not active or assignment_of(connection, row.task, row.id, person) is not None:
        return
    values = {
        "purpose": READING,
        "state": LEASED,
        "leased_at": moment(transaction.now),
        "expires_at": moment(transaction.now + timedelta(days=RETURN_DAYS)),
        "guideline_version": guideline_version(connection, row.task),
        "comment": comment,
    }
    save_assignment(connection, row, person, values)


def note_seen(transaction: Transaction, row: Row[Any], viewer: str) -> None:
    """Notes that a person is shown answers to an item, so that they will not be asked to read it."""
    connection = transaction.connection
    values: dict[str, Any] = {"seen": True}
    if assignment_of(connection, row.task, row.id, viewer) is None:
        now, version = moment(transaction.now), guideline_version(connection, row.task)
        values |= {"purpose": READING, "state": SEEN, "leased_at": now, "expires_at": now}
        values |= {"guideline_version": version}
    save_assignment(connection, row, viewer, values)
    transaction.append(viewer, "answers seen", task=row.task, item=id_digest(row.id))


def _taken_back(connection: Connection, rows: Sequence[Row[Any]], person: str) -> dict[str, Answer | None]:
    """By item, what this person answered before it was taken back; None where a label has another meaning since."""
    task, ids = rows[0].task, [row.id for row in rows]
    theirs = (answers.c.task == task) & (answers.c.person == person) & answers.c.item.in_(ids)
    given = select(answers).where(theirs, answers.c.state != CURRENT).order_by(answers.c.number)
    since = changes(connection, task)
    return {
        row.item: None if row.state == REQUEUED else lift(since, row.schema_version, row.content)
        for row in connection.execute(given)
    }


def shown_order(row: Row[Any], person: str) -> list[Mapping[str, str]]:
    """An item's candidates in the order this person sees them: drawn for each person and item, the same each time."""
    return sorted(row.candidates, key=lambda candidate: unit_draw(person, row.id, candidate["key"]))


def take_back(transaction: Transaction, row: Row[Any], numbers: list[int], action: str, *, by: str) -> None:
    """Marks answers of one item as taken back by an action; their authors can read it again unless they saw others'."""
    connection = transaction.connection
    taken = (answers.c.task == row.task) & answers.c.number.in_(numbers)
    persons = list(connection.scalars(select(answers.c.person).where(taken)))
    connection.execute(update(answers).where(taken).values(state=action))
    of_item = (assignments.c.task == row.task) & (assignments.c.item == row.id)
    theirs = of_item & assignments.c.person.in_(persons)
    connection.execute(delete(assignments).where(theirs, ~assignments.c.seen))
    # Who is about to decide decides on readings that are no longer those they were shown.
    deciding = of_item & (assignments.c.purpose == ADJUDICATION) & (assignments.c.state == LEASED)
    connection.execute(update(assignments).where(or_(theirs, deciding)).values(state=SEEN))
    transaction.append(by, action, task=row.task, item=id_digest(row.id), taken_back=numbers)
    refresh_item(connection, row, current_schema(connection, row.task))


def refresh_item(connection: Connection, row: Row[Any], schema: LabelSchema) -> None:
    """Brings what the item's row says of its answers in line with them."""
    found = list(standing_answers(connection, row.task, item=row.id))
    read = [schema.compared(answer.content) for answer in found if answer.purpose == READING]
    accepted = any(answer.purpose == BULK for answer in found)
    done = row.gold is None and (accepted or len(read) >= row.wanted)
    values = {
        "read": len(read),
        "done": done,
        "disputed": done and len(set(read)) > 1,
        "decided": any(answer.purpose in (ADJUDICATION, BULK) for answer in found),
    }
    place = (items.c.task == row.task) & (items.c.id == row.id)
    connection.execute(update(items).where(place).values(**values))


def save_assignment(connection: Connection, row: Row[Any], person: str, values: Mapping[str, Any]) -> None:
    """Changes what an item's row of a person says, or adds one."""
    if not connection.execute(update(assignments).where(place_of(row.task, row.id, person)).values(**values)).rowcount:
        defaults = {"task": row.task, "item": row.id, "person": person, "seen": False}
        connection.execute(insert(assignments).values(**{**defaults, **values}))


def assignment_of(connection: Connection, task: str, item: str, person: str) -> Row[Any] | None:
    """What a person has to do with an item, or None."""
    return connection.execute(select(assignments).where(place_of(task, item, person))).first()


def item_row(connection: Connection, task: str, item: str) -> Row[Any]:
    """The row of an item; raises DataError where there is none."""
    row = connection.execute(select(items).where(items.c.task == task, items.c.id == item)).first()
    if row is None:
        raise DataError(f"There is no item {item} in the task {task!r}.", hint="check the id")
    return row


def count_live(now: str, *, purpose: str) -> Any:
    """How many hold the item of the query around it."""
    held = select(func.count()).where(same_item(), assignments.c.purpose == purpose, live(now))
    return held.correlate(items).scalar_subquery()


def live(now: str) -> ColumnElement[bool]:
    """Whether a lease stands and has not run out."""
    return and_(assignments.c.state == LEASED, assignments.c.expires_at > now)


def may_see(person: Person, *roles: Role) -> ColumnElement[bool]:
    """Which items a person's sites let them see in any of these roles."""
    sites = person.reaches(*roles)
    return true() if sites is None else or_(items.c.site.is_(None), items.c.site.in_(sorted(sites)))


def companions(
    connection: Connection, rows: Sequence[Row[Any]], person: Person, purpose: str
) -> Mapping[str, tuple[Companion, ...]]:
    """By item, the records that a person may open beside it; nothing where the task does not have them opened."""
    if not require_task(connection, rows[0].task).beside:
        return {}
    return companions_of(connection, rows, visible=companions_visible(person, purpose))


def companions_visible(person: Person, purpose: str) -> ColumnElement[bool]:
    """Which records a person may open beside an item: those that they could be given for this purpose."""
    # Validators judge outputs; an item without any is for annotators.
    judges_alone = purpose in (READING, TRAINING) and Role.ANNOTATOR not in person.roles
    has_outputs = cast(items.c.candidates, Text) != "[]"
    return and_(may_see(person, *WORKING[purpose]), has_outputs if judges_alone else true())


def require_visible(row: Row[Any], person: Person, *roles: Role) -> None:
    """Raises RefusedError for an item of a site that the person is not of in any of these roles."""
    sites = person.reaches(*roles)
    if sites is not None and row.site is not None and row.site not in sites:
        raise RefusedError(f"Item {row.id} is of another site than {person.name}.", hint="a manager can grant the site")


def same_item() -> ColumnElement[bool]:
    """Whether an assignment is of the item of the query around it."""
    return and_(assignments.c.task == items.c.task, assignments.c.item == items.c.id)


def place_of(task: str, item: str, person: str) -> ColumnElement[bool]:
    """The one assignment of an item to a person."""
    return and_(assignments.c.task == task, assignments.c.item == item, assignments.c.person == person)
