"""How well the small model has learnt from the labels so far, and whether more of them would still change it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from acclimate.annotation.active.label_model import Model, fit
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
ACCURACY, MICRO_F1 = "accuracy", "micro_f1"
"""What the curve measures: the share of items told right; where an item may have several labels, the F1 over all of
them."""


@dataclass(frozen=True)
class CurvePoint:
    """What a model of so many labelled items reaches, as an accuracy or a micro-F1, with a 95 % interval."""

    labels: int
    accuracy: float
    low: float
    high: float


@dataclass(frozen=True)
class Labelled:
    """What was labelled, in the order of labelling: rows of vectors, labels, and what ties items together.

    `labels` are codes, or items × labels of 0 and 1 where an item may have several. `sampled` says which items are a random sample of all, on which accuracy is measured.
    """

    vectors: Vectors
    labels: Codes
    ties: Sequence[str]
    sampled: np.typing.NDArray[np.bool_]

    @property
    def measure(self) -> str:
        """ACCURACY or MICRO_F1."""
        return MICRO_F1 if self.labels.ndim == 2 else ACCURACY

    @property
    def measurable(self) -> int:
        """How many items the curve rests on: the sampled ones; of those that may have several labels, what has any."""
        true = self.labels[self.sampled]
        return len(true) if self.measure == ACCURACY else int(true.any(axis=1).sum())


def learning_curve(given: Labelled, *, seed: int = 0) -> tuple[CurvePoint, ...]:
    """How good models of ever more labels are, in the order in which these came; empty with too few sampled items.

    Each is cross-validated in ten folds: a sampled item is told by a model that has seen neither it nor what it is tied
    to. The interval resamples whole ties of sampled items (1,000 bootstrap draws): repeated folds over the same items
    alone would look surer than they are.
    """
    true = given.labels[given.sampled]
    if given.measurable < LEAST_SAMPLE or _are_alike(given.labels):
        return ()
    names, tie = np.unique(np.asarray(given.ties, dtype=object).astype(str), return_inverse=True)
    fold = (np.random.default_rng(seed).permutation(len(names)) % FOLDS)[tie]
    sizes = _sizes(len(given.labels))
    answered = np.zeros((len(sizes), *given.labels.shape), dtype=np.int64)
    trained = np.zeros((len(sizes), FOLDS))
    for left_out in range(FOLDS):
        told = np.flatnonzero(given.sampled & (fold == left_out))
        kept = np.flatnonzero(fold != left_out)
        model: Model | None = None
        for place, size in enumerate(sizes):
            seen = kept[kept < size]
            model = fit(given.vectors[seen], given.labels[seen], start=model)
            answered[place, told] = model.predicted(given.vectors[told])
            trained[place, left_out] = len(seen)
    resamples = Resamples(names[tie[given.sampled]].tolist(), resamples=_RESAMPLES, seed=seed)
    return tuple(
        _point(resamples, _right(answered[place, given.sampled], true), trained[place].mean())
        for place in range(len(sizes))
    )


def stability(given: Labelled, others: Vectors, *, step: int) -> float | None:
    """How far the last four models, `step` labels apart, agree on other items: the mean of three Cohen's kappas.

    At `STABLE_AT` and above, further labels hardly change the model: time to stop (Bloodgood and Vijay-Shanker 2009, "A
    method for stopping active learning based on stabilizing predictions"). Of several labels an item, each label of each
    item is one decision. None with too few labels to tell, and where the newest model says the same of everything.
    """
    sizes = [len(given.labels) - back * step for back in (3, 2, 1, 0)]
    if sizes[0] < step or not len(others) or _are_alike(given.labels[: sizes[0]]):
        return None
    told: list[Codes] = []
    model: Model | None = None
    for size in sizes:
        model = fit(given.vectors[:size], given.labels[:size], start=model)
        told.append(model.predicted(others).ravel())
    if len(np.unique(told[-1])) < 2:
        return None
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


def _are_alike(labels: Codes) -> bool:
    return len(np.unique(labels, axis=0)) < 2


def _right(told: Codes, true: Codes) -> Ratio:
    """The accuracy of told labels, or the micro-F1 of told sets of labels, by item."""
    if true.ndim == 1:
        return Ratio((told == true).astype(np.float64), np.ones(len(true)))
    return Ratio(2.0 * (told * true).sum(axis=1), (told + true).sum(axis=1).astype(np.float64))


def _point(resamples: Resamples, right: Ratio, labels: float) -> CurvePoint:
    found = resamples.value(right)
    return CurvePoint(round(labels), round(found.value, 4), round(found.low, 4), round(found.high, 4))
