"""Other intervals of a ratio of sums over clusters, to hold acclimate's against."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from scipy import stats

from acclimate.core.statistics import Bounds, Floats, Ratio


def peers(ratio: Ratio, subjects: list[str], *, resamples: int, confidence: float) -> Mapping[str, Bounds]:
    """By name: bootstrap percentile, BCa (Efron 1987), and Hesterberg's expanded percentile."""
    place = np.unique(subjects, return_inverse=True)[1]
    above, below = (np.bincount(place, column).astype(np.float64) for column in (ratio.numerator, ratio.denominator))
    count = len(above)
    drawn = np.random.default_rng(0).integers(0, count, (resamples, count))
    draws = above[drawn].sum(axis=1) / below[drawn].sum(axis=1)
    tails = np.array([(1 - confidence) / 2, (1 + confidence) / 2])
    expanded = stats.norm.cdf(math.sqrt(count / (count - 1)) * stats.t.ppf(tails, count - 1))
    shares = {
        "percentile": tails,
        "BCa": _bca(ratio.value, draws, above, below, tails),
        "expanded percentile": expanded,
    }
    return {name: Bounds(*np.quantile(draws, share).tolist()) for name, share in shares.items()}


def _bca(value: float, draws: Floats, above: Floats, below: Floats, tails: Floats) -> Floats:
    """Which quantiles of the draws bias and acceleration make of the tails; the tails where no draw lies on one side."""
    lower = float((draws < value).mean())
    if not 0 < lower < 1:
        return tails
    bias = stats.norm.ppf(lower)
    without = (above.sum() - above) / (below.sum() - below)
    moved = without.mean() - without
    acceleration = (moved**3).sum() / (6 * (moved**2).sum() ** 1.5)
    z = bias + stats.norm.ppf(tails)
    quantiles: Floats = stats.norm.cdf(bias + z / (1 - acceleration * z))
    return quantiles
