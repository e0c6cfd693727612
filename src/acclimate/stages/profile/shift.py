"""How far apart the sites' words are: can a classifier tell them, and how much do their word distributions differ?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse, special, stats

from acclimate.core.hash_order import first_by_hash
from acclimate.stages.profile.classifier import Codes, Floats, folds_of, in_own_span, judged_unseen, weighted
from acclimate.stages.profile.sample import Words

MOST_SITES = 6
"""Sites compared with one another, the largest ones: with more, the pairs would take minutes."""

FEW_SUBJECTS = 10
"""Subjects on either side below which a comparison of two sites says nothing."""

SITE_RECORDS = 500
"""Records of one site that the comparison uses, the first ones by the hash that chose the sample."""

REASSIGNMENTS = 50
"""Random reassignments of subjects to the two sites, whose mean divergence is what chance gives at this size."""

INSUFFICIENT = "insufficient evidence"


@dataclass(frozen=True)
class Area:
    """The chance that the classifier ranks a record of one class above one of the other, with its interval."""

    value: float
    low: float
    high: float


def area_under_curve(
    scores: Floats, positive: npt.NDArray[np.bool_], folds: Codes, clusters: Sequence[str], *, confidence: float
) -> Area:
    """The area under the ROC curve over pairs of one fold, which one model scored; the interval counts whole clusters.

    Its variance is that of DeLong et al. 1988 with the placements summed by cluster, as Obuchowski 1997 does. Without
    any wrong pair the variance is 0 and says nothing: the interval is then unknown (NaN).
    """
    above, below = np.zeros(len(scores)), np.zeros(len(scores))
    for fold in np.unique(folds):
        ours, theirs = (np.flatnonzero((folds == fold) & (positive == side)) for side in (True, False))
        beats = np.sign(scores[ours][:, None] - scores[theirs][None, :]) / 2 + 0.5
        above[ours], below[ours] = beats.sum(axis=1), beats.shape[1]
        above[theirs], below[theirs] = beats.sum(axis=0), beats.shape[0]
    pairs = float(below[positive].sum())
    if not pairs:
        return Area(math.nan, math.nan, math.nan)
    value = float(above[positive].sum()) / pairs
    names, place = np.unique(np.asarray(clusters, dtype=object).astype(str), return_inverse=True)
    influence = np.bincount(place, above - value * below, len(names)) / pairs
    error = math.sqrt(len(names) / max(1, len(names) - 1) * float((influence**2).sum()))
    if not error:
        return Area(value, math.nan, math.nan)
    reach = float(stats.t.ppf((1 + confidence) / 2, len(names) - 1)) * error
    return Area(value, max(0.0, value - reach), min(1.0, value + reach))


def divergence(one: Floats, other: Floats) -> Floats:
    """Jensen–Shannon divergence of word counts in bits, 0 to 1 (Lin 1991); along the last axis.

    >>> divergence(np.array([1.0, 1.0]), np.array([1.0, 0.0])).round(3)
    np.float64(0.311)
    """
    p, q = (counts / counts.sum(axis=-1, keepdims=True) for counts in (one, other))
    middle = (p + q) / 2
    entropy = special.entr(middle) - (special.entr(p) + special.entr(q)) / 2
    return np.asarray(entropy.sum(axis=-1) / math.log(2))[()]


def distinct_at(counts: Floats, words: int) -> float:
    """Distinct words expected in so many words drawn from these (rarefaction, Hurlbert 1971): comparable between sites.

    >>> round(distinct_at(np.array([5.0, 5.0]), 2), 3)
    1.556
    """
    total = counts.sum()
    present = counts[counts > 0]

    def ways(of: Floats) -> Floats:
        return np.asarray(special.gammaln(of + 1) - special.gammaln(of - words + 1))

    possible = total - present >= words
    absent = np.zeros_like(present)
    absent[possible] = np.exp(ways(total - present[possible]) - ways(np.asarray(total)))
    return float((1 - absent).sum())


def shift_metrics(sample: pl.DataFrame, words: Words, *, confidence: float, seed: int) -> dict[str, Any]:
    """The vocabulary of each site, and each pair of sites: how well told apart, and how far their words differ.

    `sample` has cluster and site in the order of the rows of `words`, which is that of the records' ids.
    """
    sites = _largest_sites(sample)
    places = {site: _rows_of(sample, site, seed) for site in sites}
    pairs = [
        _compare(sample, words, (one, other), (places[one], places[other]), confidence=confidence, seed=seed)
        for one, other in combinations(sorted(sites), 2)
    ]
    return {"vocabulary": _vocabulary(words.single, places), "pairs": pairs, "sites_left_out": _others(sample, sites)}


def _largest_sites(sample: pl.DataFrame) -> list[str]:
    counts = sample.drop_nulls("site").group_by("site").len().sort("len", "site", descending=[True, False])
    return [str(site) for site in counts["site"].head(MOST_SITES).to_list()]


def _others(sample: pl.DataFrame, sites: Sequence[str]) -> int:
    return sample["site"].drop_nulls().n_unique() - len(sites)


def _rows_of(sample: pl.DataFrame, site: str, seed: int) -> Codes:
    """The places of a site's records, at most so many, chosen by a hash of their id."""
    found = sample.with_row_index("place").filter(pl.col("site") == site)
    chosen = first_by_hash(found["id"].to_list(), SITE_RECORDS, seed)
    return found.filter(pl.col("id").is_in(sorted(chosen)))["place"].to_numpy().astype(np.int64)


def _vocabulary(words: Words, places: Mapping[str, Codes]) -> list[dict[str, Any]]:
    """Words and distinct words of each site; `distinct_at_equal_size` is in as many words as the smallest site has."""
    counts = {site: _summed(words.of(rows)) for site, rows in places.items()}
    smallest = min((int(count.sum()) for count in counts.values()), default=0)
    return [
        {
            "site": site,
            "records": len(places[site]),
            "words": int(count.sum()),
            "distinct": int((count > 0).sum()),
            "distinct_at_equal_size": round(distinct_at(count, smallest), 1),
            "equal_size": smallest,
        }
        for site, count in sorted(counts.items())
    ]


def _compare(
    sample: pl.DataFrame,
    words: Words,
    pair: tuple[str, str],
    rows: tuple[Codes, Codes],
    *,
    confidence: float,
    seed: int,
) -> dict[str, Any]:
    places = np.sort(np.concatenate(rows))
    is_other = np.isin(places, rows[1])
    clusters = sample["cluster"][places].to_list()
    subjects = [
        len({cluster for cluster, side in zip(clusters, is_other, strict=True) if side == wanted})
        for wanted in (False, True)
    ]
    enough = min(subjects) >= FEW_SUBJECTS
    area = _told_apart(words.of(places), is_other, clusters, confidence, seed) if enough else None
    apart, by_chance = _divergence(words.single.of(places), is_other, clusters, seed)
    return {
        "one": pair[0],
        "other": pair[1],
        "records": [len(side) for side in rows],
        "subjects": subjects,
        "auc": _rounded(area.value) if area else None,
        "low": _rounded(area.low) if area else None,
        "high": _rounded(area.high) if area else None,
        "divergence": _rounded(apart),
        "divergence_by_chance": _rounded(by_chance),
        "note": "" if enough else f"{INSUFFICIENT}: fewer than {FEW_SUBJECTS} subjects",
    }


def _told_apart(
    words: Words, is_other: npt.NDArray[np.bool_], clusters: Sequence[str], confidence: float, seed: int
) -> Area:
    codes = is_other.astype(np.int64)
    folds = folds_of(clusters, codes, seed)
    judged = judged_unseen(in_own_span(weighted(words)), codes, folds, 2)
    return area_under_curve(judged[:, 1], is_other, folds, clusters, confidence=confidence)


def _divergence(
    words: Words, is_other: npt.NDArray[np.bool_], clusters: Sequence[str], seed: int
) -> tuple[float, float]:
    """The divergence of the two sides' words, and its mean when subjects change sides at random."""
    units = sorted(set(zip(clusters, is_other.tolist(), strict=True)))
    place = {unit: number for number, unit in enumerate(units)}
    member = np.array([place[unit] for unit in zip(clusters, is_other.tolist(), strict=True)])
    summed = sparse.csr_array((np.ones(len(member)), (member, np.arange(len(member)))), shape=(len(units), len(member)))
    counts = summed @ words.counts
    total = np.asarray(counts.sum(axis=0)).ravel()
    side = np.array([unit[1] for unit in units], dtype=np.float64)
    generator = np.random.default_rng(seed)
    sides = np.stack([side, *(generator.permutation(side) for _ in range(REASSIGNMENTS))])
    ours = np.asarray((counts.T @ sides.T).T)
    apart = np.array([divergence(row, total - row) if 0 < row.sum() < total.sum() else 0.0 for row in ours])
    return float(apart[0]), float(apart[1:].mean())


def _summed(words: Words) -> Floats:
    return np.asarray(words.counts.sum(axis=0), dtype=np.float64).ravel()


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)
