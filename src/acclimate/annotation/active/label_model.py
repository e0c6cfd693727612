"""A small model of labels: multinomial logistic regression over the vectors of texts, seconds to train on one core."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
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
        scores = vectors @ self.weights[:-1].astype(np.float32) + self.weights[-1].astype(np.float32)
        return np.asarray(special.softmax(scores.astype(np.float64), axis=1))

    def predicted(self, vectors: Vectors) -> Codes:
        """The code of the most likely label of each text."""
        scores = vectors @ self.weights[:-1].astype(np.float32) + self.weights[-1].astype(np.float32)
        found: Codes = self.labels[scores.argmax(axis=1)]
        return found


def fit_labels(vectors: Vectors, labels: Codes, *, start: LabelModel | None = None) -> LabelModel:
    """The model that texts × dimensions and a label code each give; `start`, an earlier model, only saves time.

    The loss is that of scikit-learn's LogisticRegression with `C` = `STRENGTH`, minimised by L-BFGS.
    """
    seen, codes = np.unique(labels, return_inverse=True)
    loss = _Loss(vectors, codes, len(seen))
    found = optimize.minimize(
        loss, _first_weights(loss, seen, start).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": _MOST_STEPS}
    )
    return LabelModel(seen, found.x.reshape(loss.shape))


class _Loss:
    """Mean cross-entropy plus the penalty, and its gradient."""

    def __init__(self, vectors: Vectors, codes: npt.NDArray[np.int64], labels: int) -> None:
        self.vectors = vectors
        self.codes = codes
        self.shape = (vectors.shape[1] + 1, labels)
        self.rows = np.arange(len(codes))

    def __call__(self, flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(self.shape)
        scores = (self.vectors @ weights[:-1].astype(np.float32)).astype(np.float64) + weights[-1]
        scores -= scores.max(axis=1, keepdims=True)
        slopes = np.exp(scores)
        sums = slopes.sum(axis=1)
        loss = float((np.log(sums) - scores[self.rows, self.codes]).mean())
        slopes /= sums[:, None]
        slopes[self.rows, self.codes] -= 1
        slopes /= len(self.rows)
        penalty = 1 / (STRENGTH * len(self.rows))
        gradient = np.empty(self.shape)
        gradient[:-1] = self.vectors.T @ slopes.astype(np.float32)
        gradient[:-1] += penalty * weights[:-1]
        gradient[-1] = slopes.sum(axis=0)
        return loss + 0.5 * penalty * float((weights[:-1] ** 2).sum()), gradient.ravel()


def _first_weights(loss: _Loss, seen: Codes, start: LabelModel | None) -> Floats:
    weights = np.zeros(loss.shape)
    if start is not None:
        known, new, old = np.intersect1d(seen, start.labels, return_indices=True)
        if len(known):
            weights[:, new] = start.weights[:, old]
    return weights
