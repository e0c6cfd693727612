"""Bounds are those of statsmodels where spans are independent, and still hold where they come in clusters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.rates import confint_poisson

from acclimate.core.exact_bounds import effective_trials, greatest_rate, greatest_share, least_share, trials_needed

shares = st.integers(1, 300).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials)))
confidences = st.sampled_from([0.8, 0.9, 0.95, 0.99])


@given(share=shares, confidence=confidences)
def test_both_bounds_of_a_share_are_those_of_statsmodels(share, confidence):
    low, high = proportion_confint(*share, alpha=2 * (1 - confidence), method="beta")
    assert least_share(*share, confidence=confidence) == pytest.approx(0 if np.isnan(low) else low)
    assert greatest_share(*share, confidence=confidence) == pytest.approx(1 if np.isnan(high) else high)


@given(failures=st.integers(0, 8), required=st.sampled_from([0.8, 0.95, 0.99]), confidence=confidences)
def test_the_trials_needed_prove_the_share_and_one_less_does_not(failures, required, confidence):
    needed = trials_needed(failures, required=required, confidence=confidence)
    assert least_share(needed - failures, needed, confidence=confidence) >= required
    assert least_share(needed - 1 - failures, needed - 1, confidence=confidence) < required


@given(events=st.integers(0, 60), confidence=confidences)
def test_a_rate_of_single_events_has_the_exact_bound_of_statsmodels(events, confidence):
    _, high = confint_poisson(events, 1000, method="exact-c", alpha=2 * (1 - confidence))
    assert greatest_rate([1] * events, 1000, confidence=confidence) == pytest.approx(high)


def test_events_that_come_together_are_less_certain():
    assert greatest_rate([5, 5], 100, confidence=0.95) > greatest_rate([1] * 10, 100, confidence=0.95)


def test_trials_of_subjects_that_are_all_alike_are_worth_a_subject_each():
    won = [10] * 18 + [0] * 2
    assert effective_trials(won, [10] * 20, confidence=0.95) == pytest.approx(20 * 0.9, rel=0.15)
    assert effective_trials([1] * 18 + [0] * 2, [1] * 20, confidence=0.95) == pytest.approx(19, rel=0.01)
    assert effective_trials([10] * 20, [10] * 20, confidence=0.95) == 200


def test_bounds_hold_as_often_as_they_claim_where_a_subject_is_missed_as_a_whole():
    generator = np.random.default_rng(1)
    held_share = held_rate = 0
    for _ in range(400):
        trials = generator.integers(1, 8, 60)
        missed = trials * (generator.random(60) < 0.12)
        effective = effective_trials(trials - missed, trials, confidence=0.95)
        share = 1 - missed.sum() / trials.sum()
        held_share += least_share(share * effective, effective, confidence=0.95) <= 0.88
        held_rate += greatest_rate(missed[missed > 0], 60, confidence=0.95) >= 0.12 * 4
    assert held_share >= 0.93 * 400
    assert held_rate >= 0.93 * 400
