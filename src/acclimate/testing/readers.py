"""Made-up readers with known habits: what they prefer, what a first place, a longer text or a suggestion is worth to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from acclimate.annotation.readings import Floats
from acclimate.annotation.study.judgements import Shown, compared, judgement_table
from acclimate.annotation.suggestions.influence import Exposure


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


@dataclass(frozen=True)
class Pull:
    """Log-odds of agreeing with a suggestion: unseen, on average and by how much items differ, and what seeing it adds.

    `spread` is how much readers differ, in how often they agree and in how far they are pulled.
    """

    unseen: float = 0.4
    items: float = 1.0
    seeing: float = 0.7
    spread: float = 0.4


@dataclass(frozen=True)
class SimulatedExposures:
    """Readings beside suggestions, and the difference that seeing them makes with these readers over all items."""

    readings: Sequence[Exposure]
    truth: float


def simulated_exposures(
    pull: Pull, generator: np.random.Generator, *, items: int = 80, readers: int = 3
) -> SimulatedExposures:
    """Readings of a task where every reader reads every item, its suggestion shown by a draw."""
    inclined = pull.spread * generator.normal(size=readers)
    agrees = pull.unseen + pull.items * generator.normal(size=(items, 1)) + inclined
    pulled = pull.seeing + pull.spread * generator.normal(size=readers)
    shown = generator.random((items, readers)) < 0.5
    kept = generator.random((items, readers)) < _logistic(agrees + shown * pulled)
    readings = [
        Exposure(f"i{item}", shown=bool(shown[item, reader]), kept=bool(kept[item, reader]))
        for item in range(items)
        for reader in range(readers)
    ]
    points, weights = np.polynomial.hermite_e.hermegauss(40)
    over_items = pull.unseen + pull.items * points[:, None] + inclined
    added = _logistic(over_items + pulled) - _logistic(over_items)
    return SimulatedExposures(readings, float(weights @ added.mean(axis=1) / weights.sum()))


def _logistic(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-odds)), dtype=np.float64)
