"""What an audited sample proves of a share or a rate: one-sided bounds that hold also where nothing, or all, was found.

Spans of one subject are not independent: one misspelt name is missed in each of its notes. Shares therefore count as
many trials as their clusters are worth, and rates weigh each cluster's events together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats


def least_share(successes: float, trials: float, *, confidence: float) -> float:
    """The smallest true share that these successes allow (Clopper and Pearson 1934, one-sided); 0 without any trial.

    >>> round(least_share(59, 59, confidence=0.95), 3), round(least_share(58, 58, confidence=0.95), 3)
    (0.95, 0.95)
    >>> least_share(58, 58, confidence=0.95) < 0.95 <= least_share(59, 59, confidence=0.95)
    True
    """
    if successes <= 0:
        return 0.0
    return float(stats.beta.ppf(1 - confidence, successes, trials - successes + 1))


def greatest_share(successes: float, trials: float, *, confidence: float) -> float:
    """The largest true share that these successes allow; 1 without any failure."""
    return 1 - least_share(trials - successes, trials, confidence=confidence)


def effective_trials(successes: Sequence[int], trials: Sequence[int], *, confidence: float) -> float:
    """How many independent trials those of several clusters are worth, to put into the bounds above; never more.

    Korn and Graubard 1998 ("Confidence intervals for proportions with small expected number of positive counts estimated
    from survey data"), with their correction for few clusters. `successes` and `trials` have an entry for each cluster.
    Where all or none succeeded no variance can be estimated and every trial counts, as is the custom of the US National
    Center for Health Statistics (Parker et al. 2017), which asks for at least eight degrees of freedom instead.
    """
    won, tried = np.asarray(successes, float), np.asarray(trials, float)
    total, clusters = float(tried.sum()), len(tried)
    share = float(won.sum()) / total if total else 0.0
    if clusters < 2 or share in (0.0, 1.0):
        return total
    variance = clusters / (clusters - 1) * float(((won - share * tried) ** 2).sum()) / total**2
    if not variance:
        return total
    quantiles = float(stats.t.ppf(confidence, total - 1) / stats.t.ppf(confidence, clusters - 1))
    return min(total, share * (1 - share) / variance * quantiles**2)


def trials_needed(failures: int, *, required: float, confidence: float) -> int:
    """The fewest trials, this many of them failed, that prove a share of at least `required`.

    >>> trials_needed(0, required=0.95, confidence=0.95), trials_needed(1, required=0.95, confidence=0.95)
    (59, 93)
    """
    low, high = failures, failures + 1
    while least_share(high - failures, high, confidence=confidence) < required:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        enough = least_share(middle - failures, middle, confidence=confidence) >= required
        low, high = (low, middle) if enough else (middle, high)
    return high


def greatest_rate(events: Sequence[int], exposure: float, *, confidence: float) -> float:
    """The largest true number of events per unit of exposure; `events` has an entry for each cluster that had any.

    Fay and Feuer 1997 ("Confidence intervals for directly standardized rates"), a cluster's events being the weight of
    one Poisson event. With one event a cluster it is the exact bound of Garwood 1936, with none the rule of three.

    >>> round(greatest_rate([], 1000, confidence=0.95), 4)
    0.003
    """
    weights = np.asarray(events, float)
    total, variance = float(weights.sum()), float((weights**2).sum())
    heaviest = float(weights.max(initial=1.0))
    mean, spread = total + heaviest, variance + heaviest**2
    bound = spread / (2 * mean) * float(stats.chi2.ppf(confidence, 2 * mean**2 / spread))
    return bound / exposure if exposure else math.inf
