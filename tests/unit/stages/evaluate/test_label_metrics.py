"""Figures of told labels are those of scikit-learn, and intervals come from whole clusters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as oracle
from sklearn.calibration import calibration_curve

from acclimate.core.statistics import Resamples
from acclimate.stages.evaluate.label_metrics import CALIBRATION_BINS, METRICS, Answers, calibration

LABELS = 3


@st.composite
def answers(draw):
    items = draw(st.integers(2, 40))
    random = np.random.default_rng(draw(st.integers(0, 10_000)))
    probabilities = random.dirichlet(np.full(LABELS, 0.5), items)
    return Answers(probabilities, random.integers(0, LABELS, items), LABELS)


def figure(name, told):
    return METRICS[name].total(told)


@given(told=answers())
def test_figures_are_those_of_scikit_learn(told):
    codes = range(LABELS)
    assert figure("accuracy", told) == pytest.approx(oracle.accuracy_score(told.truth, told.told))
    assert figure("macro_f1", told) == pytest.approx(oracle.f1_score(told.truth, told.told, average="macro"))
    loss = oracle.log_loss(told.truth, np.maximum(told.probabilities, 1e-15), labels=codes) / np.log(2)
    assert figure("log_loss", told) == pytest.approx(loss, abs=1e-6)
    scaled = oracle.brier_score_loss(told.truth, told.probabilities, labels=codes, scale_by_half=False)
    assert figure("brier", told) == pytest.approx(scaled)


@given(told=answers())
def test_the_calibration_error_is_that_of_scikit_learns_curve(told):
    right, sure = calibration_curve(told.right, told.confidence, n_bins=CALIBRATION_BINS)
    edges = np.linspace(0, 1, CALIBRATION_BINS + 1)
    counts = np.bincount(np.searchsorted(edges[1:-1], told.confidence))
    error = (counts[counts > 0] * abs(right - sure)).sum() / counts.sum()
    assert figure("calibration_error", told) == pytest.approx(error)
    bins = calibration(told)
    assert [one.accuracy for one in bins] == pytest.approx(right)
    assert [one.confidence for one in bins] == pytest.approx(sure)


def test_an_item_whose_label_cannot_be_told_is_wrong_and_has_no_log_loss():
    told = Answers(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 2]), 3)
    assert figure("accuracy", told) == 0.5
    assert figure("log_loss", told) == pytest.approx(-np.log2(0.9))
    assert figure("brier", told) == pytest.approx((0.01 + 0.01 + 0.04 + 0.64 + 1) / 2)


@pytest.mark.parametrize("name", METRICS)
def test_an_arm_does_not_differ_from_itself(name):
    told = Answers(np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]), np.array([0, 1, 1]), 2)
    change = METRICS[name].difference(told, told, Resamples(["a", "b", "c"], resamples=200, seed=0))
    assert (change.value, change.low, change.high) == (0, 0, 0)


def test_a_difference_is_drawn_by_whole_clusters():
    truth = np.zeros(40, dtype=np.int64)
    right, half = np.tile([1.0, 0.0], (40, 1)), np.repeat([[1.0, 0.0], [0.0, 1.0]], 20, axis=0)
    few = Resamples([str(place // 20) for place in range(40)], resamples=400, seed=0)
    many = Resamples([str(place) for place in range(40)], resamples=400, seed=0)
    wide, narrow = (
        METRICS["accuracy"].difference(Answers(right, truth, 2), Answers(half, truth, 2), draws)
        for draws in (few, many)
    )
    assert wide.value == narrow.value == 0.5
    assert wide.high - wide.low > narrow.high - narrow.low
