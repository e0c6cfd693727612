"""How good told labels are where a text may have any number: micro- and macro-F1, exact matches, log loss, calibration.

All are figures of sums over the items, as those of one label a text.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from acclimate.core.label_sets import set_nats
from acclimate.stages.evaluate.label_metrics import (
    Bin,
    Floats,
    Metric,
    binned,
    calibration_error,
    filled_bins,
    mean_f1,
    mean_of,
    share,
)


@dataclass(frozen=True)
class SetAnswers:
    """What one arm told of some items, all items × labels: how likely each label is, whether it is told, whether it is had.

    `told` and `has` are 0 or 1; labels that the arm cannot tell come last, and `probabilities` has no column for them.
    """

    probabilities: Floats
    told: Floats
    has: Floats

    @property
    def right(self) -> Floats:
        """One where an item is told exactly its labels."""
        return np.asarray((self.told == self.has).all(axis=1), np.float64)

    @property
    def has_known(self) -> Floats:
        """Which of the labels that the arm can tell each item has."""
        return self.has[:, : self.probabilities.shape[1]]

    @property
    def nats(self) -> Floats:
        """Of each item's labels, told or not, under the arm; NaN where it has one that the arm cannot tell."""
        beyond = self.has[:, self.probabilities.shape[1] :].any(axis=1)
        return np.where(beyond, np.nan, set_nats(self.probabilities, self.has_known))

    def of_label(self, code: int) -> SetAnswers:
        """The same of one label that the arm can tell."""
        one = slice(code, code + 1)
        return SetAnswers(self.probabilities[:, one], self.told[:, one], self.has[:, one])


def _brier_scores(answers: SetAnswers) -> Floats:
    """Each item's mean squared distance of probabilities from 0 or 1: 0 is best, 1 worst."""
    squares = (answers.probabilities - answers.has_known) ** 2
    scores: Floats = squares.mean(axis=1)
    return scores


def _f1_columns(answers: SetAnswers) -> sparse.csr_array:
    """For each label one column of items that have it and are told it, one of those that have it, one of those told it."""
    return sparse.csr_array(np.concatenate([answers.told * answers.has, answers.has, answers.told], axis=1))


def _micro_columns(answers: SetAnswers) -> sparse.csr_array:
    """Twice the labels told and had, and the labels had and told: F1 is their ratio."""
    both = 2 * (answers.told * answers.has).sum(axis=1)
    return sparse.csr_array(np.stack([both, answers.has.sum(axis=1) + answers.told.sum(axis=1)], axis=1))


def _log_loss_columns(answers: SetAnswers) -> sparse.csr_array:
    bits = answers.nats / math.log(2)
    known = ~np.isnan(bits)
    return sparse.csr_array(np.stack([np.where(known, bits, 0.0), known.astype(np.float64)], axis=1))


SET_METRICS: Mapping[str, Metric[SetAnswers]] = {
    "micro_f1": Metric(_micro_columns, share),
    "macro_f1": Metric(_f1_columns, mean_f1),
    "exact_match": mean_of(lambda answers: answers.right),
    "log_loss": Metric(_log_loss_columns, share),
    "brier": mean_of(_brier_scores),
    "calibration_error": Metric(lambda answers: binned(answers.probabilities, answers.has_known), calibration_error),
}
"""By name: F1 over all labels of all items together · mean F1 of the labels · share of items told exactly their labels ·
bits of an item's labels · mean squared distance of probabilities from 0 or 1 · expected calibration error, of each label of
each item."""


def found(answers: SetAnswers, code: int) -> dict[str, float | None]:
    """Precision, recall and F1 of one label, None where nothing is divided by; its Brier score and calibration error."""
    have, told = answers.has[:, code] > 0, answers.told[:, code] > 0
    right = int((have & told).sum())
    figures: dict[str, float | None] = {
        "precision": right / int(told.sum()) if told.any() else None,
        "recall": right / int(have.sum()) if have.any() else None,
        "f1": 2 * right / int(have.sum() + told.sum()) if (have | told).any() else None,
    }
    if code >= answers.probabilities.shape[1]:
        return {**figures, "brier": None, "calibration_error": None}
    one = answers.of_label(code)
    return figures | {name: SET_METRICS[name].total(one) for name in ("brier", "calibration_error")}


def set_calibration(answers: SetAnswers) -> Sequence[Bin]:
    """How often a label is had where it is so likely, over all labels of all items."""
    return filled_bins(answers.probabilities.ravel(), answers.has_known.ravel())
