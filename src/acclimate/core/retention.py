"""What the model kept: general text, abilities and its own samples against the exact starting point, item by item.

Held and broken are both claims that need evidence: non-inferiority at a one-sided level of 5 %.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from acclimate.core.errors import DataError
from acclimate.core.json_values import without_nan
from acclimate.core.statistics import (
    Estimate,
    Ratio,
    Resamples,
    exact_mcnemar,
    items_needed,
    paired_share_bounds,
)

HELD, BROKEN, UNTESTED, INSUFFICIENT = "held", "broken", "not tested", "insufficient evidence"
UNNAMED = "unnamed"
ONE_SIDED = 0.9
"""A two-sided interval of this confidence has one-sided bounds of 95 %."""
_UNITS_OF_Z = 1.6448536269514722


@dataclass(frozen=True)
class Budget:
    """How much may be lost, as shares."""

    general: float
    ability: float


def retention(
    base: pl.DataFrame,
    adapted: pl.DataFrame,
    abilities: Mapping[str, str],
    *,
    budget: Budget,
    resamples: int,
    seed: int,
) -> dict[str, Any]:
    """The three measures with their verdicts. `abilities` names the ability of each probe."""
    paired = _pair(base, adapted)
    general = _general(paired.filter(pl.col("suite") == "general"), budget.general, resamples, seed)
    probes = _abilities(paired.filter(pl.col("suite") == "ability"), abilities, budget.ability)
    sampled = _sampled(paired.filter(pl.col("suite") == "sampled"), resamples, seed)
    verdicts = [measure["verdict"] for measure in (general, *probes) if measure is not None]
    return {"general": general, "abilities": probes, "sampled": sampled, "verdict": overall(verdicts)}


def overall(verdicts: list[str]) -> str:
    """One verdict over all: broken where one is, held only where all are."""
    if not verdicts:
        return UNTESTED
    if BROKEN in verdicts:
        return BROKEN
    return HELD if set(verdicts) == {HELD} else INSUFFICIENT


def judge_loss(*, low: float, high: float, margin: float) -> str:
    """Whether a loss stays within its margin, from the one-sided bounds of the loss (positive is worse)."""
    if math.isnan(high):
        return INSUFFICIENT
    if high < margin:
        return HELD
    return BROKEN if low > margin else INSUFFICIENT


def _pair(base: pl.DataFrame, adapted: pl.DataFrame) -> pl.DataFrame:
    """The retention texts of both, which must be the same."""
    keys = ["suite", "id", "candidate"]
    wanted = pl.col("suite") != "task"
    left, right = base.filter(wanted), adapted.filter(wanted)
    paired = left.join(right.select(*keys, adapted="nats"), on=keys, how="inner").sort(keys)
    if not paired.height == left.height == right.height:
        raise DataError(
            f"Retention was predicted for {left.height} texts of the base and {right.height} of the adapted model,"
            f" of which {paired.height} are the same; a paired comparison needs all of them.",
            hint="run predict again with the same settings for both",
        )
    return paired


def _general(paired: pl.DataFrame, margin: float, resamples: int, seed: int) -> dict[str, Any] | None:
    """The relative change of bits per byte; the bytes are the same, so that it is the change of the nats."""
    if paired.is_empty():
        return None
    nats, adapted = _numbers(paired, "nats"), _numbers(paired, "adapted")
    size = float(paired["bytes"].sum()) * math.log(2)
    change = _resampling(paired, resamples, seed).value(Ratio(adapted - nats, nats))
    verdict = judge_loss(low=change.low, high=change.high, margin=margin)
    needed = _items_needed(change.items, change.value, low=change.low, high=change.high, margin=margin)
    return _without_internals(change) | {
        "base": float(nats.sum()) / size,
        "adapted": float(adapted.sum()) / size,
        "budget": margin,
        "verdict": verdict,
        "items_needed": needed if verdict == INSUFFICIENT else None,
    }


def _abilities(paired: pl.DataFrame, abilities: Mapping[str, str], margin: float) -> list[dict[str, Any]]:
    """Accuracy in each ability. A probe is right when the chosen text has fewer nats per byte than the rejected."""
    if paired.is_empty():
        return []
    per_byte = paired.with_columns(pl.col("nats") / pl.col("bytes"), pl.col("adapted") / pl.col("bytes"))
    chosen = per_byte.filter(pl.col("candidate") == "chosen")
    rejected = per_byte.filter(pl.col("candidate") == "rejected").select("id", "nats", "adapted")
    right = chosen.join(rejected, on="id", suffix="_rejected", maintain_order="left").select(
        pl.Series("ability", [abilities.get(name, UNNAMED) for name in chosen["id"]], pl.String),
        (pl.col("nats") < pl.col("nats_rejected")).alias("base"),
        (pl.col("adapted") < pl.col("adapted_rejected")).alias("adapted"),
    )
    return [
        _ability(str(name[0]), probes, margin)
        for name, probes in right.sort("ability").group_by("ability", maintain_order=True)
    ]


def _ability(name: str, probes: pl.DataFrame, margin: float) -> dict[str, Any]:
    items = probes.height
    won = probes.filter(~pl.col("base") & pl.col("adapted")).height
    lost = probes.filter(pl.col("base") & ~pl.col("adapted")).height
    bounds = paired_share_bounds(won=won, lost=lost, items=items, confidence=ONE_SIDED)
    verdict = judge_loss(low=-bounds.high, high=-bounds.low, margin=margin)
    needed = _items_needed(items, (won - lost) / items, low=bounds.low, high=bounds.high, margin=-margin)
    return {
        "ability": name,
        "items": items,
        "base": probes["base"].sum() / items,
        "adapted": probes["adapted"].sum() / items,
        "difference": (won - lost) / items,
        "low": bounds.low,
        "high": bounds.high,
        "won": won,
        "lost": lost,
        "p_value": exact_mcnemar(lost, won),
        "budget": -margin,
        "verdict": verdict,
        "items_needed": needed if verdict == INSUFFICIENT else None,
    }


def _items_needed(items: int, value: float, *, low: float, high: float, margin: float) -> int | None:
    """How many items would settle it, by the side of the interval that has to clear the margin."""
    reach = value - low if value > margin else high - value
    return items_needed(items=items, standard_error=reach / _UNITS_OF_Z, value=value, margin=margin)


def _sampled(paired: pl.DataFrame, resamples: int, seed: int) -> dict[str, Any] | None:
    """Kullback-Leibler divergence from the base, per token, estimated on text that the base sampled by itself."""
    if paired.is_empty():
        return None
    gap = _numbers(paired, "adapted") - _numbers(paired, "nats")
    divergence = _resampling(paired, resamples, seed).value(Ratio(gap, _numbers(paired, "tokens")))
    return _without_internals(divergence) | {
        "nats_per_token": divergence.value,
        "bits_per_token": divergence.value / math.log(2),
        "tokens": int(paired["tokens"].sum()),
    }


def _resampling(paired: pl.DataFrame, resamples: int, seed: int) -> Resamples:
    return Resamples(paired["id"].to_list(), resamples=resamples, seed=seed, confidence=ONE_SIDED)


def _numbers(frame: pl.DataFrame, column: str) -> np.ndarray:
    return frame[column].to_numpy().astype(np.float64)


def _without_internals(estimate: Estimate) -> dict[str, Any]:
    kept = ("value", "low", "high", "minimum_detectable", "items")
    return without_nan({key: getattr(estimate, key) for key in kept}) | {"confidence": ONE_SIDED}
