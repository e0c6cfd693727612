"""Multinomial logistic regression over dense or sparse features, with labels that may be shared out among classes.

The loss is that of scikit-learn's LogisticRegression (`strength` is its C), minimised by L-BFGS from zero.
"""

from __future__ import annotations

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


def fit_softmax(features: Features, wanted: Floats, *, strength: float = 1.0) -> Floats:
    """Weights of each class, features + 1 × classes, the last row without a feature; unregularised there.

    `wanted` is records × classes, each row the shares of the classes in that record, which sum to one. A feature that
    no record has keeps weight zero, and costs nothing where the features are sparse.

    >>> weights = fit_softmax(np.array([[-1.0], [1.0]]), np.eye(2), strength=100.0)
    >>> softmax_probabilities(np.array([[3.0]]), weights).argmax()
    np.int64(1)
    """
    classes = wanted.shape[1]
    if sparse.issparse(features):
        present = np.flatnonzero(np.bincount(sparse.csr_array(features).indices, minlength=features.shape[1]))
        if len(present) < features.shape[1]:
            weights = np.zeros((features.shape[1] + 1, classes))
            weights[[*present, -1]] = fit_softmax(features[:, present], wanted, strength=strength)
            return weights
    width = features.shape[1]
    transposed = sparse.csr_array(features.T) if sparse.issparse(features) else features.T

    def loss_and_slope(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(width + 1, classes)
        scores = features @ weights[:-1] + weights[-1]
        total = special.logsumexp(scores, axis=1)
        loss = float(total.sum() - (scores * wanted).sum() + 0.5 / strength * (weights[:-1] ** 2).sum())
        surplus = np.exp(scores - total[:, None]) - wanted
        slope = np.vstack([transposed @ surplus + weights[:-1] / strength, surplus.sum(axis=0)])
        return loss, slope.ravel()

    start = np.zeros((width + 1) * classes)
    found = optimize.minimize(loss_and_slope, start, jac=True, method="L-BFGS-B", options={"maxiter": STEPS})
    return np.asarray(found.x).reshape(width + 1, classes)


def softmax_probabilities(features: Features, weights: Floats) -> Floats:
    """Each record's probability of each class."""
    return np.asarray(special.softmax(features @ weights[:-1] + weights[-1], axis=1))
