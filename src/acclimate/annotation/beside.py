"""Opening another record of the same subject beside the item that somebody works on: within their sites, and an event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from acclimate.annotation.assignments import (
    ADJUDICATION,
    READING,
    WORKING,
    companions_visible,
    item_row,
    live,
    place_of,
)
from acclimate.annotation.people import Person, RefusedError, Role, require_role
from acclimate.annotation.store import CURRENT, Store, moment
from acclimate.annotation.tables import answers, assignments, checks, items
from acclimate.annotation.tasks import require_task
from acclimate.core.errors import DataError
from acclimate.core.reinclusion import id_digest


def open_beside(store: Store, task: str, item: str, other: str, person: str) -> Mapping[str, Any]:
    """The record of an item of the same subject, for whoever holds the item or checks a reading of it.

    Raises RefusedError where the task does not have records opened beside, or the item is not with this person, and
    DataError where there is no such record at their sites.
    """
    with store.write() as transaction:
        connection = transaction.connection
        worker = require_role(connection, person, *WORKING[READING], Role.REVIEWER)
        if not require_task(connection, task).beside:
            raise RefusedError(f"The task {task!r} opens no records beside.", hint="a manager can have it do so")
        purpose = _purpose(connection, task, item, worker, now=moment(transaction.now))
        row = item_row(connection, task, item)
        visible = companions_visible(worker, purpose)
        # Compared with nothing, SQL would find every record that is about nobody.
        same_subject = (items.c.subject == row.subject) & items.c.subject.is_not(None)
        wanted = (items.c.task == task) & (items.c.id == other) & same_subject & visible
        found = connection.execute(select(items.c.record).where(wanted)).first()
        if found is None:
            raise DataError(f"No record {other[:80]} stands beside item {item}.", hint="load the page again")
        told = {"item": id_digest(item), "opened": id_digest(other)}
        transaction.append(person, "opened beside", task=task, **told)
        record: Mapping[str, Any] = found.record
        return record


def _purpose(connection: Connection, task: str, item: str, worker: Person, *, now: str) -> str:
    """For what this person has the item before them; whoever checks a reading sees what one who decides does."""
    held = connection.execute(select(assignments).where(place_of(task, item, worker.name), live(now))).first()
    if held is not None:
        return str(held.purpose)
    mine = (checks.c.checker == worker.name) & checks.c.verdict.is_(None)
    of_item = (answers.c.task == task) & (answers.c.item == item) & (answers.c.state == CURRENT)
    checking = select(checks.c.answer).join(answers, answers.c.number == checks.c.answer).where(mine, of_item)
    if connection.execute(checking).first() is None:
        raise RefusedError(f"Item {item} is not with {worker.name}.", hint="ask for the next item")
    return ADJUDICATION
