"""Who reads which item next.

No function here shows a reader the answer of another, the arm behind a candidate, or which items are gold.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Text, and_, cast, exists, func, or_, select, true

from acclimate.annotation.assignments import (
    ADJUDICATION,
    LEASED,
    READING,
    SKIPPED,
    WORKING,
    Lease,
    SkipReason,
    assignment_of,
    count_live,
    give_lease,
    held_leases,
    item_row,
    may_see,
    renew_leases,
    same_item,
    save_assignment,
)
from acclimate.annotation.items import unit_draw
from acclimate.annotation.people import Person, RefusedError, Role, require_role
from acclimate.annotation.store import CURRENT, Store, Transaction, moment
from acclimate.annotation.tables import answers, assignments, choices, items
from acclimate.annotation.task_settings import CLOSED, PILOT, TRAINING
from acclimate.annotation.tasks import require_task
from acclimate.annotation.training import training_of
from acclimate.core.reinclusion import id_digest

_SHARE = 5
"""One reader holds at most this part of what is open to them."""


def next_item(store: Store, task: str, person: str) -> Lease | None:
    """The item this person holds, else a new one; None where nothing is left for them.

    Items come by priority, then in the order they were added, or that a model chose in a task so set; those of other
    sites or skills, and those with enough readings done or under way, do not come. Where the task trains, gold items
    come first, until enough were right.
    """
    return next(iter(next_items(store, task, person, at_most=1)), None)


def next_items(store: Store, task: str, person: str, *, at_most: int) -> Sequence[Lease]:
    """What this person holds, and new items up to `at_most` in all, so that a page can go on without the server.

    Asking again shows that they are still at it, and renews what they hold. At most one, or a fifth of what they could
    read, is given to them at once, so that something is left to the others.
    """
    with store.write() as transaction:
        connection = transaction.connection
        reader = require_role(connection, person, *WORKING[READING])
        settings = require_task(connection, task)
        if settings.round == CLOSED:
            return ()
        if at_most > 1:
            renew_leases(transaction, task, person, READING)
        held = held_leases(transaction, task, person, READING)
        training = training_of(connection, settings, person) if not held else None
        if training is not None and not training.passed:
            return _in_training(transaction, settings, reader)
        answered = _answered(connection, task, person)
        now = moment(transaction.now)
        if at_most > 1:
            to_read = len(held) + _count_open(connection, settings, reader, now, at_most=_SHARE * at_most)
            at_most = min(at_most, max(1, to_read // _SHARE))
        while len(held) < at_most:
            if reader.quota is not None and answered + len(held) >= reader.quota:
                break
            row = _next_gold(transaction, settings, reader, answered + len(held))
            row = row or _next_open(connection, settings, reader, now)
            if row is None:
                break
            held.append(give_lease(transaction, row, person, READING))
        return held


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


def _open_items(task: Row[Any], reader: Person, now: str) -> Select[Any]:
    query = (
        select(items)
        .where(_fits(task.name, reader), ~items.c.done, items.c.gold.is_(None), ~_met_before(reader, now))
        .where(items.c.read + count_live(now, purpose=READING) < items.c.wanted)
        .order_by(items.c.pilot.desc(), items.c.priority.desc(), items.c.position)
    )
    return query.where(items.c.pilot) if task.round == PILOT else query


def _next_open(connection: Connection, task: Row[Any], reader: Person, now: str) -> Row[Any] | None:
    """The first open item, or, of the same round and priority, the first that was chosen for what it teaches."""
    query = _open_items(task, reader, now)
    first = connection.execute(query.limit(1)).first()
    if first is None or not task.active:
        return first
    chosen = select(choices.c.item, choices.c.place).where(choices.c.task == task.name)
    places = {row.item: row.place for row in connection.execute(chosen)}
    equal = and_(items.c.id.in_(places), items.c.pilot == first.pilot, items.c.priority == first.priority)
    found = connection.scalars(query.with_only_columns(items.c.id).where(equal)).all()
    return item_row(connection, task.name, min(found, key=lambda item: places[item])) if found else first


def _count_open(connection: Connection, task: Row[Any], reader: Person, now: str, *, at_most: int) -> int:
    """How many items are open to a reader, counted no further than matters."""
    some = _open_items(task, reader, now).with_only_columns(items.c.id).limit(at_most).subquery()
    return int(connection.scalar(select(func.count()).select_from(some)) or 0)


def _in_training(transaction: Transaction, task: Row[Any], reader: Person) -> Sequence[Lease]:
    """The gold item that a reader in training holds, else another, one at a time; none where all were read."""
    held = held_leases(transaction, task.name, reader.name, TRAINING)
    row = None if held else _unmet_gold(transaction, task, reader)
    return [give_lease(transaction, row, reader.name, TRAINING)] if row is not None else held[:1]


def _next_gold(transaction: Transaction, task: Row[Any], reader: Person, answered: int) -> Row[Any] | None:
    """A gold item in a place of each block of `gold_every` items that the reader cannot foresee."""
    if not task.gold_every:
        return None
    block, place = divmod(answered, task.gold_every)
    if place != int(unit_draw(task.name, reader.name, str(block)) * task.gold_every):
        return None
    return _unmet_gold(transaction, task, reader)


def _unmet_gold(transaction: Transaction, task: Row[Any], reader: Person) -> Row[Any] | None:
    unmet = _fits(task.name, reader) & items.c.gold.is_not(None) & ~_met_before(reader, moment(transaction.now))
    gold = transaction.connection.execute(select(items).where(unmet)).all()
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
