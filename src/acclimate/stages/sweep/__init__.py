"""The trained model at several strengths, on validation records and on retention texts that no report rests on."""

from __future__ import annotations

from acclimate.core.stage import SMOLLM2, Equality, ExpectedCost, InputSizes, Stage
from acclimate.stages.sweep.config import SweepConfig
from acclimate.stages.sweep.run import SWEEP_SCHEMA, run

__all__ = ["STAGE", "SweepConfig"]


def _estimate(config: SweepConfig, known: InputSizes) -> ExpectedCost:
    # Two CPU cores, SmolLM2-135M: about 20 records or 100 probes a second; five abilities of two texts each. The demo's
    # process held 5.9 GB.
    seconds = (1 + len(config.alphas)) * (config.validation_limit / 20 + 10 * config.probes_per_ability / 100)
    return ExpectedCost(seconds, 5_900_000_000).with_model(known.parameters, measured_with=SMOLLM2)


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
