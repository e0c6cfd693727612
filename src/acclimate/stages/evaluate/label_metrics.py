"""How good told labels are: accuracy, macro-F1, log loss, Brier score, calibration error, each from sums over the items.

A figure that follows from sums can be drawn again by whole clusters, and its difference between two arms too.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt
from scipy import sparse

from acclimate.core.statistics import Estimate, Resamples

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Given = TypeVar("Given")
"""The answers of one arm, in whatever form a task has them."""

CALIBRATION_BINS = 15
"""Bins of equal width (Guo et al. 2017, "On Calibration of Modern Neural Networks")."""


@dataclass(frozen=True)
class Answers:
    """What one arm told of some items: items × labels, and which label each has (its code).

    Codes from `probabilities.shape[1]` up are labels that the arm cannot tell; `labels` counts these too.
    """

    probabilities: Floats
    truth: Codes
    labels: int

    @property
    def told(self) -> Codes:
        """The code of the likeliest label of each item."""
        return np.asarray(self.probabilities.argmax(axis=1), np.int64)

    @property
    def confidence(self) -> Floats:
        """Its probability."""
        return np.asarray(self.probabilities.max(axis=1), np.float64)

    @property
    def right(self) -> Floats:
        """One where it is the item's label."""
        return np.asarray(self.told == self.truth, np.float64)

    @property
    def own(self) -> Floats:
        """The probability of each item's label; 0 where the arm cannot tell it."""
        known = self.truth < self.probabilities.shape[1]
        own = self.probabilities[np.arange(len(self.truth)), np.where(known, self.truth, 0)]
        return np.where(known, own, 0.0)


@dataclass(frozen=True)
class Metric(Generic[Given]):
    """A figure of answers: `function` of the sums of `columns` over items; one row of sums gives one value."""

    columns: Callable[[Given], sparse.csr_array]
    function: Callable[[Floats], Floats]

    def total(self, answers: Given) -> float:
        """The figure over all items."""
        sums = np.asarray(self.columns(answers).sum(axis=0)).reshape(1, -1)
        return float(self.function(sums)[0])

    def value(self, answers: Given, resampling: Resamples) -> Estimate:
        """The figure with its interval."""
        return resampling.function_of_sums(self.columns(answers), self.function)

    def difference(self, answers: Given, other: Given, resampling: Resamples) -> Estimate:
        """The figure of one arm less that of another, on the same items."""
        left, right = self.columns(answers), self.columns(other)
        width = left.shape[1]

        def less(sums: Floats) -> Floats:
            return self.function(sums[:, :width]) - self.function(sums[:, width:])

        return resampling.function_of_sums(sparse.hstack([left, right], format="csr"), less)


def brier_scores(answers: Answers) -> Floats:
    """Each item's squared distance from certainty of its label (Brier 1950): 0 is best, 2 worst."""
    squares = (answers.probabilities**2).sum(axis=1)
    scores: Floats = squares - 2 * answers.own + 1
    return scores


def mean_of(values: Callable[[Given], Floats]) -> Metric[Given]:
    """The mean of a value of each item."""

    def columns(answers: Given) -> sparse.csr_array:
        found = values(answers)
        return sparse.csr_array(np.stack([found, np.ones(len(found))], axis=1))

    return Metric(columns, share)


def _log_loss_columns(answers: Answers) -> sparse.csr_array:
    """Bits of each item's label; items whose label the arm cannot tell count in neither column."""
    known = answers.truth < answers.probabilities.shape[1]
    bits = -np.log(np.maximum(answers.own, sys.float_info.min)) / math.log(2)
    return sparse.csr_array(np.stack([np.where(known, bits, 0.0), known.astype(np.float64)], axis=1))


def share(sums: Floats) -> Floats:
    """The first sum over the second; NaN where that is nothing."""
    out = np.full(len(sums), np.nan)
    return np.asarray(np.divide(sums[:, 0], sums[:, 1], out=out, where=sums[:, 1] > 0))


def _f1_columns(answers: Answers) -> sparse.csr_array:
    """For each label one column of items that have it and are told it, one of those that have it, one of those told it."""
    items, labels = len(answers.truth), answers.labels
    rows, told = np.arange(items), answers.told
    right = answers.right > 0
    return sparse.csr_array(
        (
            np.ones(right.sum() + 2 * items),
            (
                np.concatenate([rows[right], rows, rows]),
                np.concatenate([told[right], labels + answers.truth, 2 * labels + told]),
            ),
        ),
        shape=(items, 3 * labels),
    )


def mean_f1(sums: Floats) -> Floats:
    """Macro-F1: the mean over the labels that an item has or is told; three sums a label, as `_f1_columns` has them."""
    right, have, told = np.split(sums, 3, axis=1)
    there = have + told > 0
    f1 = np.divide(2 * right, have + told, out=np.zeros_like(right), where=there)
    return np.asarray(f1.sum(axis=1) / np.maximum(there.sum(axis=1), 1))


def _calibration_columns(answers: Answers) -> sparse.csr_array:
    return binned(answers.confidence[:, None], answers.right[:, None])


def binned(confidence: Floats, right: Floats) -> sparse.csr_array:
    """For each bin of confidence one column of how many there are, one of their confidences, one of those that are right.

    Both are items × what is told of each.
    """
    items, each = confidence.shape
    bins = bins_of(confidence.ravel())
    rows = np.tile(np.repeat(np.arange(items), each), 3)
    values = np.concatenate([np.ones(items * each), confidence.ravel(), right.ravel()])
    columns = np.concatenate([bins + part * CALIBRATION_BINS for part in range(3)])
    return sparse.coo_array((values, (rows, columns)), shape=(items, 3 * CALIBRATION_BINS)).tocsr()


def bins_of(confidence: Floats) -> Codes:
    """The bin of each confidence."""
    edges = np.linspace(0, 1, CALIBRATION_BINS + 1)
    bins: Codes = np.searchsorted(edges[1:-1], confidence).astype(np.int64)
    return bins


def calibration_error(sums: Floats) -> Floats:
    """How far confidence and accuracy lie apart, bins weighed by their items."""
    count, confidence, right = np.split(sums, 3, axis=1)
    return np.asarray(np.abs(confidence - right).sum(axis=1) / count.sum(axis=1))


METRICS: Mapping[str, Metric[Answers]] = {
    "accuracy": mean_of(lambda answers: answers.right),
    "macro_f1": Metric(_f1_columns, mean_f1),
    "log_loss": Metric(_log_loss_columns, share),
    "brier": mean_of(brier_scores),
    "calibration_error": Metric(_calibration_columns, calibration_error),
}
"""By name: share of items told right · mean F1 of the labels · bits of the item's label · Brier score · expected
calibration error."""


@dataclass(frozen=True)
class Bin:
    """The items whose confidence lies in one bin: their mean confidence, and the share of them that is right."""

    items: int
    confidence: float
    accuracy: float


def calibration(answers: Answers) -> list[Bin]:
    """The bins that hold items, from unsure to sure."""
    return filled_bins(answers.confidence, answers.right)


def filled_bins(confidence: Floats, right: Floats) -> list[Bin]:
    """The bins of what is so sure, with how often it is so; `right` is 1 where it is."""
    bins = bins_of(confidence)
    return [
        Bin(int((bins == one).sum()), float(confidence[bins == one].mean()), float(right[bins == one].mean()))
        for one in np.unique(bins)
    ]
