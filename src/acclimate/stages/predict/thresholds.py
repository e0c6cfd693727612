"""The probability above which a label counts as told, chosen where no report looks: on the validation records."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from acclimate.core.logistic_regression import Floats

EVEN = 0.5


@dataclass(frozen=True)
class Threshold:
    """One threshold for all labels, with what it was chosen on; `texts` is 0 where it was given."""

    value: float
    texts: int = 0
    micro_f1: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


def best_threshold(probabilities: Floats, has: Floats) -> Threshold:
    """The threshold with the most micro-F1 over some texts; of equal ones that nearest to a half.

    Both are texts × labels; `has` is 1 where a text has the label. Thresholds stand in the middle between two
    neighbouring probabilities. Where no text has any label, nothing speaks for one, and it is a half.

    >>> best_threshold(np.array([[0.9, 0.3], [0.2, 0.1]]), np.array([[1.0, 1.0], [0.0, 0.0]]))
    Threshold(value=0.25, texts=2, micro_f1=1.0)
    """
    if not has.any() or not probabilities.any():
        return Threshold(EVEN, len(has))
    order = np.argsort(-probabilities.ravel(), kind="stable")
    likely, found = probabilities.ravel()[order], np.cumsum(has.ravel()[order])
    # A cut stands behind the last of equal probabilities; what has none at all is above no threshold.
    ends = np.flatnonzero(np.append(likely[:-1] > likely[1:], True) & (likely > 0))
    below = np.append(likely[1:], 0.0)[ends]
    middle = (likely[ends] + below) / 2
    # Between neighbours among the floats there is no middle.
    values = np.where(middle < likely[ends], middle, below)
    f1 = 2 * found[ends] / (ends + 1 + has.sum())
    best = np.flatnonzero(f1 >= f1.max() - 1e-12)
    chosen = best[np.argmin(np.abs(values[best] - EVEN))]
    return Threshold(float(values[chosen]), len(has), float(f1[chosen]))
