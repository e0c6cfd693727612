"""The adapted model against every other arm on the same items: overall, and for each site, attribute and slice."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from acclimate.core.json_values import without_nan
from acclimate.core.retention import INSUFFICIENT
from acclimate.core.statistics import Estimate, Ratio, Resamples, holm
from acclimate.stages.evaluate.arms import ARMS, LIKELIHOOD, METRICS

BETTER, WORSE, UNSHOWN = "better", "worse", "no difference shown"
MOST_NAMED = 20
"""Ids named in the report on each side of a list; all are in the table."""
LOWER_IS_BETTER = frozenset({LIKELIHOOD, "log_loss", "brier", "calibration_error"})


@dataclass(frozen=True)
class Settings:
    """How every comparison of a run is made."""

    resamples: int
    confidence: float
    min_clusters: int
    seed: int

    def resampling(self, clusters: Sequence[str]) -> Resamples:
        """The bootstrap draws for items in these clusters."""
        return Resamples(clusters, resamples=self.resamples, seed=self.seed, confidence=self.confidence)


@dataclass(frozen=True)
class Comparison:
    """One metric of the adapted model less that of another arm, on the items that both have."""

    arm: str
    metric: str
    difference: Estimate
    verdict: str
    adapted: float
    other: float
    group: str = ""
    value: str = ""
    p_holm: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The comparison as plain JSON, NaN as null."""
        row = asdict(self) | asdict(self.difference) | {"difference": self.difference.value}
        row["value"] = self.value
        row["lower_is_better"] = self.metric in LOWER_IS_BETTER
        if not self.group:
            row = {key: row[key] for key in row if key not in ("group", "value", "p_holm")}
        return without_nan(row)


@dataclass(frozen=True)
class Group:
    """Some of the items, by what they have in common."""

    group: str
    value: str
    items: pl.DataFrame


def arm_totals(
    items: pl.DataFrame, settings: Settings, *, metrics: Sequence[str] = METRICS, arms: Sequence[str] = ARMS
) -> dict[str, dict[str, Any]]:
    """Each arm's figures with intervals, over the items for which it has them."""
    totals: dict[str, dict[str, Any]] = {arm: {} for arm in arms}
    for arm in arms:
        for metric in metrics:
            present = items.filter(pl.col(f"{metric}_{arm}").is_not_null())
            if present.height:
                estimate = settings.resampling(present["cluster"].to_list()).value(ratio_of(present, metric, arm))
                wanted = ("value", "low", "high", "items", "clusters")
                totals[arm][metric] = without_nan({key: getattr(estimate, key) for key in wanted})
    return {arm: figures for arm, figures in totals.items() if figures}


def compare_arms(
    items: pl.DataFrame, settings: Settings, *, metrics: Sequence[str], arms: Sequence[str] = ARMS
) -> list[Comparison]:
    """The adapted model against every other arm in every metric that both have."""
    pairs = [(arm, metric) for arm in arms if arm != "adapted" for metric in metrics]
    compared = [_compare(items, arm, metric, settings) for arm, metric in pairs]
    return [comparison for comparison in compared if comparison is not None]


def compare_groups(
    groups: Sequence[Group], settings: Settings, *, metrics: Sequence[str], arms: Sequence[str] = ARMS
) -> list[Comparison]:
    """The same for each group of items; p-values are adjusted for the number of groups looked at (Holm)."""
    compared = [
        replace(comparison, group=group.group, value=group.value)
        for group in groups
        for comparison in compare_arms(group.items, settings, metrics=metrics, arms=arms)
    ]
    return after_looking(compared, settings)


def after_looking(comparisons: Sequence[Comparison], settings: Settings) -> list[Comparison]:
    """Comparisons of groups with p-values adjusted for the number of groups looked at (Holm), and verdicts after that."""
    compared = list(comparisons)
    families: dict[tuple[str, str], list[int]] = {}
    for place, comparison in enumerate(compared):
        if comparison.verdict != INSUFFICIENT:
            families.setdefault((comparison.arm, comparison.metric), []).append(place)
    for places in families.values():
        adjusted = holm([compared[place].difference.p_value for place in places])
        for place, p_value in zip(places, adjusted, strict=True):
            compared[place] = _after_holm(compared[place], p_value, 1 - settings.confidence)
    return compared


def groups_of(items: pl.DataFrame, test: pl.DataFrame, *, max_values: int) -> Iterator[Group]:
    """Items by site, by each declared attribute, and by slice. `items` and `test` are in one order."""
    memberships = list(_memberships(test))
    values_of: dict[str, set[str]] = {}
    for group, value, _ in memberships:
        values_of.setdefault(group, set()).add(value)
    members: dict[tuple[str, str], list[int]] = {}
    for group, value, place in memberships:
        if group == "site" or len(values_of[group]) <= max_values:
            members.setdefault((group, value), []).append(place)
    for group, value in sorted(members):
        yield Group(group, value, items[members[group, value]])


def unsliced_attributes(test: pl.DataFrame, *, max_values: int) -> list[str]:
    """Attributes with too many values to compare models within each."""
    values_of: dict[str, set[str]] = {}
    for group, value, _ in _memberships(test):
        values_of.setdefault(group, set()).add(value)
    return sorted(group for group, values in values_of.items() if group != "site" and len(values) > max_values)


def _memberships(test: pl.DataFrame) -> Iterator[tuple[str, str, int]]:
    """Every group and value that a record belongs to, with the record's place."""
    for place, record in enumerate(test.select("site", "attributes", "slices").iter_rows(named=True)):
        if record["site"] is not None:
            yield "site", record["site"], place
        for pair in record["attributes"] or ():
            if pair["value"] is not None:
                yield pair["name"], pair["value"], place
        for name in record["slices"] or ():
            yield "slice", name, place


def _compare(items: pl.DataFrame, arm: str, metric: str, settings: Settings) -> Comparison | None:
    both = items.filter(pl.col(f"{metric}_{arm}").is_not_null() & pl.col(f"{metric}_adapted").is_not_null())
    if both.is_empty():
        return None
    adapted, other = ratio_of(both, metric, "adapted"), ratio_of(both, metric, arm)
    difference = settings.resampling(both["cluster"].to_list()).difference(adapted, other)
    verdict = verdict_of(difference, metric, min_clusters=settings.min_clusters)
    return Comparison(arm, metric, difference, verdict, adapted.value, other.value)


def ratio_of(items: pl.DataFrame, metric: str, arm: str) -> Ratio:
    """Bits per byte weigh every byte equally, answer metrics every answer."""
    values = items[f"{metric}_{arm}"].to_numpy().astype(np.float64)
    weights = items["bytes"].to_numpy().astype(np.float64) if metric == LIKELIHOOD else np.ones_like(values)
    return Ratio(values * weights, weights)


def verdict_of(difference: Estimate, metric: str, *, min_clusters: int) -> str:
    """Whether a metric is better, worse, not shown to differ, or measured on too few clusters to say."""
    if difference.clusters < min_clusters or math.isnan(difference.low):
        return INSUFFICIENT
    if difference.low <= 0 <= difference.high:
        return UNSHOWN
    return BETTER if (difference.value < 0) == (metric in LOWER_IS_BETTER) else WORSE


def _after_holm(comparison: Comparison, p_holm: float, level: float) -> Comparison:
    verdict = comparison.verdict if p_holm < level else UNSHOWN
    return replace(comparison, p_holm=p_holm, verdict=verdict)
