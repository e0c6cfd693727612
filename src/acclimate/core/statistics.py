"""Paired statistics over items that come in clusters: intervals, detectable effects, and what several looks cost.

Every figure here is a function of sums over items, most of them a ratio (bits per bytes, right answers per probes),
so that one bootstrap serves all. Items of one subject are not independent; whole subjects are therefore resampled.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse, stats

Floats = npt.NDArray[np.float64]

POWER = 0.8
CELLS_AT_ONCE = 1 << 22
"""Weights held at once: bounds the memory, and changes no result."""
_LEAST_ERROR = 0.25
"""Share of the standard error that every draw has at least: with it the bound of 1 in 20 is .25, as the exact one is."""


@dataclass(frozen=True)
class Ratio:
    """A figure as the sum of one column over the sum of another; an item's place is the same in both."""

    numerator: Floats
    denominator: Floats

    @property
    def value(self) -> float:
        """The figure over all items; NaN where there is nothing to divide by."""
        below = float(self.denominator.sum())
        return float(self.numerator.sum()) / below if below else math.nan


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval.

    `minimum_detectable` is the smallest true effect that this many clusters would have shown in four of five studies.
    """

    value: float
    low: float
    high: float
    standard_error: float
    p_value: float
    minimum_detectable: float
    items: int
    clusters: int


@dataclass(frozen=True)
class Bounds:
    """An interval without more."""

    low: float
    high: float


class Resamples:
    """The same bootstrap draws of whole clusters for every figure on these items, so that comparisons stay paired.

    The order of items does not matter: clusters are drawn in the order of their names.
    """

    def __init__(
        self,
        clusters: Sequence[str],
        *,
        resamples: int,
        seed: int,
        confidence: float = 0.95,
        cells_at_once: int = CELLS_AT_ONCE,
    ) -> None:
        names, place = np.unique(np.asarray(clusters, dtype=object).astype(str), return_inverse=True)
        self.clusters = len(names)
        self.items = len(place)
        self.confidence = confidence
        self._place = place
        self._resamples = resamples
        self._seed = seed
        self._cells_at_once = cells_at_once

    def value(self, ratio: Ratio) -> Estimate:
        """A figure on its own."""
        totals = self._totals(ratio.numerator, ratio.denominator)
        return self._estimate(totals, totals[:, 1], _ratio_of_sums)

    def difference(self, ratio: Ratio, other: Ratio) -> Estimate:
        """One figure less another on the same items."""
        totals = self._totals(ratio.numerator, ratio.denominator, other.numerator, other.denominator)

        def less(sums: Floats) -> Floats:
            return _ratio_of_sums(sums[:, :2]) - _ratio_of_sums(sums[:, 2:])

        return self._estimate(totals, totals[:, 1], less)

    def function_of_sums(self, columns: Floats | sparse.csr_array, function: Callable[[Floats], Floats]) -> Estimate:
        """A figure that depends on the items through the sums of columns alone, as a kappa does.

        `columns` has a row for each item. `function` takes one row of sums a draw and gives one value a row, NaN where
        the figure is undefined.
        """
        return self._estimate(self._membership() @ columns, self._totals(np.ones(self.items))[:, 0], function)

    def _totals(self, *columns: Floats) -> Floats:
        """Clusters × columns: each column's sum in each cluster."""
        return np.stack([np.bincount(self._place, column, self.clusters) for column in columns], axis=1)

    def _membership(self) -> sparse.csr_array:
        """Clusters × items: one where the item is of the cluster."""
        ones = np.ones(self.items)
        return sparse.csr_array((ones, (self._place, np.arange(self.items))), shape=(self.clusters, self.items))

    def _weights(self) -> Iterator[Floats]:
        """How often each cluster is drawn in each resample, a block of resamples at a time."""
        generator = np.random.default_rng(self._seed)
        rows_at_once = max(1, self._cells_at_once // self.clusters)
        for start in range(0, self._resamples, rows_at_once):
            rows = min(rows_at_once, self._resamples - start)
            drawn = generator.integers(0, self.clusters, (rows, self.clusters))
            drawn += np.arange(rows)[:, None] * self.clusters
            counts = np.bincount(drawn.ravel(), minlength=rows * self.clusters)
            yield counts.reshape(rows, self.clusters).astype(np.float64)

    def _estimate(
        self, totals: Floats | sparse.csr_array, sizes: Floats, function: Callable[[Floats], Floats]
    ) -> Estimate:
        """Each side the wider of two intervals, since either alone is too narrow where clusters are few and uneven.

        One is Hesterberg's expanded percentile (2015, "What teachers should know about the bootstrap"), a t interval where
        the draws are normal, with Satterthwaite's degrees of freedom; the other is the bootstrap-t (Efron 1981), which
        follows skewness. Both rest on the influence of each cluster, by the jackknife; `sizes` is what a cluster weighs.
        No bound lies beyond what a draw can give, one cluster drawn again and again among them: a share stays a share.
        """
        each = totals if isinstance(totals, np.ndarray) else totals.toarray()
        whole = each.sum(axis=0, keepdims=True)
        value = float(function(whole)[0])
        influence = value - function(whole - each) if self.clusters > 1 else np.full(1, math.nan)
        squares = np.stack([sizes, influence**2, influence * sizes, sizes**2], axis=1)
        blocks = [(function(weights @ totals), weights @ squares) for weights in self._weights()]
        draws, drawn = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
        if not (np.isfinite(draws).all() and np.isfinite(influence).all()):
            return Estimate(value, math.nan, math.nan, math.nan, math.nan, math.nan, self.items, self.clusters)
        tail = (1 - self.confidence) / 2
        freedom = _degrees_of_freedom(influence)
        expansion = math.sqrt(self.clusters / (self.clusters - 1))
        expanded = float(stats.norm.cdf(expansion * stats.t.ppf(tail, freedom)))
        low, high = np.quantile(draws, [expanded, 1 - expanded])
        reach = _studentised(draws - value, drawn, float(sizes.sum()), influence, tail)
        given = np.concatenate([draws, function(each)])
        low = min(float(low), max(value - reach.high, float(np.nanmin(given))))
        high = max(float(high), min(value - reach.low, float(np.nanmax(given))))
        error = float(np.std(draws)) * expansion
        quantile = float(stats.t.ppf(1 - tail, freedom))
        towards_zero = max(error, (value - low if value > 0 else high - value) / quantile)
        p_value = 2 * float(stats.t.sf(abs(value) / towards_zero, freedom)) if towards_zero else float(value == 0)
        detectable = (high - low) / 2 + float(stats.t.ppf(POWER, freedom)) * error
        return Estimate(value, low, high, error, p_value, detectable, self.items, self.clusters)


def _degrees_of_freedom(influence: Floats) -> float:
    """How well the clusters tell the standard error (Satterthwaite 1946): one less than there are, fewer if few weigh most.

    >>> _degrees_of_freedom(np.array([1.0, -1, 1, -1]))
    3.0
    """
    squares = influence**2
    spread = float(((squares - squares.mean()) ** 2).sum())
    most = float(len(influence) - 1)
    return min(most, 2 * float(squares.sum()) ** 2 / spread) if spread else most


def _studentised(moved: Floats, drawn: Floats, size: float, influence: Floats, tail: float) -> Bounds:
    """The quantiles of how far a draw moves in standard errors of its own, in the figure's standard error.

    `drawn` are each draw's sums of sizes, of squared influence, of influence × size and of squared sizes. In a draw that
    moved the figure by d, a cluster's influence is its own less d × its share of the size: exact for a ratio. A draw of
    clusters that happen to be alike has hardly an error of its own.
    """
    sizes, squared, mixed, squared_sizes = drawn.T
    slope = moved / size
    error = math.sqrt(float((influence**2).sum()))
    variance = np.maximum(squared - 2 * slope * mixed + slope**2 * squared_sizes, 0)
    own = np.maximum(np.sqrt(variance) * size / sizes, error * _LEAST_ERROR)
    studentised = np.divide(moved, own, out=np.zeros_like(moved), where=own > 0)
    low, high = np.quantile(studentised, [tail, 1 - tail]) * error
    return Bounds(float(low), float(high))


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values adjusted for having looked so many times (Holm 1979); NaN stays NaN and does not count.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    adjusted = list(p_values)
    looked = sorted((p, place) for place, p in enumerate(p_values) if not math.isnan(p))
    highest = 0.0
    for rank, (p, place) in enumerate(looked):
        highest = max(highest, min(1.0, (len(looked) - rank) * p))
        adjusted[place] = highest
    return adjusted


def exact_mcnemar(lost: int, won: int) -> float:
    """The two-sided p-value that losses and wins are equally likely, from the items whose outcome changed alone."""
    if lost + won == 0:
        return 1.0
    return float(stats.binomtest(lost, lost + won, 0.5).pvalue)


def paired_share_bounds(*, won: int, lost: int, items: int, confidence: float) -> Bounds:
    """The interval of the difference of two shares on the same items (Tango 1998, score interval).

    It stays honest where few or no outcomes changed, where a bootstrap would claim certainty: no change in 40 items
    still allows a loss of several points.
    """
    z = float(stats.norm.ppf((1 + confidence) / 2))
    value = (won - lost) / items

    def distance(difference: float) -> float:
        return _tango_statistic(difference, won, lost, items)

    edge = 1 - 1e-12
    low = -1.0 if distance(-edge) <= z else optimize.brentq(lambda at: distance(at) - z, -edge, value)
    high = 1.0 if distance(edge) >= -z else optimize.brentq(lambda at: distance(at) + z, value, edge)
    return Bounds(float(low), float(high))


def _tango_statistic(difference: float, won: int, lost: int, items: int) -> float:
    """The score statistic of the hypothesis that the true difference of shares is `difference`."""
    likely = likely_loss_share(difference, won, lost, items)
    variance = items * (2 * likely + difference * (1 - difference))
    gap = won - lost - items * difference
    if variance <= 0:
        return math.copysign(math.inf, gap) if gap else 0.0
    return gap / math.sqrt(variance)


def likely_loss_share(difference: float, won: int, lost: int, items: int) -> float:
    """The most likely share of lost items if the shares of won and lost items truly differ by `difference`."""
    a = 2 * items
    b = -won - lost + (2 * items - won + lost) * difference
    c = -lost * difference * (1 - difference)
    return (math.sqrt(max(0.0, b * b - 4 * a * c)) - b) / (2 * a)


def items_needed(
    *, items: int, standard_error: float, value: float, margin: float, confidence: float = 0.9
) -> int | None:
    """How many items would settle on which side of `margin` the true value lies, if it is as measured.

    At a one-sided level of (1 - confidence) / 2 and 80 % power; None where the value stands on the margin itself.
    """
    distance = abs(value - margin)
    if not distance or math.isnan(standard_error):
        return None
    z = float(stats.norm.ppf((1 + confidence) / 2) + stats.norm.ppf(POWER))
    return max(items + 1, math.ceil(items * (z * standard_error / distance) ** 2))


def _ratio_of_sums(sums: Floats) -> Floats:
    """The first column over the second; NaN where there is nothing to divide by."""
    above, below = sums.T
    ratios: Floats = np.divide(above, below, out=np.full(len(sums), np.nan), where=below != 0)
    return ratios
