"""Whether what was learnt is a liking for length: accuracy where the better answer is the longer one, and answers' lengths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl

from acclimate.core.json_values import without_nan
from acclimate.core.statistics import Estimate, Ratio
from acclimate.stages.evaluate.compare import Group, Settings
from acclimate.stages.evaluate.pair_items import ACCURACY_PER_TOKEN

CHOSEN_LONGER, CHOSEN_SHORTER = "chosen is longer", "chosen is shorter"


def length_groups(items: pl.DataFrame) -> Iterator[Group]:
    """The pairs in which the chosen answer is the longer, and those in which it is the shorter one, in bytes."""
    difference = pl.col("bytes") - pl.col("bytes_rejected")
    for value, wanted in ((CHOSEN_LONGER, difference > 0), (CHOSEN_SHORTER, difference < 0)):
        if not (of_group := items.filter(wanted)).is_empty():
            yield Group("length", value, of_group)


def length_metrics(
    items: pl.DataFrame, predictions: Mapping[str, pl.DataFrame], settings: Settings, metric: str
) -> dict[str, Any]:
    """How accuracy depends on length, and how long generated answers became, each with its interval."""
    return {
        "bytes_chosen": float(items["bytes"].to_numpy().mean()),
        "bytes_rejected": float(items["bytes_rejected"].to_numpy().mean()),
        "pairs_by_length": {group.value: group.items.height for group in length_groups(items)},
        "leaning": {
            "metric": metric,
            "adapted": _leaning(items, f"{metric}_adapted", settings),
            "base": _leaning(items, f"{ACCURACY_PER_TOKEN}_base", settings),
        },
        "generated": _generated(items, predictions, settings),
    }


def _leaning(items: pl.DataFrame, column: str, settings: Settings) -> dict[str, Any]:
    """Accuracy where the chosen answer is longer, less that where it is shorter; nothing leans to length at 0."""
    right = items[column].to_numpy().astype(np.float64)
    difference = (items["bytes"] - items["bytes_rejected"]).to_numpy()
    longer, shorter = (difference > 0).astype(np.float64), (difference < 0).astype(np.float64)
    resampling = settings.resampling(items["cluster"].to_list())
    return _figures(resampling.difference(Ratio(right * longer, longer), Ratio(right * shorter, shorter)))


def _generated(
    items: pl.DataFrame, predictions: Mapping[str, pl.DataFrame], settings: Settings
) -> dict[str, Any] | None:
    """The length of the adapted model's answers over that of the base's to the same prompts, in characters."""
    both = items.drop_nulls(["characters_base", "characters_adapted"])
    if both.is_empty():
        return None
    lengths = {arm: both[f"characters_{arm}"].to_numpy().astype(np.float64) for arm in ("base", "adapted")}
    ratio = settings.resampling(both["cluster"].to_list()).value(Ratio(lengths["adapted"], lengths["base"]))
    return {
        "answers": both.height,
        **{f"characters_{arm}": float(of_arm.mean()) for arm, of_arm in lengths.items()},
        **{f"cut_{arm}": predictions[arm].filter(pl.col("stopped").eq(False)).height for arm in lengths},
        **_figures(ratio),
    }


def _figures(estimate: Estimate) -> dict[str, Any]:
    kept = ("value", "low", "high", "minimum_detectable", "items", "clusters")
    return without_nan({name: getattr(estimate, name) for name in kept})
