"""Small models of labels: logistic regression over the vectors of texts, seconds to train on one core.

Where a text has one label, its labels are codes, one a text; where it may have several, texts × labels of 0 and 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from acclimate.annotation.readings import Codes, Floats
from acclimate.core.ports import Vectors

STRENGTH = 30.0
"""How much the labels weigh against the penalty on weights (scikit-learn's C)."""
_MOST_STEPS = 200


@dataclass(frozen=True)
class LabelModel:
    """`weights` is (dimensions + 1) × labels, the last row the intercepts; `labels` are the codes seen in training."""

    labels: Codes
    weights: Floats

    def probabilities(self, vectors: Vectors) -> Floats:
        """Texts × labels seen in training; rows sum to one."""
        return np.asarray(special.softmax(_scores(vectors, self.weights).astype(np.float64), axis=1))

    def predicted(self, vectors: Vectors) -> Codes:
        """The code of the most likely label of each text."""
        found: Codes = self.labels[_scores(vectors, self.weights).argmax(axis=1)]
        return found

    def sureness(self, probabilities: Floats) -> Floats:
        """By how much the most likely label of each text leads the next."""
        if probabilities.shape[1] < 2:
            return np.ones(len(probabilities))
        best = -np.partition(-probabilities, 1, axis=1)
        lead: Floats = best[:, 0] - best[:, 1]
        return lead

    def doubted(self, probabilities: Floats) -> Codes:
        """The columns of the two most likely labels of one text."""
        return np.argsort(-probabilities, kind="stable")[:2]


@dataclass(frozen=True)
class LabelSetModel:
    """Each label of a schema by itself: `weights` is (dimensions + 1) × labels, the last row the intercepts."""

    weights: Floats

    @property
    def labels(self) -> Codes:
        """The codes of all labels of the schema."""
        return np.arange(self.weights.shape[1])

    def probabilities(self, vectors: Vectors) -> Floats:
        """Texts × labels, each label by itself."""
        return np.asarray(special.expit(_scores(vectors, self.weights).astype(np.float64)))

    def predicted(self, vectors: Vectors) -> Codes:
        """Texts × labels: 1 for each label that a text rather has than not."""
        return (_scores(vectors, self.weights) > 0).astype(np.int64)

    def sureness(self, probabilities: Floats) -> Floats:
        """Less the more entropy the labels of a text have, in the mean over labels; 0 at most."""
        entropy: Floats = (special.entr(probabilities) + special.entr(1 - probabilities)).mean(axis=1)
        return -entropy

    def doubted(self, probabilities: Floats) -> Codes:
        """The columns of the two labels of one text whose probabilities are nearest to a half."""
        return np.argsort(np.abs(probabilities - 0.5), kind="stable")[:2]


Model = LabelModel | LabelSetModel


def fit(vectors: Vectors, labels: Codes, *, start: Model | None = None) -> Model:
    """The model that fits the form of the labels: one label a text, or several."""
    if labels.ndim == 2:
        return fit_label_sets(vectors, labels, start=start if isinstance(start, LabelSetModel) else None)
    return fit_labels(vectors, labels, start=start if isinstance(start, LabelModel) else None)


def fit_labels(vectors: Vectors, labels: Codes, *, start: LabelModel | None = None) -> LabelModel:
    """The model that texts × dimensions and a label code each give; `start`, an earlier model, only saves time.

    The loss is that of scikit-learn's LogisticRegression with `C` = `STRENGTH`, minimised by L-BFGS.
    """
    seen, codes = np.unique(labels, return_inverse=True)
    weights = _minimised(_Loss(vectors, _of_one_label(codes), len(seen)), _first_weights(vectors, seen, start))
    return LabelModel(seen, weights)


def fit_label_sets(vectors: Vectors, has: Codes, *, start: LabelSetModel | None = None) -> LabelSetModel:
    """The model that texts × dimensions and texts × labels of 0 and 1 give; `start` only saves time.

    Each label is the logistic regression of scikit-learn with `C` = `STRENGTH`; all are minimised together.
    """
    first = np.zeros((vectors.shape[1] + 1, has.shape[1])) if start is None else start.weights
    return LabelSetModel(_minimised(_Loss(vectors, _of_several_labels(has), has.shape[1]), first))


NatsAndSlopes = Callable[[Floats], tuple[Floats, Floats]]
"""The negative log-likelihood of each text under its scores (texts × labels), and its derivative by these."""


def _of_one_label(codes: Codes) -> NatsAndSlopes:
    rows = np.arange(len(codes))

    def told(scores: Floats) -> tuple[Floats, Floats]:
        scores -= scores.max(axis=1, keepdims=True)
        slopes = np.exp(scores)
        sums = slopes.sum(axis=1)
        nats = np.log(sums) - scores[rows, codes]
        slopes /= sums[:, None]
        slopes[rows, codes] -= 1
        return nats, slopes

    return told


def _of_several_labels(has: Codes) -> NatsAndSlopes:
    def told(scores: Floats) -> tuple[Floats, Floats]:
        return (np.logaddexp(0, scores) - has * scores).sum(axis=1), special.expit(scores) - has

    return told


class _Loss:
    """Mean negative log-likelihood plus the penalty, and its gradient."""

    def __init__(self, vectors: Vectors, told: NatsAndSlopes, labels: int) -> None:
        self.vectors = vectors
        self.told = told
        self.shape = (vectors.shape[1] + 1, labels)

    def __call__(self, flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(self.shape)
        nats, slopes = self.told((self.vectors @ weights[:-1].astype(np.float32)).astype(np.float64) + weights[-1])
        slopes /= len(self.vectors)
        penalty = 1 / (STRENGTH * len(self.vectors))
        gradient = np.empty(self.shape)
        gradient[:-1] = self.vectors.T @ slopes.astype(np.float32)
        gradient[:-1] += penalty * weights[:-1]
        gradient[-1] = slopes.sum(axis=0)
        return float(nats.mean()) + 0.5 * penalty * float((weights[:-1] ** 2).sum()), gradient.ravel()


def _minimised(loss: _Loss, first: Floats) -> Floats:
    found = optimize.minimize(loss, first.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": _MOST_STEPS})
    weights: Floats = found.x.reshape(loss.shape)
    return weights


def _scores(vectors: Vectors, weights: Floats) -> Vectors:
    scores: Vectors = vectors @ weights[:-1].astype(np.float32) + weights[-1].astype(np.float32)
    return scores


def _first_weights(vectors: Vectors, seen: Codes, start: LabelModel | None) -> Floats:
    weights = np.zeros((vectors.shape[1] + 1, len(seen)))
    if start is not None:
        known, new, old = np.intersect1d(seen, start.labels, return_indices=True)
        if len(known):
            weights[:, new] = start.weights[:, old]
    return weights
