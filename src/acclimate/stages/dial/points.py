"""What each strength gains on validation records and loses of what the base knew, with intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from acclimate.core.preferences import BETAS
from acclimate.core.retention import BROKEN, HELD, ONE_SIDED, Budget, retention
from acclimate.core.statistics import Ratio, Resamples, paired_share_bounds
from acclimate.stages.dial.config import DialConfig
from acclimate.stages.dial.preferences import preference_figures

ENOUGH_TEXTS = 10
"""General texts below which no interval is asked for."""

POINT_SCHEMA = pa.schema(
    [
        pa.field("alpha", pa.float64(), nullable=False),
        *(pa.field(name, pa.float64()) for name in ("bits_per_byte", "change", "change_low", "change_high")),
        *(pa.field(name, pa.float64()) for name in ("general", "general_low", "general_high")),
        *(pa.field(name, pa.float64()) for name in ("abilities", "abilities_low", "abilities_high")),
        *(pa.field(name, pa.float64()) for name in ("preference_loss", "preference_accuracy")),
        pa.field("inside", pa.bool_(), nullable=False),
        pa.field("kept", pa.bool_(), nullable=False),
    ]
)
"""One strength; of pairs bits per byte are those of the chosen answers. `change` is the adapted model's bits per byte less the base's on validation records (negative is a gain),
`general` the relative change on general text, `abilities` the change of accuracy over all probes, `preference_accuracy` the
share of validation pairs whose chosen answer gained more; null where not measured."""


@dataclass(frozen=True)
class Point:
    """A strength with its figures by column, and whether it stays inside the budget."""

    alpha: float
    figures: Mapping[str, float | None]
    inside: bool
    because: str = ""

    @property
    def bits_per_byte(self) -> float | None:
        """On the validation records."""
        return self.figures.get("bits_per_byte")

    @property
    def measured(self) -> float | None:
        """What is the less the more was learnt: the loss of pairs where there are any, else bits per byte."""
        return self.figures.get("preference_loss", self.bits_per_byte)


def measure(sweep: pl.DataFrame, config: DialConfig) -> list[Point]:
    """A point for each strength of the sweep, the base's first."""
    abilities = dict(sweep.filter(pl.col("ability").is_not_null()).select("id", "ability").iter_rows())
    base = sweep.filter(pl.col("alpha") == 0)
    points = [Point(0.0, {"bits_per_byte": _bits_per_byte(base)} | _preferences(base, base, config), inside=True)]
    for alpha in sweep["alpha"].unique().sort().to_list():
        if alpha > 0:
            points.append(_point(alpha, base, sweep.filter(pl.col("alpha") == alpha), abilities, config))
    return points


def _point(
    alpha: float, base: pl.DataFrame, adapted: pl.DataFrame, abilities: Mapping[str, str], config: DialConfig
) -> Point:
    budget = Budget(config.general_budget, config.ability_budget)
    kept = retention(base, adapted, abilities, budget=budget, resamples=config.resamples, seed=config.seed)
    general, pooled = kept["general"], _pooled(kept["abilities"])
    broken = [ability["ability"] for ability in kept["abilities"] if ability["verdict"] == BROKEN]
    because = _outside(general, pooled, broken, config)
    figures = {"bits_per_byte": _bits_per_byte(adapted)} | _change(base, adapted, config) | pooled
    figures |= _preferences(base, adapted, config)
    if general is not None:
        figures |= {"general": general["value"], "general_low": general["low"], "general_high": general["high"]}
    return Point(alpha, figures, inside=not because, because=because)


def _preferences(base: pl.DataFrame, adapted: pl.DataFrame, config: DialConfig) -> dict[str, float | None]:
    if config.task != "preference":
        return {}
    beta = config.beta or BETAS[config.loss_type]
    return preference_figures(base, adapted, beta=beta, loss_type=config.loss_type)


def _outside(
    general: Mapping[str, Any] | None, pooled: Mapping[str, float | None], broken: list[str], config: DialConfig
) -> str:
    """Why a strength is outside the budget, in words; empty where it is inside.

    General text must be shown to be held, where there is enough of it to show anything. Of abilities, set aside in small
    numbers, a loss must be seen to count.
    """
    if general is not None and _exceeds(general):
        rise = general["value"] if _is_few(general) else general["high"]
        return f"general text rises by up to {rise:.1%}, of {config.general_budget:.1%} allowed"
    if broken:
        return f"{', '.join(broken)} is lost by more than {config.ability_budget:.1%}"
    loss = pooled.get("abilities")
    if loss is not None and loss < -config.ability_budget:
        return f"abilities fall by {-loss:.1%} together, of {config.ability_budget:.1%} allowed"
    return ""


def _exceeds(general: Mapping[str, Any]) -> bool:
    """With few texts every interval is wider than the budget, so that the figure itself has to do."""
    over: bool = general["value"] > general["budget"] if _is_few(general) else general["verdict"] != HELD
    return over


def _is_few(general: Mapping[str, Any]) -> bool:
    return int(general["items"]) < ENOUGH_TEXTS


def _pooled(abilities: list[dict[str, Any]]) -> dict[str, float | None]:
    """The change of accuracy over all probes, with its interval."""
    items = sum(ability["items"] for ability in abilities)
    if not items:
        return {}
    won, lost = (sum(ability[name] for ability in abilities) for name in ("won", "lost"))
    bounds = paired_share_bounds(won=won, lost=lost, items=items, confidence=ONE_SIDED)
    return {"abilities": (won - lost) / items, "abilities_low": bounds.low, "abilities_high": bounds.high}


def _change(base: pl.DataFrame, adapted: pl.DataFrame, config: DialConfig) -> dict[str, float | None]:
    """The adapted model's bits per byte less the base's, paired, by whole subjects."""
    pairs = _task(base).join(_task(adapted).select("id", adapted="nats"), on="id").sort("id")
    if pairs.is_empty():
        return {}
    bits = (pairs["adapted"] - pairs["nats"]).to_numpy() / math.log(2)
    resamples = Resamples(
        pairs["cluster"].to_list(), resamples=config.resamples, seed=config.seed, confidence=config.confidence
    )
    change = resamples.value(Ratio(bits, pairs["bytes"].to_numpy().astype(np.float64)))
    figures = {"change": change.value, "change_low": change.low, "change_high": change.high}
    return {name: None if math.isnan(value) else value for name, value in figures.items()}


def _bits_per_byte(scored: pl.DataFrame) -> float | None:
    task = _task(scored)
    size = int(task["bytes"].sum())
    return float(task["nats"].sum()) / math.log(2) / size if size else None


def _task(scored: pl.DataFrame) -> pl.DataFrame:
    """The task's references; of pairs the chosen answers."""
    return scored.filter((pl.col("suite") == "task") & (pl.col("candidate") != "rejected"))
