"""Who reads which item next.

No function here shows a reader the answer of another, the arm behind a candidate, or which items are gold.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Text, and_, cast, exists, func, or_, select, true

from acclimate.annotation.assignments import (
    ADJUDICATION,
    LEASED,
    READING,
    SKIPPED,
    WORKING,
    Lease,
    assignment_of,
    count_live,
    give_lease,
    held_lease,
    item_row,
    may_see,
    same_item,
    save_assignment,
)
from acclimate.annotation.people import Person, RefusedError, Role, require_role
from acclimate.annotation.store import CURRENT, Store, moment
from acclimate.annotation.tables import answers, assignments, items
from acclimate.annotation.tasks import CLOSED, PILOT, require_task, unit_draw
from acclimate.core.reinclusion import id_digest


class SkipReason(StrEnum):
    """Why an item was not answered."""

    UNCLEAR = "unclear"
    UNREADABLE = "unreadable"
    OUT_OF_SCOPE = "out_of_scope"
    KNOWS_THE_PERSON = "knows_the_person"
    OTHER = "other"


def next_item(store: Store, task: str, person: str) -> Lease | None:
    """The item this person holds, else a new one; None where nothing is left for them.

    Items come by priority, then in the order they were added; those of other sites or skills, and those with enough
    readings done or under way, do not come.
    """
    with store.write() as transaction:
        connection = transaction.connection
        reader = require_role(connection, person, *WORKING[READING])
        settings = require_task(connection, task)
        if settings.round == CLOSED:
            return None
        held = held_lease(transaction, task, person, READING)
        if held is not None:
            return held
        answered = _answered(connection, task, person)
        if reader.quota is not None and answered >= reader.quota:
            return None
        row = _next_gold(connection, settings, reader, answered)
        row = row or _next_open(connection, settings, reader, moment(transaction.now))
        return give_lease(transaction, row, person, READING) if row is not None else None


def skip(store: Store, task: str, item: str, person: str, *, reason: SkipReason, comment: str = "") -> None:
    """Gives an item back for good, with the reason; another person gets it. Skipping it again changes nothing."""
    with store.write() as transaction:
        connection = transaction.connection
        require_role(connection, person, *WORKING[READING], *WORKING[ADJUDICATION])
        held = assignment_of(connection, task, item, person)
        if held is not None and held.state == SKIPPED:
            return
        if held is None or held.state != LEASED:
            raise RefusedError(
                f"Item {item} is not with {person}, so it cannot be skipped.", hint="ask for the next item"
            )
        values = {"state": SKIPPED, "reason": str(reason), "comment": comment}
        save_assignment(connection, item_row(connection, task, item), person, values)
        transaction.append(person, "skipped", task=task, item=id_digest(item), reason=str(reason))


def _next_open(connection: Connection, task: Row[Any], reader: Person, now: str) -> Row[Any] | None:
    query = (
        select(items)
        .where(_fits(task.name, reader), ~items.c.done, items.c.gold.is_(None), ~_met_before(reader, now))
        .where(items.c.read + count_live(now, purpose=READING) < items.c.wanted)
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
    met = exists().where(same_item(), assignments.c.person == reader.name).correlate(items)
    gold = connection.execute(select(items).where(_fits(task.name, reader), items.c.gold.is_not(None), ~met)).all()
    return min(gold, key=lambda row: unit_draw(reader.name, row.id), default=None)


def _fits(task: str, reader: Person) -> ColumnElement[bool]:
    skilled = or_(items.c.skill.is_(None), items.c.skill.in_(reader.skills))
    # Validators judge outputs; an item without any is for annotators.
    asked = true() if Role.ANNOTATOR in reader.roles else cast(items.c.candidates, Text) != "[]"
    return and_(items.c.task == task, may_see(reader, *WORKING[READING]), skilled, asked)


def _met_before(reader: Person, now: str) -> ColumnElement[bool]:
    """Whether the reader read or skipped the item or saw answers to it; a lease that ran out does not count."""
    ran_out = and_(assignments.c.state == LEASED, assignments.c.expires_at <= now, ~assignments.c.seen)
    return exists().where(same_item(), assignments.c.person == reader.name, ~ran_out).correlate(items)


def _answered(connection: Connection, task: str, person: str) -> int:
    mine = (answers.c.task == task) & (answers.c.person == person) & (answers.c.state == CURRENT)
    counted = select(func.count()).select_from(answers).where(mine, answers.c.purpose == READING)
    return int(connection.scalar(counted) or 0)
