"""Whether the adapted model serves some groups worse than the others: each group's items against all other items."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from acclimate.core.json_values import without_nan
from acclimate.core.retention import INSUFFICIENT
from acclimate.core.statistics import Estimate, Floats, holm
from acclimate.stages.evaluate.compare import LOWER_IS_BETTER, UNSHOWN, Group, Settings, ratio_of

SERVED_WORSE, SERVED_BETTER = "worse than the others", "better than the others"


@dataclass(frozen=True)
class Gap:
    """How much worse a metric is on a group's items than on all others of which the attribute is known.

    `worse_by` is positive where the group is worse off, in the metric's own unit; its `clusters` are those of the smaller
    side. `widened` is how much larger the gap is than under the base; None where the base has no such figures.
    """

    group: str
    value: str
    metric: str
    inside: float
    outside: float
    worse_by: Estimate
    widened: Estimate | None
    verdict: str
    p_holm: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The gap as plain JSON, NaN as null."""
        figures = {name: figure for name, figure in asdict(self.worse_by).items() if name != "value"}
        widened = None if self.widened is None else without_nan(asdict(self.widened))
        row = asdict(self) | figures | {"worse_by": self.worse_by.value, "widened": widened}
        return without_nan(row)


def group_gaps(
    items: pl.DataFrame, groups: Sequence[Group], settings: Settings, *, metrics: Sequence[str]
) -> list[Gap]:
    """The gaps of every group in every metric; p-values are adjusted for the number of groups looked at (Holm).

    A group that all items belong to has no others, and no gap.
    """
    names = {one.group for one in groups}
    everybody = {name: _joined([one for one in groups if one.group == name]) for name in names}
    everybody["slice"] = items
    gaps = [
        gap for metric in metrics for group in groups for gap in _gap(group, everybody[group.group], metric, settings)
    ]
    for metric in metrics:
        places = [place for place, one in enumerate(gaps) if one.metric == metric and one.verdict != INSUFFICIENT]
        adjusted = holm([gaps[place].worse_by.p_value for place in places])
        for place, p_value in zip(places, adjusted, strict=True):
            verdict = gaps[place].verdict if p_value < 1 - settings.confidence else UNSHOWN
            gaps[place] = replace(gaps[place], p_holm=p_value, verdict=verdict)
    return gaps


def _joined(groups: Sequence[Group]) -> pl.DataFrame:
    return pl.concat([group.items for group in groups]).unique("id", maintain_order=True)


def _gap(group: Group, everybody: pl.DataFrame, metric: str, settings: Settings) -> Iterator[Gap]:
    arms = [arm for arm in ("adapted", "base") if f"{metric}_{arm}" in everybody.columns]
    items = everybody.filter(pl.col(f"{metric}_adapted").is_not_null())
    inside = items["id"].is_in(group.items["id"].implode())
    sides = [items.filter(side)["cluster"].n_unique() for side in (inside, ~inside)]
    if not min(sides):
        return
    estimate = _worse_by(items, inside, metric, ("adapted",), settings)
    smaller = replace(estimate, clusters=min(sides), items=int(inside.sum()))
    both = items.filter(pl.all_horizontal(pl.col(f"{metric}_{arm}").is_not_null() for arm in arms))
    widened = None
    if len(arms) > 1 and both.height:
        widened = _worse_by(both, both["id"].is_in(group.items["id"].implode()), metric, ("adapted", "base"), settings)
    verdict = _verdict(smaller, settings)
    levels = [ratio_of(items.filter(side), metric, "adapted").value for side in (inside, ~inside)]
    yield Gap(group.group, group.value, metric, levels[0], levels[1], smaller, widened, verdict)


def _worse_by(items: pl.DataFrame, inside: pl.Series, metric: str, arms: Sequence[str], settings: Settings) -> Estimate:
    """How much worse the first arm is inside than outside, less the same of the second where there is one."""
    sign = 1.0 if metric in LOWER_IS_BETTER else -1.0
    member = inside.to_numpy().astype(np.float64)
    columns = [
        column * side
        for arm in arms
        for ratio in (ratio_of(items, metric, arm),)
        for side in (member, 1 - member)
        for column in (ratio.numerator, ratio.denominator)
    ]

    def worse(sums: Floats) -> Floats:
        divisors = np.where(sums[:, 1::2] == 0, np.nan, sums[:, 1::2])
        levels = sums[:, 0::2] / divisors
        gaps = levels[:, 0::2] - levels[:, 1::2]
        found: Floats = sign * (gaps[:, 0] - (gaps[:, 1] if len(arms) > 1 else 0.0))
        return found

    return settings.resampling(items["cluster"].to_list()).function_of_sums(np.stack(columns, axis=1), worse)


def _verdict(worse_by: Estimate, settings: Settings) -> str:
    if worse_by.clusters < settings.min_clusters or np.isnan(worse_by.low):
        return INSUFFICIENT
    if worse_by.low <= 0 <= worse_by.high:
        return UNSHOWN
    return SERVED_WORSE if worse_by.value > 0 else SERVED_BETTER
