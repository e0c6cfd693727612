"""How strong each arm is once the side it stood on and its length are taken out: a Bradley–Terry model with covariates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import stats

from acclimate.core.statistics import POWER, Estimate

Floats = npt.NDArray[np.float64]

_STEPS, _CLOSE = 50, 1e-10
_PRIOR = 1e-4
"""A normal prior of variance 10,000 on each effect: keeps a clean sweep finite, and changes nothing else."""

FEWEST_CLUSTERS = 10
"""Below this a cluster-robust error is far too small, so none is given."""


@dataclass(frozen=True)
class Strengths:
    """Log-odds of being preferred: each arm against the last one, what standing first adds, what e times the length adds."""

    arms: Mapping[str, Estimate]
    first: Estimate
    length: Estimate


def strengths(table: pl.DataFrame, arms: Sequence[str]) -> Strengths:
    """The model of one axis; `table` has the columns of `judgements.SCHEMA`, its arms among `arms`.

    log odds(arm before other) = strength(arm) - strength(other) ± first + length · log(length ratio) (Bradley and Terry
    1952; a tie counts as half of each outcome). The strengths are what readers would prefer at equal length, each arm
    standing first half of the time. Errors are robust to clusters (Liang and Zeger 1986), intervals are t.
    """
    place = {arm: at for at, arm in enumerate(arms)}
    rows = np.arange(table.height)
    sides = np.zeros((table.height, len(arms)))
    sides[rows, [place[arm] for arm in table["arm"]]] += 1
    sides[rows, [place[arm] for arm in table["other"]]] -= 1
    first = np.where(table["first"].to_numpy(), 1.0, -1.0)
    # The last arm is what the others are measured against.
    design = np.column_stack([sides[:, :-1], first, table["length"].to_numpy()])
    won = (table["outcome"].to_numpy().astype(np.float64) + 1) / 2
    cluster, clusters = _numbered(table["cluster"].to_list())
    value, covariance = _fitted(design, won, cluster, clusters)
    found = [_estimate(float(value[at]), float(covariance[at, at]), table.height, clusters) for at in range(len(value))]
    return Strengths(dict(zip(arms[:-1], found[:-2], strict=True)), found[-2], found[-1])


def _fitted(design: Floats, won: Floats, cluster: npt.NDArray[np.intp], clusters: int) -> tuple[Floats, Floats]:
    """The effects by Newton's method, and their cluster-robust covariance."""
    value = np.zeros(design.shape[1])
    prior = _PRIOR * np.eye(design.shape[1])
    for _ in range(_STEPS):
        expected = 1 / (1 + np.exp(-np.clip(design @ value, -30, 30)))
        curvature = (design * (expected * (1 - expected))[:, None]).T @ design + prior
        step = np.linalg.solve(curvature, design.T @ (won - expected) - prior @ value)
        value = value + step
        if float(np.abs(step).max(initial=0)) < _CLOSE:
            break
    expected = 1 / (1 + np.exp(-np.clip(design @ value, -30, 30)))
    bread = np.linalg.inv((design * (expected * (1 - expected))[:, None]).T @ design + prior)
    scores = np.zeros((clusters, design.shape[1]))
    np.add.at(scores, cluster, design * (won - expected)[:, None])
    small_sample = clusters / max(1, clusters - 1)
    return value, small_sample * bread @ scores.T @ scores @ bread


def _estimate(value: float, variance: float, items: int, clusters: int) -> Estimate:
    if clusters < FEWEST_CLUSTERS or variance <= 0:
        return Estimate(value, math.nan, math.nan, math.nan, math.nan, math.nan, items, clusters)
    error, freedom = math.sqrt(variance), clusters - 1
    reach = float(stats.t.ppf(0.975, freedom))
    p_value = 2 * float(stats.t.sf(abs(value) / error, freedom))
    detectable = (reach + float(stats.t.ppf(POWER, freedom))) * error
    return Estimate(value, value - reach * error, value + reach * error, error, p_value, detectable, items, clusters)


def _numbered(names: Sequence[str]) -> tuple[npt.NDArray[np.intp], int]:
    found, place = np.unique(np.asarray(names, dtype=object).astype(str), return_inverse=True)
    return place, len(found)
