"""Confident learning: which given labels are likely wrong, by what else is known of the items.

Northcutt, Jiang and Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Doubted:
    """Given labels that are likely wrong, in the order of the items: places, what each likely is, and how sure.

    `probability` is that of the likely label, `given_probability` that of the given one.
    """

    places: Codes
    likely: Codes
    probability: Floats
    given_probability: Floats


def doubted_labels(probabilities: Floats, given: Codes) -> Doubted:
    """The items whose most probable confident label is another than the one given.

    `probabilities` is items × labels and must not rest on the items' own given labels. A label counts as confident for
    an item where its probability reaches the mean that label has over the items given it; a label that no item was
    given has no mean, and is never the likely one.

    >>> probabilities = np.array([[.9, .1], [.8, .2], [.1, .9], [.95, .05], [.3, .7]])
    >>> doubted_labels(probabilities, np.array([0, 0, 1, 1, 1])).places.tolist()
    [3]
    """
    items, labels = probabilities.shape
    if not items:
        nothing: Floats = np.empty(0)
        return Doubted(given, given, nothing, nothing)
    own = probabilities[np.arange(items), given]
    confident = np.where(probabilities >= _thresholds(own, given, labels), probabilities, -1.0)
    likely = confident.argmax(axis=1)
    highest = confident[np.arange(items), likely]
    wrong = np.flatnonzero((highest >= 0) & (likely != given))
    return Doubted(wrong, likely[wrong], highest[wrong], own[wrong])


def _thresholds(own: Floats, codes: Codes, labels: int) -> Floats:
    """The mean probability of each label over the items given it, less a rounding error; infinite where none was."""
    items = np.bincount(codes, minlength=labels)
    means = np.full(labels, np.inf)
    np.divide(np.bincount(codes, own, labels), items, out=means, where=items > 0)
    return np.asarray(means - 1e-9)
