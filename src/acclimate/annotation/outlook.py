"""What a manager wants to know of a task: how long it will still take, and which items are there and how they stand."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, Row, String, and_, cast, func, or_, select, true

from acclimate.annotation.assignments import READING, may_see
from acclimate.annotation.items import item_texts
from acclimate.annotation.people import Role, require_role
from acclimate.annotation.review import CHECKING
from acclimate.annotation.store import CURRENT, Store, moment
from acclimate.annotation.tables import answers, items
from acclimate.annotation.tasks import require_task
from acclimate.core.errors import DataError
from acclimate.core.reinclusion import id_digest

PACE_DAYS = 7
SNIPPET = 160
SECONDS_AN_HOUR = 3600
STATES: dict[str, ColumnElement[bool]] = {
    "any": true(),
    "open": and_(~items.c.done, ~items.c.decided, items.c.gold.is_(None)),
    "agreed": and_(items.c.done, ~items.c.disputed, ~items.c.decided),
    "disputed": and_(items.c.disputed, ~items.c.decided),
    "decided": items.c.decided,
    "gold": items.c.gold.is_not(None),
    "pilot": items.c.pilot,
}


@dataclass(frozen=True)
class Outlook:
    """What is left of a task. `seconds_each` is the median of all readings so far, `a_day` how many came on each day with any."""

    readings_left: int
    seconds_each: float
    a_day: float

    @property
    def hours_left(self) -> float:
        """Hours of reading, all readers together."""
        return self.readings_left * self.seconds_each / SECONDS_AN_HOUR

    @property
    def days_left(self) -> float | None:
        """Days at the pace of the last week; None where nothing was read in it."""
        return self.readings_left / self.a_day if self.a_day else None

    def cost(self, hourly_rate: float) -> float:
        """What the rest costs in the currency of the rate.

        >>> Outlook(readings_left=120, seconds_each=30.0, a_day=60.0).cost(40.0)
        40.0
        """
        return self.hours_left * hourly_rate


@dataclass(frozen=True)
class FoundItem:
    """An item as a list shows it: how often it was read of how often it is to be, and how its text begins."""

    id: str
    site: str | None
    state: str
    read: int
    wanted: int
    priority: int
    snippet: str


def outlook(store: Store, task: str, *, by: str) -> Outlook:
    """How much of a task is left; disputes that wait for a decision and gold items are not counted."""
    with store.read() as connection:
        visible = may_see(require_role(connection, by, *CHECKING), *CHECKING)
        require_task(connection, task)
        missing = func.sum(items.c.wanted - items.c.read)
        to_read = (items.c.task == task) & STATES["open"] & (items.c.read < items.c.wanted) & visible
        of_item = (items.c.task == answers.c.task) & (items.c.id == answers.c.item)
        given = (answers.c.task == task) & (answers.c.state == CURRENT) & (answers.c.purpose == READING) & visible
        read = select(answers.c.seconds).join(items, of_item).where(given)
        seconds = [float(value) for value in connection.scalars(read)]
        since = moment(store.clock() - timedelta(days=PACE_DAYS))
        days = [
            at[:10]
            for at in connection.scalars(select(answers.c.at).join(items, of_item).where(given, answers.c.at > since))
        ]
        left = int(connection.scalar(select(missing).where(to_read)) or 0)
    return Outlook(left, median(seconds) if seconds else 0.0, len(days) / len(set(days)) if days else 0.0)


def find_items(
    store: Store, task: str, *, words: str, state: str, at_most: int = 50, by: str
) -> tuple[int, list[FoundItem]]:
    """How many items of one's sites hold the words in their record or id and are in a state, and the first of them.

    Which records are shown is an event. Answers are not shown: `answers_to` shows them, item by item.
    """
    if state not in STATES:
        raise DataError(f"There is no state {state[:40]!r} of items.", hint=f"states are {', '.join(STATES)}")
    with store.write() as transaction:
        connection = transaction.connection
        person = require_role(connection, by, Role.MANAGER, Role.REVIEWER)
        require_task(connection, task)
        fits = and_(
            items.c.task == task, may_see(person, Role.MANAGER, Role.REVIEWER), STATES[state], _holds(words.strip())
        )
        count = int(connection.scalar(select(func.count()).select_from(items).where(fits)) or 0)
        ordered = select(items).where(fits).order_by(items.c.priority.desc(), items.c.position).limit(at_most)
        found = [_found(row) for row in connection.execute(ordered)]
        if found:
            transaction.append(by, "items listed", task=task, items=[id_digest(item.id) for item in found])
        return count, found


def _holds(words: str) -> ColumnElement[bool]:
    """Whether the record, as it is kept, or the id holds the words; capitals of the Latin alphabet make no difference."""
    if not words:
        return true()
    kept = json.dumps(words)[1:-1]
    return or_(
        cast(items.c.record, String).icontains(kept, autoescape=True), items.c.id.icontains(words, autoescape=True)
    )


def _found(row: Row[Any]) -> FoundItem:
    text = " ".join(" · ".join(item_texts(row)).split())
    snippet = text if len(text) <= SNIPPET else text[:SNIPPET].rsplit(" ", 1)[0] + " …"
    return FoundItem(row.id, row.site, _state(row), row.read, row.wanted, row.priority, snippet)


def _state(row: Row[Any]) -> str:
    if row.gold is not None:
        return "gold"
    if row.decided:
        return "decided"
    if row.disputed:
        return "disputed"
    if row.done:
        return "agreed"
    return "under way" if row.read else "waiting"
