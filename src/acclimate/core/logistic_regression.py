"""Logistic regression over dense or sparse features: which one of several classes, or of each class whether it holds.

What is wanted may be soft. The loss is that of scikit-learn's LogisticRegression (`strength` is its C), for each class by
itself that of its OneVsRestClassifier, minimised by L-BFGS from zero.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse, special

Floats = npt.NDArray[np.float64]
Features = Any
"""Records × features: an array, or a sparse one of scipy."""

STEPS = 200

PROBE_STRENGTH = 30.0
"""The strength for an encoder's vectors of length one: what a label head starts from, and what it is compared with."""


@dataclass(frozen=True)
class Regression:
    """A way to fit weights, features + 1 × classes, to what is wanted (records × classes), and what they tell of records."""

    fit: Callable[..., Floats]
    probabilities: Callable[[Features, Floats], Floats]


def fit_softmax(features: Features, wanted: Floats, *, strength: float = 1.0) -> Floats:
    """Weights of each class, features + 1 × classes, the last row without a feature; unregularised there.

    `wanted` is records × classes, each row the shares of the classes in that record, which sum to one. A feature that
    no record has keeps weight zero, and costs nothing where the features are sparse.

    >>> weights = fit_softmax(np.array([[-1.0], [1.0]]), np.eye(2), strength=100.0)
    >>> softmax_probabilities(np.array([[3.0]]), weights).argmax()
    np.int64(1)
    """
    return _fit(features, wanted, _softmax, strength)


def softmax_probabilities(features: Features, weights: Floats) -> Floats:
    """Each record's probability of each class."""
    return np.asarray(special.softmax(features @ weights[:-1] + weights[-1], axis=1))


def fit_one_vs_rest(features: Features, wanted: Floats, *, strength: float = 1.0) -> Floats:
    """The same weights where classes do not exclude each other: `wanted` has each class's probability by itself.

    >>> weights = fit_one_vs_rest(np.array([[-1.0], [1.0]]), np.array([[0.0, 1.0], [1.0, 1.0]]), strength=100.0)
    >>> (one_vs_rest_probabilities(np.array([[3.0], [-3.0]]), weights) > 0.5).tolist()
    [[True, True], [False, True]]
    """
    return _fit(features, wanted, _each_by_itself, strength)


def one_vs_rest_probabilities(features: Features, weights: Floats) -> Floats:
    """Each record's probability of each class, by itself."""
    return np.asarray(special.expit(features @ weights[:-1] + weights[-1]))


SOFTMAX = Regression(fit_softmax, softmax_probabilities)
ONE_VS_REST = Regression(fit_one_vs_rest, one_vs_rest_probabilities)


def _softmax(scores: Floats) -> tuple[float, Floats]:
    total = special.logsumexp(scores, axis=1)
    return float(total.sum()), np.exp(scores - total[:, None])


def _each_by_itself(scores: Floats) -> tuple[float, Floats]:
    return float(np.logaddexp(0.0, scores).sum()), np.asarray(special.expit(scores))


def _fit(
    features: Features, wanted: Floats, normaliser: Callable[[Floats], tuple[float, Floats]], strength: float
) -> Floats:
    """`normaliser` gives what scores are normalised by, in logarithms and summed, and its slope: the probabilities."""
    classes = wanted.shape[1]
    if sparse.issparse(features):
        present = np.flatnonzero(np.bincount(sparse.csr_array(features).indices, minlength=features.shape[1]))
        if len(present) < features.shape[1]:
            weights = np.zeros((features.shape[1] + 1, classes))
            weights[[*present, -1]] = _fit(features[:, present], wanted, normaliser, strength)
            return weights
    width = features.shape[1]
    transposed = sparse.csr_array(features.T) if sparse.issparse(features) else features.T

    def loss_and_slope(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(width + 1, classes)
        scores = features @ weights[:-1] + weights[-1]
        total, likely = normaliser(scores)
        loss = float(total - (scores * wanted).sum() + 0.5 / strength * (weights[:-1] ** 2).sum())
        surplus = likely - wanted
        slope = np.vstack([transposed @ surplus + weights[:-1] / strength, surplus.sum(axis=0)])
        return loss, slope.ravel()

    start = np.zeros((width + 1) * classes)
    found = optimize.minimize(loss_and_slope, start, jac=True, method="L-BFGS-B", options={"maxiter": STEPS})
    return np.asarray(found.x).reshape(width + 1, classes)
