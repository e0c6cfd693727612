"""How much of what the answers state stands in their sources, for each arm, with the references as the yardstick."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from acclimate.core.json_values import without_nan
from acclimate.core.statistics import Estimate, Ratio
from acclimate.stages.evaluate.compare import Settings
from acclimate.stages.evaluate.support.check import KINDS, Mark, Source

GROUNDED = 0.5
"""Share of the references' own statements that must stand in their sources, for the others to be judged by them."""

_Marks = Mapping[str, Sequence[Mark]]


def support_metrics(
    sources: Mapping[str, str],
    references: Mapping[str, str],
    answers: Mapping[str, Mapping[str, str]],
    clusters: Mapping[str, str],
    settings: Settings,
) -> dict[str, Any] | None:
    """For each arm the share of statements that do not stand in the source, with its interval, and for each kind.

    `sources` (what was asked), `references` and `clusters` are by item, `answers` by arm and item. None where no item has
    an answer. `less_base` is the arm's share less that of the base, on items that both answered. `is_grounded` says
    whether the references state what stands in their sources: where they do not, as in questions about the world, an
    answer's statements cannot be held against its question.
    """
    answered = sorted({item for given in answers.values() for item in given})
    if not answered:
        return None
    read = {item: Source(sources[item]) for item in answered}
    of_references = {item: read[item].check(references[item]) for item in answered}
    found = {
        arm: {item: read[item].check(answer) for item, answer in sorted(given.items())}
        for arm, given in answers.items()
        if given
    }
    yardstick = _shares(of_references, clusters, settings)
    return {
        "references": yardstick,
        "is_grounded": yardstick["share"] is not None and yardstick["share"] <= 1 - GROUNDED,
        "arms": {
            arm: {**_shares(marks, clusters, settings), "less_base": _less_base(arm, found, clusters, settings)}
            for arm, marks in found.items()
        },
    }


def _shares(marks: _Marks, clusters: Mapping[str, str], settings: Settings) -> dict[str, Any]:
    """Of all statements, and of those of each kind that is stated."""
    of_kinds = {
        kind: {item: [mark for mark in given if mark.kind == kind] for item, given in marks.items()} for kind in KINDS
    }
    kinds = {kind: _share(only, clusters, settings) for kind, only in of_kinds.items() if any(only.values())}
    return {**_share(marks, clusters, settings), "kinds": kinds}


def _share(marks: _Marks, clusters: Mapping[str, str], settings: Settings) -> dict[str, Any]:
    row: dict[str, Any] = {
        "items": len(marks),
        "items_with_unsupported": sum(any(not mark.is_supported for mark in given) for given in marks.values()),
        "stated": sum(len(given) for given in marks.values()),
        "unsupported": sum(not mark.is_supported for given in marks.values() for mark in given),
    }
    stating = [item for item, given in marks.items() if given]
    if not stating:
        return row | {"share": None, "low": None, "high": None, "clusters": 0}
    estimate = settings.resampling([clusters[item] for item in stating]).value(_ratio(marks, stating))
    return row | _figures(estimate, "share")


def _less_base(
    arm: str, found: Mapping[str, _Marks], clusters: Mapping[str, str], settings: Settings
) -> dict[str, Any] | None:
    if arm == "base" or "base" not in found:
        return None
    both = [item for item, given in found[arm].items() if given and found["base"].get(item)]
    if not both:
        return None
    resampling = settings.resampling([clusters[item] for item in both])
    difference = resampling.difference(_ratio(found[arm], both), _ratio(found["base"], both))
    return {"items": len(both), **_figures(difference, "difference")}


def _figures(estimate: Estimate, name: str) -> dict[str, Any]:
    figures = {name: estimate.value, "low": estimate.low, "high": estimate.high, "clusters": estimate.clusters}
    return without_nan(figures)


def _ratio(marks: _Marks, items: Sequence[str]) -> Ratio:
    unsupported = [float(sum(not mark.is_supported for mark in marks[item])) for item in items]
    return Ratio(np.array(unsupported), np.array([float(len(marks[item])) for item in items]))
