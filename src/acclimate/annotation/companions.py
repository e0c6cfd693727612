"""The other records of an item's subject, in the order in which they came about: named, their texts left where they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from acclimate.annotation.tables import items

MOST = 50
"""How many are named: those nearest to the item."""


@dataclass(frozen=True)
class Companion:
    """A record of the same subject: its place among all of them, counted from 1, and its date where it has one."""

    id: str
    place: int
    date: str
    is_the_item: bool


def companions_of(
    connection: Connection, rows: Sequence[Row[Any]], *, visible: ColumnElement[bool]
) -> dict[str, tuple[Companion, ...]]:
    """By item, the records of its subject that fulfil a condition, the item among them; nothing where it is alone.

    Their order is that of their dates, then that in which they were added. Records are not loaded, since they may be long.
    """
    subjects = {row.subject for row in rows if row.subject is not None}
    if not subjects:
        return {}
    task, date = rows[0].task, items.c.record["collected_at"].as_string().label("date")
    query = select(items.c.id, items.c.subject, items.c.position, date)
    query = query.where(items.c.task == task, items.c.subject.in_(subjects), visible)
    by_subject: dict[str, list[Any]] = {}
    for found in sorted(connection.execute(query), key=lambda found: (found.date or "", found.position)):
        by_subject.setdefault(found.subject, []).append(found)
    return {
        row.id: _around(row.id, by_subject[row.subject]) for row in rows if len(by_subject.get(row.subject, ())) > 1
    }


def _around(item: str, found: Sequence[Any]) -> tuple[Companion, ...]:
    at = next((place for place, one in enumerate(found) if one.id == item), 0)
    first = max(0, min(at - MOST // 2, len(found) - MOST))
    return tuple(
        Companion(one.id, place, (one.date or "")[:10], one.id == item)
        for place, one in enumerate(found[first : first + MOST], start=first + 1)
    )
