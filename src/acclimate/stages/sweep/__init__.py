"""The trained model at several strengths, on validation records and on retention texts that no report rests on."""

from __future__ import annotations

from collections.abc import Mapping

from acclimate.core.stage import Equality, ExpectedCost, Stage
from acclimate.stages.sweep.config import SweepConfig
from acclimate.stages.sweep.run import SWEEP_SCHEMA, run

__all__ = ["STAGE", "SweepConfig"]


def _estimate(config: SweepConfig, rows: Mapping[str, int]) -> ExpectedCost:
    # Two CPU cores, SmolLM2-135M: about 20 records or 100 probes a second; five abilities of two texts each.
    texts = config.validation_limit / 20 + 10 * config.probes_per_ability / 100
    return ExpectedCost((1 + len(config.alphas)) * texts, because="for a 135M model on two cores")


STAGE = Stage(
    name="sweep",
    config=SweepConfig,
    run=run,
    inputs=("records", "base", "adapter"),
    equality=Equality.TOLERANCE,
    schema=SWEEP_SCHEMA,
    code=(
        "acclimate.core.examples",
        "acclimate.core.hash_order",
        "acclimate.core.inference",
        "acclimate.core.preferences",
        "acclimate.core.scored_texts",
        "acclimate.backends.adapters",
        "acclimate.backends.attention",
        "acclimate.backends.cross_entropy",
        "acclimate.backends.decoder",
        "acclimate.backends.dial",
        "acclimate.backends.packing",
        "acclimate.backends.precision",
        "acclimate.backends.rendering",
        "acclimate.backends.scoring",
    ),
    estimate=_estimate,
)
