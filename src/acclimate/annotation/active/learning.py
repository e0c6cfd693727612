"""How well the small model has learnt from the labels so far, and whether more of them would still change it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from acclimate.annotation.active.label_model import LabelModel, fit_labels
from acclimate.annotation.readings import Codes
from acclimate.core.ports import Vectors
from acclimate.core.statistics import Floats, Ratio, Resamples

FOLDS = 10
LEAST_SAMPLE = 30
"""Items without which an accuracy would be a guess."""
STABLE_AT = 0.99
LOOKED_AT = 2000
"""Items on which successive models are compared, at most."""
_POINTS = 8
_FIRST_POINT = 20
_RESAMPLES = 1000


@dataclass(frozen=True)
class CurvePoint:
    """The share of items told right by a model of so many labels, with a 95 % interval."""

    labels: int
    accuracy: float
    low: float
    high: float


@dataclass(frozen=True)
class Labelled:
    """What was labelled, in the order of labelling: rows of vectors, label codes, and what ties items together.

    `sampled` says which items are a random sample of all, on which accuracy is measured.
    """

    vectors: Vectors
    labels: Codes
    ties: Sequence[str]
    sampled: np.typing.NDArray[np.bool_]


def learning_curve(given: Labelled, *, seed: int = 0) -> tuple[CurvePoint, ...]:
    """The accuracy of models of ever more labels, in the order in which they came; empty with too few sampled items.

    Each is cross-validated in ten folds: a sampled item is told by a model that has seen neither it nor what it is tied
    to. The interval resamples whole ties of sampled items (1,000 bootstrap draws): repeated folds over the same items
    alone would look surer than they are.
    """
    if int(given.sampled.sum()) < LEAST_SAMPLE or len(np.unique(given.labels)) < 2:
        return ()
    names, tie = np.unique(np.asarray(given.ties, dtype=object).astype(str), return_inverse=True)
    fold = (np.random.default_rng(seed).permutation(len(names)) % FOLDS)[tie]
    sizes = _sizes(len(given.labels))
    right = np.zeros((len(sizes), len(given.labels)))
    trained = np.zeros((len(sizes), FOLDS))
    for left_out in range(FOLDS):
        told = np.flatnonzero(given.sampled & (fold == left_out))
        kept = np.flatnonzero(fold != left_out)
        model: LabelModel | None = None
        for place, size in enumerate(sizes):
            seen = kept[kept < size]
            model = fit_labels(given.vectors[seen], given.labels[seen], start=model)
            right[place, told] = model.predicted(given.vectors[told]) == given.labels[told]
            trained[place, left_out] = len(seen)
    resamples = Resamples(names[tie[given.sampled]].tolist(), resamples=_RESAMPLES, seed=seed)
    return tuple(_point(resamples, right[place, given.sampled], trained[place].mean()) for place in range(len(sizes)))


def stability(given: Labelled, others: Vectors, *, step: int) -> float | None:
    """How far the last four models, `step` labels apart, agree on other items: the mean of three Cohen's kappas.

    At `STABLE_AT` and above, further labels hardly change the model: time to stop (Bloodgood and Vijay-Shanker 2009, "A
    method for stopping active learning based on stabilizing predictions"). None with too few labels to tell.
    """
    sizes = [len(given.labels) - back * step for back in (3, 2, 1, 0)]
    if sizes[0] < step or not len(others) or len(np.unique(given.labels[: sizes[0]])) < 2:
        return None
    told: list[Codes] = []
    model: LabelModel | None = None
    for size in sizes:
        model = fit_labels(given.vectors[:size], given.labels[:size], start=model)
        told.append(model.predicted(others))
    return float(np.mean([kappa(*models) for models in pairwise(told)]))


def kappa(some: Codes, others: Codes) -> float:
    """Cohen's kappa of two codings of the same items; 1 where both know one and the same code only.

    >>> round(kappa(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])), 3)
    0.5
    """
    _, codes = np.unique(np.concatenate([some, others]), return_inverse=True)
    shares: list[Floats] = [
        np.bincount(half, minlength=codes.max() + 1) / len(some) for half in (codes[: len(some)], codes[len(some) :])
    ]
    by_chance = float(shares[0] @ shares[1])
    return 1.0 if by_chance == 1 else (float((some == others).mean()) - by_chance) / (1 - by_chance)


def _sizes(count: int) -> list[int]:
    """Ever larger numbers of labels, the last all of them."""
    first = min(_FIRST_POINT, count)
    return sorted(set(np.geomspace(first, count, _POINTS).round().astype(int).tolist()))


def _point(resamples: Resamples, right: Floats, labels: float) -> CurvePoint:
    found = resamples.value(Ratio(right, np.ones(len(right))))
    return CurvePoint(round(labels), round(found.value, 4), round(found.low, 4), round(found.high, 4))
