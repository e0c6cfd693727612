"""Plans against published ones and brute force, and widths that the planned studies then have."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from acclimate.annotation.agreement import Bootstrap, fleiss_kappa, krippendorff_alpha
from acclimate.annotation.sampling_plan import acceptance_plan, reading_plan
from acclimate.core.errors import ConfigError


@pytest.mark.parametrize(
    ("acceptable", "unacceptable", "consumer_risk", "check", "pass_at"),
    [(0.05, 0.15, 0.075, 80, 7), (0.01, 0.05, 0.10, 132, 3)],
    ids=["Kiermeier 2008, find.plan", "Larson's nomogram"],
)
def test_published_plans(acceptable, unacceptable, consumer_risk, check, pass_at):
    plan = acceptance_plan(acceptable=acceptable, unacceptable=unacceptable, consumer_risk=consumer_risk)
    assert (plan.check, plan.pass_at, plan.return_at) == (check, pass_at, pass_at + 1)


def smallest(batch, good, bad, producer_risk, consumer_risk):
    """The first plan that keeps both risks, by trying all."""
    for check in range(1, batch + 1):
        for pass_at in range(check):
            returned, passed = (stats.hypergeom(batch, wrong, check) for wrong in (good, bad))
            if returned.sf(pass_at) <= producer_risk + 1e-12 and passed.cdf(pass_at) <= consumer_risk:
                return check
    raise AssertionError


@given(st.integers(5, 40), st.data())
@settings(max_examples=15, deadline=None)
def test_no_smaller_plan_keeps_both_risks(batch, data):
    good = data.draw(st.integers(0, batch - 1))
    bad = data.draw(st.integers(good + 1, batch))
    plan = acceptance_plan(acceptable=good / batch, unacceptable=bad / batch, batch=batch)
    assert plan.check == smallest(batch, good, bad, 0.05, 0.10)
    assert plan.producer_risk <= 0.05 + 1e-9
    assert plan.consumer_risk <= 0.10
    assert plan.check <= batch


def test_a_plan_says_what_becomes_of_any_batch():
    plan = acceptance_plan(acceptable=0.01, unacceptable=0.05, batch=1000)
    assert plan.pass_probability(0.01) == pytest.approx(1 - plan.producer_risk)
    assert plan.pass_probability(0.05) == pytest.approx(plan.consumer_risk)
    assert plan.pass_probability(0) == 1
    assert plan.passes(plan.pass_at)
    assert not plan.passes(plan.return_at)


def test_a_small_batch_needs_fewer_checks_than_one_without_end():
    rates = {"acceptable": 0.01, "unacceptable": 0.05}
    assert acceptance_plan(**rates, batch=200).check < acceptance_plan(**rates).check


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"acceptable": 0.05, "unacceptable": 0.05}, "acceptable error rate is 0.05"),
        ({"acceptable": 0.01, "unacceptable": 0.05, "consumer_risk": 0}, "consumer's 0"),
        ({"acceptable": 0.01, "unacceptable": 0.05, "batch": 0}, "batch has 0"),
        ({"acceptable": 0.05, "unacceptable": 0.05001}, "No plan"),
    ],
)
def test_a_plan_that_cannot_be_is_an_error(options, message):
    with pytest.raises(ConfigError, match=message):
        acceptance_plan(**options)


def test_more_errors_than_checked_items_is_an_error():
    with pytest.raises(ConfigError, match="50 errors among"):
        acceptance_plan(acceptable=0, unacceptable=0.5).passes(50)


@pytest.mark.parametrize(("width", "annotators"), [(0.2, 2), (0.15, 3), (0.5, 2)])
def test_a_study_of_the_planned_size_has_an_interval_of_the_wanted_width(width, annotators):
    measure = partial(fleiss_kappa, bootstrap=Bootstrap(resamples=300))
    plan = reading_plan(measure, prevalence={"yes": 0.4, "no": 0.6}, agreement=0.6, width=width, annotators=annotators)
    assert plan.width == pytest.approx(width, rel=0.07)
    assert plan.readings == plan.items * annotators


def test_the_plan_is_that_of_the_textbook_formula_for_two_annotators_and_two_labels():
    plan = reading_plan(krippendorff_alpha, prevalence={"yes": 0.3, "no": 0.7}, agreement=0.7, width=0.1, seed=1)
    # Donner and Eliasziw 1992, the variance of a common-prevalence kappa of two annotators.
    kappa, odds = 0.7, 0.3 * 0.7
    variance = (1 - kappa) * ((1 - kappa) * (1 - 2 * kappa) + kappa * (2 - kappa) / (2 * odds))
    formula = variance * (2 * stats.norm.ppf(0.975) / 0.1) ** 2
    assert plan.items == pytest.approx(formula, rel=0.12)


def test_more_annotators_need_fewer_items_and_rarer_labels_more():
    measure = partial(krippendorff_alpha, bootstrap=Bootstrap(resamples=300))
    plan = partial(reading_plan, measure, agreement=0.6, width=0.2)
    even, rare = {"yes": 0.5, "no": 0.5}, {"yes": 0.1, "no": 0.9}
    assert plan(prevalence=even, annotators=4).items < plan(prevalence=even).items < plan(prevalence=rare).items


def test_the_same_seed_gives_the_same_plan():
    options = {"prevalence": {"yes": 0.5, "no": 0.5}, "agreement": 0.5, "width": 0.4}
    measure = partial(krippendorff_alpha, bootstrap=Bootstrap(resamples=50))
    one, other = (reading_plan(measure, **options, seed=3) for _ in range(2))
    assert one == other


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prevalence": {"yes": 0.5, "no": 0.6}}, "sum to 1.1"),
        ({"prevalence": {"yes": 1.0}}, "1 labels"),
        ({"agreement": 1.0}, "agreement is 1"),
        ({"width": 0}, "width 0"),
        ({"annotators": 1}, "1 annotators"),
        ({"prevalence": {"yes": 1e-7, "no": 1 - 1e-7}}, "No simulated study"),
    ],
)
def test_a_reading_plan_that_cannot_be_is_an_error(change, message):
    options = {"prevalence": {"yes": 0.5, "no": 0.5}, "agreement": 0.5, "width": 0.4, **change}
    with pytest.raises(ConfigError, match=message):
        reading_plan(krippendorff_alpha, **options)
