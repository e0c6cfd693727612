"""How far suggestions pull readers (anchoring): how much more often readers agree with one that they saw.

Whether a reader saw it was drawn, so the difference is what seeing it does. Whole items, or whole readers, are
resampled, since readings of one item (or by one reader) are alike.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
from sqlalchemy import func, select

from acclimate.annotation.assignments import READING, may_see
from acclimate.annotation.people import require_role
from acclimate.annotation.readings import Floats
from acclimate.annotation.review import CHECKING
from acclimate.annotation.store import CURRENT, Store
from acclimate.annotation.tables import answers, exposures, items
from acclimate.annotation.task_settings import RANDOMISED
from acclimate.annotation.tasks import require_task
from acclimate.core.statistics import Estimate, Resamples

ITEM, READER = "item", "reader"
Clustered = Literal["item", "reader"]
FEWEST = 10
"""Readings each way, and clusters, below which no interval is given: it would be far too narrow."""
RESAMPLES = 4000
_TIED = func.coalesce(items.c.record["cluster_id"].as_string(), items.c.subject, items.c.id)
"""What ties items together, without loading their texts."""
_NOTHING = Estimate(math.nan, math.nan, math.nan, math.nan, math.nan, math.nan, 0, 0)


@dataclass(frozen=True)
class Exposure:
    """A reading beside a suggestion that was shown or hidden by a draw, and whether it says the same."""

    cluster: str
    shown: bool
    kept: bool


@dataclass(frozen=True)
class Anchoring:
    """How often readers agree with a suggestion that is shown and with one that is hidden.

    `difference` is the first share less the second, with its interval; where there is none, `reason` says why.
    """

    shown: int
    shown_kept: int
    hidden: int
    hidden_kept: int
    difference: Estimate
    clustered: str
    reason: str = ""

    @property
    def shares(self) -> tuple[float, float]:
        """The share that agrees, shown and hidden; NaN of nothing."""
        return _share(self.shown_kept, self.shown), _share(self.hidden_kept, self.hidden)

    def to_json(self) -> dict[str, Any]:
        """As JSON; what is undefined is null."""
        plain = {**asdict(self), "difference": asdict(self.difference)}
        plain["difference"] = {
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in plain["difference"].items()
        }
        return plain


def anchoring(store: Store, task: str, *, clustered: Clustered = "item", by: str) -> Anchoring:
    """The anchoring of a task's readers, from readings that stand and whose suggestion was drawn; gold is left out.

    Of a person with sites, readings of items at theirs.
    """
    with store.read() as connection:
        visible = may_see(require_role(connection, by, *CHECKING), *CHECKING)
        require_task(connection, task)
        of_item = (items.c.task == answers.c.task) & (items.c.id == answers.c.item)
        of_reader = (exposures.c.task == answers.c.task) & (exposures.c.item == answers.c.item)
        of_reader &= (exposures.c.person == answers.c.person) & (exposures.c.batch == answers.c.suggestion)
        query = (
            select(_TIED.label("tied"), answers.c.person, answers.c.shown, answers.c.kept)
            .join(answers, of_item)
            .join(exposures, of_reader)
            .where(answers.c.task == task, answers.c.state == CURRENT, answers.c.purpose == READING, visible)
            .where(exposures.c.setting == RANDOMISED, items.c.gold.is_(None))
            .order_by(answers.c.number)
        )
        given = [
            Exposure(row.person if clustered == READER else row.tied, row.shown, row.kept)
            for row in connection.execute(query)
        ]
    return measured(given, clustered=clustered)


def measured(given: Sequence[Exposure], *, clustered: Clustered = "item", seed: int = 0) -> Anchoring:
    """The anchoring in some readings.

    >>> few = measured([Exposure("n1", shown=True, kept=True), Exposure("n2", shown=False, kept=False)])
    >>> few.difference.value, few.reason
    (1.0, 'Not enough readings: 1 with the suggestion shown and 1 with it hidden, of 2 items; 10 of each are needed.')
    """
    shown, kept = (np.array([getattr(one, name) for one in given], dtype=np.float64) for name in ("shown", "kept"))
    found = Anchoring(
        shown=int(shown.sum()),
        shown_kept=int((shown * kept).sum()),
        hidden=int((1 - shown).sum()),
        hidden_kept=int(((1 - shown) * kept).sum()),
        difference=_NOTHING,
        clustered=clustered,
    )
    if not (found.shown and found.hidden):
        return replace(found, reason=_reason(found, len({one.cluster for one in given})))
    draws = Resamples([one.cluster for one in given], resamples=RESAMPLES, seed=seed)
    columns = np.stack([shown * kept, shown, (1 - shown) * kept, 1 - shown], axis=1)
    difference = draws.function_of_sums(columns, _difference)
    reason = _reason(found, difference.clusters)
    return replace(found, difference=_without_interval(difference) if reason else difference, reason=reason)


def _difference(sums: Floats) -> Floats:
    """The share that agrees when shown less the share when hidden, for each row of sums; NaN where one is of nothing."""
    shares = np.full((len(sums), 2), np.nan)
    np.divide(sums[:, [0, 2]], sums[:, [1, 3]], out=shares, where=sums[:, [1, 3]] > 0)
    difference: Floats = shares[:, 0] - shares[:, 1]
    return difference


def _reason(found: Anchoring, clusters: int) -> str:
    """Why there is no interval; empty where there is one."""
    if min(found.shown, found.hidden, clusters) < FEWEST:
        return (
            f"Not enough readings: {found.shown} with the suggestion shown and {found.hidden} with it hidden, "
            f"of {clusters} {found.clustered}s; {FEWEST} of each are needed."
        )
    for what, kept, of in (("shown", found.shown_kept, found.shown), ("hidden", found.hidden_kept, found.hidden)):
        if kept in (0, of):
            all_or_none = "all" if kept else "none"
            return f"Of the {of} readings with the suggestion {what} {all_or_none} agree with it: nothing to resample."
    return ""


def _without_interval(estimate: Estimate) -> Estimate:
    return replace(_NOTHING, value=estimate.value, items=estimate.items, clusters=estimate.clusters)


def _share(part: int, of: int) -> float:
    return part / of if of else math.nan
