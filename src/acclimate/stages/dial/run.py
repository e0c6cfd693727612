"""Chooses a strength from the sweep and writes what was trained at it, so that everything after it uses that one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
import pyarrow as pa

from acclimate.core.artifacts import Output
from acclimate.core.errors import ContractError
from acclimate.core.ports import Context
from acclimate.core.report import Counts, Report
from acclimate.core.stage import Inputs
from acclimate.stages.dial.config import DialConfig
from acclimate.stages.dial.points import POINT_SCHEMA, Point, measure


def run(config: DialConfig, inputs: Inputs, output: Output, context: Context) -> Report:
    """The strengths as rows, and the adapter or weights at the kept one in `model/`."""
    if context.models is None:
        raise ContractError("dial needs a base model")
    points = measure(pl.DataFrame(pl.from_arrow(inputs["sweep"].table())), config)
    alpha, chosen_by, warnings = choose(points, config)
    context.models.scale_adapter(
        inputs["base"].path, adapter=inputs["adapter"].model_folder, alpha=alpha, output=output.path / "model"
    )
    rows = [{"alpha": point.alpha, **point.figures, "inside": point.inside} for point in points]
    table = [row | {"kept": row["alpha"] == alpha} for row in rows]
    output.keep(pa.Table.from_pylist(table, schema=POINT_SCHEMA))
    metrics: dict[str, Any] = {
        "alpha": alpha,
        "chosen_by": chosen_by,
        "budget": {"general": config.general_budget, "abilities": config.ability_budget},
        "points": [row | {"because": point.because} for row, point in zip(rows, points, strict=True)],
    }
    return Report("dial", Counts(len(points), len(points), unit="strengths"), metrics, warnings)


def choose(points: Sequence[Point], config: DialConfig) -> tuple[float, str, tuple[str, ...]]:
    """The kept strength, who or what chose it, and what the reader must know of it."""
    if config.alpha is not None:
        return config.alpha, "you", ()
    tried = [point for point in points if point.alpha > 0]
    if not any(point.measured is not None for point in tried):
        return 1.0, "default", ("There were no validation records, so the strength was left as trained.",)
    inside = [point for point in tried if point.inside]
    if not inside:
        least = tried[0]
        said = f"No strength stays inside the retention budget; the weakest, {least.alpha:g}, is kept: {least.because}."
        return least.alpha, "budget", (said,)
    best = min(inside, key=lambda point: (point.measured, point.alpha))
    if best.alpha == 1:
        return 1.0, "budget", ()
    full = tried[-1]
    reason = full.because if not full.inside else "a stronger one gains no more on the validation records"
    return best.alpha, "budget", (f"What was trained is kept at {best.alpha:g} of its strength: {reason}.",)
