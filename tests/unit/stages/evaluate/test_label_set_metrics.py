"""Figures of several labels a text are those of scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as oracle
from sklearn.calibration import calibration_curve

from acclimate.core.statistics import Resamples
from acclimate.stages.evaluate.label_metrics import CALIBRATION_BINS
from acclimate.stages.evaluate.label_set_metrics import SET_METRICS, SetAnswers, found, set_calibration


@st.composite
def answers(draw):
    """At least one label is had and told, without which F1 is undefined; of one column scikit-learn scores both values."""
    shape = draw(st.integers(2, 30)), draw(st.integers(2, 4))
    random = np.random.default_rng(draw(st.integers(0, 10_000)))
    probabilities, has = random.uniform(size=shape), random.integers(0, 2, shape).astype(float)
    told = (probabilities > draw(st.floats(0.1, 0.9))).astype(float)
    has[0, 0] = told[0, 0] = 1.0
    return SetAnswers(probabilities, told, has)


@settings(max_examples=40)
@given(told=answers())
def test_figures_are_those_of_scikit_learn(told):
    def figure(name):
        return SET_METRICS[name].total(told)

    present = np.flatnonzero((told.has + told.told).any(axis=0))
    assert figure("micro_f1") == pytest.approx(oracle.f1_score(told.has, told.told, average="micro", zero_division=0))
    macro = oracle.f1_score(told.has, told.told, labels=present, average="macro", zero_division=0)
    assert figure("macro_f1") == pytest.approx(macro)
    assert figure("exact_match") == pytest.approx(oracle.accuracy_score(told.has, told.told))
    labels = list(zip(told.has.T, told.probabilities.T, strict=True))
    nats = sum(oracle.log_loss(has, sure, labels=[0, 1]) for has, sure in labels)
    assert figure("log_loss") == pytest.approx(nats / np.log(2))
    brier = [oracle.brier_score_loss(has, sure, labels=[0, 1]) for has, sure in labels]
    assert figure("brier") == pytest.approx(np.mean(brier))
    assert figure("calibration_error") == pytest.approx(calibration_error(told.has, told.probabilities))


@settings(max_examples=40)
@given(told=answers())
def test_figures_of_each_label_are_those_of_scikit_learn(told):
    for code, (has, said, sure) in enumerate(zip(told.has.T, told.told.T, told.probabilities.T, strict=True)):
        of_label = found(told, code)
        score = {"zero_division": np.nan}
        for name, expected in (
            ("precision", oracle.precision_score(has, said, **score)),
            ("recall", oracle.recall_score(has, said, **score)),
            ("f1", oracle.f1_score(has, said, **score)),
        ):
            assert (np.nan if of_label[name] is None else of_label[name]) == pytest.approx(expected, nan_ok=True)
        assert of_label["brier"] == pytest.approx(np.mean((has - sure) ** 2))
        assert of_label["calibration_error"] == pytest.approx(calibration_error(has, sure))


def calibration_error(has, sure):
    right, mean = calibration_curve(has.ravel(), sure.ravel(), n_bins=CALIBRATION_BINS)
    counts = np.bincount(np.searchsorted(np.linspace(0, 1, CALIBRATION_BINS + 1)[1:-1], sure.ravel()))
    return (counts[counts > 0] * abs(right - mean)).sum() / counts.sum()


def test_a_label_that_cannot_be_told_is_missed_and_its_item_has_no_log_loss():
    has, told = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[1.0, 0.0], [0.0, 0.0]])
    answers = SetAnswers(np.array([[0.75], [0.25]]), told, has)
    figures = {name: metric.total(answers) for name, metric in SET_METRICS.items()}
    assert (figures["micro_f1"], figures["exact_match"]) == (pytest.approx(2 / 3), 0.5)
    assert figures["log_loss"] == pytest.approx(-np.log2(0.75))
    assert found(answers, 1) == {"precision": None, "recall": 0.0, "f1": 0.0, "brier": None, "calibration_error": None}


def test_bins_say_how_often_a_label_is_there_over_all_labels():
    (low, high) = set_calibration(SetAnswers(np.array([[0.9, 0.1]]), np.array([[1.0, 0.0]]), np.array([[1.0, 1.0]])))
    assert (low.confidence, low.accuracy, high.confidence, high.accuracy) == (0.1, 1.0, 0.9, 1.0)


@pytest.mark.parametrize("name", SET_METRICS)
def test_an_arm_does_not_differ_from_itself(name):
    has = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 0.0]])
    told = SetAnswers(np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]), has, has)
    change = SET_METRICS[name].difference(told, told, Resamples(["a", "b", "c"], resamples=200, seed=0))
    assert (change.value, change.low, change.high) == (0, 0, 0)
