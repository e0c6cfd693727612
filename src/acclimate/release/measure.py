"""One figure under its margin: passed, missed, or not settled, and how many items would settle it."""

from __future__ import annotations

from dataclasses import dataclass

from scipy.stats import norm, t

from acclimate.core.statistics import items_needed


@dataclass(frozen=True)
class Measure:
    """A figure of which more is better.

    `low` is its lower bound at the one-sided `level`, which is already divided by the `looks` at the test set. `error` is
    the standard error that its upper side stands for, `items` on how many items it rests.
    """

    value: float
    low: float
    error: float
    margin: float
    level: float
    looks: int
    items: int

    @property
    def passes(self) -> bool:
        """Whether the lower bound clears the margin."""
        return self.low > self.margin

    @property
    def p_missed(self) -> float:
        """The one-sided p-value that speaks for a true figure below the margin, times the looks; 1 without any error."""
        if not self.error:
            return 1.0
        return min(1.0, self.looks * float(norm.cdf((self.value - self.margin) / self.error)))

    @property
    def items_missing(self) -> int | None:
        """How many more items would settle it, if all stays as measured; None where no number would.

        What counts is the side of the interval that has to clear the margin.

        >>> Measure(value=0.1, low=-0.1, error=0.1, margin=0.0, level=0.025, looks=1, items=100).items_missing
        718
        """
        below = (self.value - self.low) / float(norm.ppf(1 - self.level))
        error = below if self.value > self.margin else self.error
        total = items_needed(
            items=self.items, standard_error=error, value=self.value, margin=self.margin, confidence=1 - 2 * self.level
        )
        return None if total is None else total - self.items


def from_interval(
    value: float, low: float, high: float, *, margin: float, confidence: float, clusters: int, looks: int, items: int
) -> Measure:
    """A figure with a bootstrap interval of so many clusters; its lower side is widened for the looks by Student's t."""
    level = (1 - confidence) / 2
    usual, paid = (float(t.ppf(1 - one, clusters - 1)) for one in (level, level / looks))
    error = (high - value) / float(norm.ppf(1 - level))
    return Measure(value, value - (value - low) * paid / usual, error, margin, level / looks, looks, items)
