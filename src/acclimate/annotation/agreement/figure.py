"""The one form that every coefficient of agreement has: 1 − observed disagreement / expected disagreement.

Both come from sums over items, so that whole items, or whole clusters of them, can be resampled for the interval.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from acclimate.annotation.readings import Floats
from acclimate.core.errors import DataError
from acclimate.core.statistics import Estimate, Resamples

NO_VARIATION = "Every reading gives the same label, so nothing can be said of agreement beyond chance."
NO_DISAGREEMENT = (
    "No disagreement was seen, so the bootstrap cannot tell how much there may be: "
    "with 95 % confidence it touches less than {share:.1%} of such items."
)
ONE_CLUSTER = "All items are in one cluster, so there is nothing to resample."
TOO_RARE = "Some resamples have no variation: too few items have the rarer labels, or any span, for an interval."


class TooFewReadingsError(DataError):
    """Agreement needs items that two annotators read."""


@dataclass(frozen=True)
class Bootstrap:
    """How intervals are made: whole clusters are drawn this many times."""

    resamples: int = 1000
    confidence: float = 0.95
    seed: int = 0


DEFAULT_BOOTSTRAP = Bootstrap()


@dataclass(frozen=True)
class Disagreement:
    """Observed and expected disagreement, one entry a draw."""

    observed: Floats
    expected: Floats

    @property
    def coefficient(self) -> Floats:
        """1 − observed / expected; NaN where chance alone would give no disagreement either."""
        share = np.full_like(self.observed, np.nan)
        np.divide(self.observed, self.expected, out=share, where=self.expected > 0)
        return 1 - share


@dataclass(frozen=True)
class Agreement:
    """One coefficient with its interval.

    Where the figure or its interval is undefined it is NaN, and `reason` says why; else `reason` is empty.
    `items` had two readings or more and `readings` counts theirs. The p-value of the estimate asks whether the
    coefficient is 0.
    """

    coefficient: str
    estimate: Estimate
    observed_disagreement: float
    expected_disagreement: float
    items: int
    readings: int
    annotators: int
    reason: str = ""

    @property
    def value(self) -> float:
        """The coefficient itself: 1 is perfect, 0 is what chance gives."""
        return self.estimate.value


@dataclass(frozen=True)
class Figure:
    """A coefficient before it is computed: `columns` has a row for each item, `disagreement` takes sums of them."""

    coefficient: str
    columns: Floats | sparse.csr_array
    disagreement: Callable[[Floats], Disagreement]
    clusters: Sequence[str]
    items: int
    readings: int
    annotators: int
    no_variation: str = NO_VARIATION

    def agreement(self, bootstrap: Bootstrap) -> Agreement:
        """The coefficient with its interval, or the reason why there is none."""
        draws = Resamples(
            self.clusters, resamples=bootstrap.resamples, seed=bootstrap.seed, confidence=bootstrap.confidence
        )
        estimate = draws.function_of_sums(self.columns, lambda sums: self.disagreement(sums).coefficient)
        whole = self.disagreement(np.asarray(self.columns.sum(axis=0), dtype=np.float64).reshape(1, -1))
        observed, expected = float(whole.observed[0]), float(whole.expected[0])
        reason = self._reason(estimate, observed)
        return Agreement(
            coefficient=self.coefficient,
            estimate=_without_interval(estimate) if reason else estimate,
            observed_disagreement=observed,
            expected_disagreement=expected,
            items=self.items,
            readings=self.readings,
            annotators=self.annotators,
            reason=reason,
        )

    def _reason(self, estimate: Estimate, observed: float) -> str:
        if math.isnan(estimate.value):
            return self.no_variation
        if observed == 0:
            # No disagreement in n independent clusters: the exact binomial bound, about 3 / n.
            return NO_DISAGREEMENT.format(share=1 - 0.05 ** (1 / estimate.clusters))
        if estimate.clusters < 2:
            return ONE_CLUSTER
        return TOO_RARE if math.isnan(estimate.low) else ""


def undefined(coefficient: str, reason: str) -> Agreement:
    """An agreement that could not be computed at all."""
    nothing = Estimate(math.nan, math.nan, math.nan, math.nan, math.nan, math.nan, 0, 0)
    return Agreement(coefficient, nothing, math.nan, math.nan, 0, 0, 0, reason)


def _without_interval(estimate: Estimate) -> Estimate:
    return replace(
        estimate,
        low=math.nan,
        high=math.nan,
        standard_error=math.nan,
        p_value=math.nan,
        minimum_detectable=math.nan,
    )
