"""The strength that is kept: the most gain that the retention budget allows, or the one that somebody set."""

from __future__ import annotations

from acclimate.core.stage import Equality, ExpectedCost, InputSizes, Stage
from acclimate.stages.dial.config import DialConfig
from acclimate.stages.dial.points import POINT_SCHEMA
from acclimate.stages.dial.run import run

__all__ = ["STAGE", "DialConfig"]


def _estimate(config: DialConfig, known: InputSizes) -> ExpectedCost:
    return ExpectedCost(1.0, 500_000_000, "no model is asked")


STAGE = Stage(
    name="dial",
    config=DialConfig,
    run=run,
    inputs=("sweep", "base", "adapter"),
    equality=Equality.TOLERANCE,
    schema=POINT_SCHEMA,
    code=(
        "acclimate.core.examples",
        "acclimate.core.preferences",
        "acclimate.core.retention",
        "acclimate.core.statistics",
        "acclimate.backends.adapters",
        "acclimate.backends.dial",
    ),
    estimate=_estimate,
)
