"""The classifier against every simpler way of telling labels, on the same items: overall, and where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Protocol

import numpy as np
import polars as pl

from acclimate.core.exact_bounds import effective_trials, greatest_share, least_share
from acclimate.core.json_values import without_nan
from acclimate.core.statistics import exact_mcnemar
from acclimate.stages.evaluate.compare import (
    MOST_NAMED,
    Comparison,
    Group,
    Settings,
    after_looking,
    groups_of,
    verdict_of,
)
from acclimate.stages.evaluate.label_items import LabelledItems
from acclimate.stages.evaluate.label_metrics import Answers, Metric, calibration


class ComparedItems(Protocol):
    """The labelled test items in one order, with what each arm told of them."""

    @property
    def records(self) -> pl.DataFrame:
        """The items' records."""

    @property
    def clusters(self) -> list[str]:
        """Who or what several items share."""

    @property
    def arms(self) -> Sequence[str]:
        """Those that are there."""

    @property
    def metrics(self) -> Mapping[str, Metric[Any]]:
        """By name, how good answers are."""

    def answers(self, arm: str) -> Any:
        """What an arm told; `right` is 1 for each item that it told right."""

    def at(self, places: Sequence[int]) -> ComparedItems:
        """Some of the items."""


def compare_label_arms(items: ComparedItems, settings: Settings, *, metrics: Sequence[str]) -> list[Comparison]:
    """The classifier less every other arm, in every metric."""
    return [_compare(items, arm, metric, settings) for arm in items.arms if arm != "adapted" for metric in metrics]


def compare_label_groups(
    items: ComparedItems, settings: Settings, *, metrics: Sequence[str], max_values: int
) -> list[Comparison]:
    """The same for each site, attribute value and slice; verdicts allow for the number of groups looked at (Holm)."""
    compared = [
        replace(comparison, group=group.group, value=group.value)
        for group in _groups(items, max_values)
        for comparison in compare_label_arms(items.at(group.items["place"].to_list()), settings, metrics=metrics)
    ]
    return after_looking(compared, settings)


def label_totals(items: ComparedItems, settings: Settings) -> dict[str, dict[str, Any]]:
    """Each arm's figures with intervals."""
    resampling = settings.resampling(items.clusters)
    wanted = ("value", "low", "high", "items", "clusters")
    return {
        arm: {
            name: without_nan({key: getattr(estimate, key) for key in wanted})
            for name, metric in items.metrics.items()
            for estimate in [metric.value(items.answers(arm), resampling)]
        }
        for arm in items.arms
    }


def accuracy_by_site(items: ComparedItems, settings: Settings) -> list[dict[str, Any]]:
    """The share of items told right at each site, with exact intervals that weigh the items of a subject together."""
    rows = []
    for group in _groups(items, max_values=0):
        of_site = items.at(group.items["place"].to_list())
        shares = {arm: _exact_share(of_site.answers(arm), of_site.clusters, settings) for arm in items.arms}
        rows.append(
            {"site": group.value, "items": of_site.records.height, "clusters": len(set(of_site.clusters)), **shares}
        )
    return rows


def rows_of_labels(items: LabelledItems) -> list[dict[str, Any]]:
    """For each label how many items have it, and how well classifier and base find it."""
    return [
        {"label": name, "items": int((items.truth == code).sum())}
        | {arm: _found(items.answers(arm), code) for arm in ("adapted", "base")}
        for code, name in enumerate(items.names)
    ]


def confusions(items: LabelledItems) -> list[dict[str, Any]]:
    """The pairs of labels that the classifier mixes up most: of so many items with a label, how many are told another."""
    told, truth = items.answers("adapted").told, items.truth
    pairs = Counter((int(own), int(other)) for own, other in zip(truth, told, strict=True) if own != other)
    ordered = sorted(pairs.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_NAMED]
    return [
        {
            "label": items.names[own],
            "told": items.names[other],
            "items": count,
            "of": int((truth == own).sum()),
        }
        for (own, other), count in ordered
    ]


def calibration_rows(items: LabelledItems) -> dict[str, list[dict[str, Any]]]:
    """How often each arm is right where it is so sure."""
    return {arm: [asdict(one) for one in calibration(items.answers(arm))] for arm in ("adapted", "base")}


def surest_errors(items: LabelledItems) -> list[dict[str, Any]]:
    """The items on which the classifier is surest and wrong, by id."""
    answers, names = items.answers("adapted"), items.records["id"].to_list()
    wrong = [place for place in range(len(names)) if not answers.right[place]]
    wrong.sort(key=lambda place: (-answers.confidence[place], names[place]))
    return [
        {
            "id": names[place],
            "label": items.names[items.truth[place]],
            "told": items.names[answers.told[place]],
            "confidence": float(answers.confidence[place]),
        }
        for place in wrong[:MOST_NAMED]
    ]


def won_and_lost(items: ComparedItems) -> dict[str, Any]:
    """Items that the classifier tells right and the base wrong, and the other way round, with McNemar's exact p-value."""
    ours, base = items.answers("adapted").right, items.answers("base").right
    won, lost = int((ours > base).sum()), int((ours < base).sum())
    names = items.records["id"].to_list()
    return {
        "won": won,
        "lost": lost,
        "p_value": exact_mcnemar(lost, won),
        "most_lost": [name for name, less in zip(names, ours < base, strict=True) if less][:MOST_NAMED],
    }


def _compare(items: ComparedItems, arm: str, metric: str, settings: Settings) -> Comparison:
    ours, other = items.answers("adapted"), items.answers(arm)
    resampling = settings.resampling(items.clusters)
    difference = items.metrics[metric].difference(ours, other, resampling)
    verdict = verdict_of(difference, metric, min_clusters=settings.min_clusters)
    adapted, others = (items.metrics[metric].total(answers) for answers in (ours, other))
    return Comparison(arm, metric, difference, verdict, adapted, others)


def _groups(items: ComparedItems, max_values: int) -> Iterator[Group]:
    """Groups of items, each with the places of its items; no attribute but the site where `max_values` is 0."""
    places = pl.DataFrame({"place": range(items.records.height)})
    yield from groups_of(places, items.records, max_values=max_values)


def _exact_share(answers: Any, clusters: Sequence[str], settings: Settings) -> dict[str, Any]:
    names, place = np.unique(np.asarray(clusters, dtype=str), return_inverse=True)
    won = np.bincount(place, answers.right, len(names)).astype(int).tolist()
    tried = np.bincount(place, minlength=len(names)).tolist()
    one_sided = (1 + settings.confidence) / 2
    share, worth = sum(won) / sum(tried), effective_trials(won, tried, confidence=one_sided)
    return {
        "value": share,
        "low": least_share(share * worth, worth, confidence=one_sided),
        "high": greatest_share(share * worth, worth, confidence=one_sided),
    }


def _found(answers: Answers, code: int) -> dict[str, float | None]:
    """Precision, recall and F1 of one label; None where nothing is divided by."""
    have, told = answers.truth == code, answers.told == code
    right = int((have & told).sum())
    return {
        "precision": right / int(told.sum()) if told.any() else None,
        "recall": right / int(have.sum()) if have.any() else None,
        "f1": 2 * right / int(have.sum() + told.sum()) if (have | told).any() else None,
    }
