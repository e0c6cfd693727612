"""What a strength does to validation pairs: the loss that training made smaller, and how often the chosen answer gained more."""

from __future__ import annotations

import polars as pl

from acclimate.core.preferences import AnswerGain, LossType, preference_loss, reward_margin


def preference_figures(
    base: pl.DataFrame, adapted: pl.DataFrame, *, beta: float, loss_type: LossType
) -> dict[str, float | None]:
    """The mean loss of the pairs in the scored texts of base and adapted model, and the share with a positive margin.

    A margin of nothing counts half, as it does while training. Stop tokens are left out. Empty without pairs.
    """
    keys = ["id", "candidate"]
    task = base.filter(pl.col("suite") == "task").join(
        adapted.select("suite", *keys, after="nats"), on=["suite", *keys]
    )
    chosen = task.filter(pl.col("candidate") == "chosen")
    rejected = task.filter(pl.col("candidate") == "rejected").select("id", "nats", "after", "tokens")
    pairs = chosen.join(rejected, on="id", suffix="_rejected").sort("id")
    margins = [
        reward_margin(
            AnswerGain(row["nats"] - row["after"], row["tokens"]),
            AnswerGain(row["nats_rejected"] - row["after_rejected"], row["tokens_rejected"]),
            beta=beta,
            loss_type=loss_type,
        )
        for row in pairs.iter_rows(named=True)
    ]
    if not margins:
        return {}
    right = sum((margin > 0) + (margin == 0) / 2 for margin in margins)
    losses = sum(preference_loss(margin) for margin in margins)
    return {"preference_loss": losses / len(margins), "preference_accuracy": right / len(margins)}
