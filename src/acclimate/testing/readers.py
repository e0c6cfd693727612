"""Made-up readers with known habits: what they prefer, what a first place and a longer text are worth to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from acclimate.annotation.study.judgements import Shown, compared, judgement_table


@dataclass(frozen=True)
class Habits:
    """Log-odds: of preferring the first arm at equal length, of what stands first, of what is e times as long."""

    arm: float = 0.0
    first: float = 0.0
    length: float = 0.0
    spread: float = 0.0
    """Standard deviation of the arm's effect over subjects: what makes readings of one subject alike."""


def simulated(
    habits: Habits,
    generator: np.random.Generator,
    *,
    subjects: int = 60,
    items: int = 2,
    readers: int = 2,
    arms: Sequence[str] = ("adapted", "base"),
) -> pl.DataFrame:
    """Judgements of a study where every reader reads every item, the first arm being longer more often than not."""
    rows: list[dict[str, object]] = []
    for subject in range(subjects):
        liking = habits.arm + habits.spread * generator.normal()
        for item in range(items):
            lengths = np.exp(generator.normal([0.3, 0.0], 0.4)) * 100
            for reader in range(readers):
                order = list(arms) if generator.random() < 0.5 else list(reversed(arms))
                texts = {arm: "x" * int(length) for arm, length in zip(arms, lengths, strict=True)}
                ratio = np.log((len(texts[arms[0]]) + 1) / (len(texts[arms[1]]) + 1))
                odds = liking + habits.first * (1 if order[0] == arms[0] else -1) + habits.length * ratio
                better = generator.random() < 1 / (1 + np.exp(-odds))
                ranking = [[arms[0]], [arms[1]]] if better else [[arms[1]], [arms[0]]]
                shown = Shown(f"i{subject}-{item}", f"s{subject}", f"r{reader}", order, [texts[arm] for arm in order])
                rows += compared(shown, {"better": ranking}, arms)
    return judgement_table(iter(rows))
