"""Examples that experts are to write, against a plan of how many by site and group: each is an item without a text.

The answers to text questions named like a column of a record (prompt, completion, text) become that record's columns
when the task is exported, with the site and group of the plan.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from acclimate.annotation.assignments import may_see
from acclimate.annotation.items import NewItem, Overlap
from acclimate.annotation.people import require_role
from acclimate.annotation.review import CHECKING
from acclimate.annotation.store import Store
from acclimate.annotation.tables import items
from acclimate.annotation.tasks import add_items
from acclimate.core.errors import DataError

WRITTEN = "written by an expert"
"""The source of a record that was written for a plan."""
GROUP = "group"
MAX_EXAMPLES = 100_000


@dataclass(frozen=True)
class Quota:
    """How many examples are wanted of a site (empty: of any) and a group, and how many are there."""

    site: str
    group: str
    wanted: int
    written: int = 0


def read_quotas(text: str) -> list[Quota]:
    """The plan in CSV with the columns site, group and count; raises DataError for the first line that is none.

    >>> read_quotas("site,group,count\\nnorth,over 80,12\\n")
    [Quota(site='north', group='over 80', wanted=12, written=0)]
    """
    rows = csv.DictReader(io.StringIO(text, newline=""))
    if set(rows.fieldnames or ()) != {"site", "group", "count"}:
        raise DataError(
            "The plan has not the columns site, group and count.", hint="begin with the line site,group,count"
        )
    found = []
    for row in rows:
        site, group, count = (str(row[name] or "").strip() for name in ("site", "group", "count"))
        if not (count.isascii() and count.isdigit() and 0 < int(count[:9]) <= MAX_EXAMPLES) or not group:
            raise DataError(
                f"Line {rows.line_num} of the plan has no group, or no number from 1 to {MAX_EXAMPLES}.",
                hint="such as north,over 80,12",
            )
        found.append(Quota(site, group, int(count)))
    if not found:
        raise DataError("The plan wants nothing.", hint="give a line a site and group")
    return found


def add_quotas(store: Store, task: str, quotas: Iterable[Quota], *, skill: str | None = None, by: str) -> int:
    """Adds the examples of a plan to a task, each to be written once, by people with the skill; returns how many."""
    with store.read() as connection:
        before = connection.scalar(select(func.max(items.c.position)).where(items.c.task == task)) or 0
    places = [(quota.site, quota.group) for quota in quotas for _ in range(quota.wanted)]
    wanted = [NewItem(_place(number, *place), skill=skill) for number, place in enumerate(places, start=before + 1)]
    return add_items(store, task, wanted, overlap=Overlap(), by=by)


def quotas_of(store: Store, task: str, *, by: str) -> Sequence[Quota]:
    """What is planned and written, by site and group."""
    with store.read() as connection:
        visible = may_see(require_role(connection, by, *CHECKING), *CHECKING)
        rows = connection.execute(select(items.c.record, items.c.done).where(items.c.task == task, visible))
        places = [(_of(row.record), row.done) for row in rows if row.record.get("source") == WRITTEN]
    wanted = Counter(place for place, _ in places)
    written = Counter(place for place, done in places if done)
    return [Quota(*place, wanted=wanted[place], written=written[place]) for place in sorted(wanted)]


def _place(number: int, site: str, group: str) -> dict[str, Any]:
    attributes = [{"name": GROUP, "value": group}]
    return {"id": f"example-{number:05}", "source": WRITTEN, "site": site or None, "attributes": attributes}


def _of(record: Mapping[str, Any]) -> tuple[str, str]:
    groups = [one["value"] for one in record.get("attributes") or () if one["name"] == GROUP]
    return record.get("site") or "", next(iter(groups), "")
