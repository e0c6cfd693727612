"""Fine-tuning: continued pretraining or supervised training, with replay, on rows that keep their records' identity."""

from __future__ import annotations

from acclimate.core.labels import LABEL_TASKS
from acclimate.core.stage import MINILM, SMOLLM2, Equality, ExpectedCost, InputSizes, Stage
from acclimate.stages.train.config import TrainConfig
from acclimate.stages.train.run import preview, run

__all__ = ["STAGE", "TrainConfig", "preview"]

TOKENS_PER_ROW = 330
TOKENS_PER_SECOND = {"lora": 700, "full": 450, "top_layers": 1300, "modules": 600, "norms_and_biases": 700}
"""SmolLM2-135M in bf16 on two cores with AMX; the last two are reckoned from the others."""

PASSES_OF_PAIRS = 2.7
"""What a pair costs of what a row does: two answers, and one more look at both without gradients."""

MEMORY = {"lora": 5e9, "full": 8e9, "top_layers": 5e9, "modules": 6e9, "norms_and_biases": 5e9}
"""The demo's process peaked at 5.0 GB with lora; the others are reckoned from it."""

TEXTS_PER_SECOND = 40
ENCODER_MEMORY = 1.2e9
"""MiniLM on queries of some 15 tokens, one core in fp32; long texts take longer."""


def _estimate(config: TrainConfig, known: InputSizes) -> ExpectedCost | None:
    if config.max_steps is None and "records" not in known.rows:
        return None
    own_share = 1 - config.replay_share if config.replays else 1
    seen = config.steps(known.rows.get("records", 0)) * config.rows_per_step / own_share
    if config.task in ("masked_lm", *LABEL_TASKS):
        cost = ExpectedCost(seen / TEXTS_PER_SECOND, int(ENCODER_MEMORY))
        return cost.with_model(known.parameters, measured_with=MINILM)
    seconds = seen * TOKENS_PER_ROW / TOKENS_PER_SECOND[config.method]
    seconds *= PASSES_OF_PAIRS if config.task == "preference" else 1
    return ExpectedCost(seconds, int(MEMORY[config.method])).with_model(known.parameters, measured_with=SMOLLM2)


STAGE = Stage(
    name="train",
    config=TrainConfig,
    run=run,
    inputs=("records", "base"),
    equality=Equality.TOLERANCE,
    code=(
        "acclimate.backends",
        "acclimate.core.examples",
        "acclimate.core.hash_order",
        "acclimate.core.label_sets",
        "acclimate.core.labels",
        "acclimate.core.logistic_regression",
        "acclimate.core.preferences",
    ),
    estimate=_estimate,
)
