"""One figure under its margin: passed, missed, or not settled, and how many items would settle it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.stats import norm

from acclimate.core.statistics import items_needed


@dataclass(frozen=True)
class Measure:
    """A figure of which more is better, with its two-sided interval at `confidence`, measured on so many `items`.

    The two sides of the interval need not be equally long; each stands for a standard error of its own.
    """

    value: float
    low: float
    high: float
    margin: float
    confidence: float
    items: int

    def passes(self, looks: int) -> bool:
        """Whether the lower bound clears the margin, at the interval's own one-sided level divided by the looks."""
        level = (1 - self.confidence) / 2 / looks
        return self.value - float(norm.ppf(1 - level)) * self._error(self.low) > self.margin

    def p_missed(self, looks: int) -> float:
        """The one-sided p-value that speaks for a true figure below the margin, times the looks."""
        error = self._error(self.high)
        if not error:
            return 0.0 if self.value < self.margin else 1.0
        return min(1.0, looks * float(norm.cdf((self.value - self.margin) / error)))

    def items_missing(self, looks: int) -> int | None:
        """How many more items would settle it, if all stays as measured; None where no number would.

        >>> Measure(value=0.1, low=-0.1, high=0.3, margin=0.0, confidence=0.95, items=100).items_missing(1)
        718
        """
        error = max(self._error(self.low), self._error(self.high))
        confidence = 1 - (1 - self.confidence) / looks
        total = items_needed(
            items=self.items, standard_error=error, value=self.value, margin=self.margin, confidence=confidence
        )
        return None if total is None else total - self.items

    def _error(self, bound: float) -> float:
        return math.fabs(bound - self.value) / float(norm.ppf((1 + self.confidence) / 2))
