"""Text sampled from the base alone: one half is replayed in training, the other shows how far the model moved."""

from __future__ import annotations

from collections.abc import Mapping

from acclimate.core.stage import Equality, ExpectedCost, Stage
from acclimate.stages.sample.config import SampleConfig
from acclimate.stages.sample.run import run

__all__ = ["STAGE", "SampleConfig"]


def _estimate(config: SampleConfig, rows: Mapping[str, int]) -> ExpectedCost:
    # 540 tokens a second, batched, SmolLM2-135M on two cores.
    return ExpectedCost(config.n * 2 * config.max_new_tokens * 0.7 / 540, because="for a 135M model on two cores")


STAGE = Stage(
    name="sample",
    config=SampleConfig,
    run=run,
    inputs=("base",),
    equality=Equality.TOLERANCE,
    code=(
        "acclimate.core.inference",
        "acclimate.backends.decoder",
        "acclimate.backends.generation",
        "acclimate.backends.precision",
        "acclimate.backends.rendering",
    ),
    estimate=_estimate,
)
