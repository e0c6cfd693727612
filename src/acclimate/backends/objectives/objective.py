"""The seam between the training loop and what is learnt."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Batch = Sequence[tuple[str, Any]]
"""The rows of one optimiser step, each with the source it comes from; of the kind that the objective learns from."""


@dataclass(frozen=True)
class Figure:
    """What decides which step was best: a figure of `measure`, the lower the better, and its name in words."""

    key: str
    words: str


@dataclass(frozen=True)
class BatchLoss:
    """The loss of one step: the mean over what carries loss, and over that of each source of rows.

    `trained_tokens` counts what carries loss, `tokens` all tokens that were computed.
    """

    loss: float
    by_source: Mapping[str, float]
    trained_tokens: int
    tokens: int


class Objective(Protocol):
    """What training makes smaller. It draws no random number that a resumed run would not draw again."""

    figure: Figure

    def accumulate(self, batch: Batch, pack_done: Callable[[], None]) -> BatchLoss:
        """Leaves the gradients of a step in the model, pack by pack; `pack_done` is called after each, to take them."""

    def measure(self) -> Mapping[str, float]:
        """The figures on the validation rows, `figure` among them; empty where there are none."""


def means(losses: Mapping[str, Sequence[float]]) -> tuple[float, dict[str, float]]:
    """The mean of all losses, and that of each source that has any.

    >>> means({"domain": [1.0, 2.0], "replay": [6.0], "other": []})
    (3.0, {'domain': 1.5, 'replay': 6.0})
    """
    count = sum(map(len, losses.values()))
    total = math.fsum(value for values in losses.values() for value in values)
    return total / count, {name: math.fsum(losses[name]) / len(losses[name]) for name in sorted(losses) if losses[name]}
