"""Intervals cover what they claim, do not depend on order, and agree with scipy and with brute force."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, sparse, stats

from acclimate.core.statistics import (
    Ratio,
    Resamples,
    _degrees_of_freedom,
    exact_mcnemar,
    holm,
    items_needed,
    likely_loss_share,
    paired_share_bounds,
)


def ratio(above, below):
    return Ratio(np.asarray(above, float), np.asarray(below, float))


def draw_study(generator, clusters):
    """Two items of one subject share an effect; the true difference of the two figures is 1."""
    names = [f"subject-{number}" for number in range(clusters) for _ in range(2)]
    shared = np.repeat(generator.normal(1, 1, clusters), 2) + generator.normal(0, 0.3, 2 * clusters)
    base = generator.normal(5, 3, 2 * clusters)
    ones = np.ones_like(base)
    return names, Ratio(base + shared, ones), Ratio(base, ones)


def test_intervals_of_clustered_pairs_cover_the_truth_as_often_as_they_claim():
    generator = np.random.default_rng(1)
    covered = 0
    for _ in range(400):
        names, adapted, base = draw_study(generator, 15)
        estimate = Resamples(names, resamples=300, seed=0).difference(adapted, base)
        covered += estimate.low < 1 < estimate.high
    assert 0.92 <= covered / 400 <= 0.98


def test_items_of_one_subject_count_as_one():
    names, adapted, base = draw_study(np.random.default_rng(2), 30)
    together = Resamples(names, resamples=2000, seed=0).difference(adapted, base)
    apart = Resamples([str(place) for place in range(60)], resamples=2000, seed=0).difference(adapted, base)
    assert together.standard_error > 1.2 * apart.standard_error
    assert (together.clusters, together.items) == (30, 60)


def test_the_bootstrap_agrees_with_a_paired_t_test_where_that_one_is_right():
    generator = np.random.default_rng(3)
    base = generator.normal(0, 1, 80)
    adapted = base + generator.normal(0.3, 1, 80)
    ones = np.ones(80)
    estimate = Resamples([str(place) for place in range(80)], resamples=20_000, seed=0).difference(
        Ratio(adapted, ones), Ratio(base, ones)
    )
    oracle = stats.ttest_rel(adapted, base)
    interval = oracle.confidence_interval()
    assert estimate.p_value == pytest.approx(oracle.pvalue, rel=0.1)
    assert (estimate.low, estimate.high) == pytest.approx((interval.low, interval.high), abs=0.02)


def test_a_true_effect_of_the_minimum_detectable_size_is_found_in_four_of_five_studies():
    generator = np.random.default_rng(4)
    effect = (stats.t.ppf(0.975, 39) + stats.t.ppf(0.8, 39)) / math.sqrt(40)
    found, promised = 0, []
    for _ in range(300):
        sample = generator.normal(effect, 1, 40)
        estimate = Resamples([str(place) for place in range(40)], resamples=300, seed=0).value(
            ratio(sample, np.ones(40))
        )
        found += estimate.low > 0
        promised.append(estimate.minimum_detectable)
    assert 0.73 <= found / 300 <= 0.87
    assert np.mean(promised) == pytest.approx(effect, rel=0.05)


def uneven_study(generator, clusters):
    """Few subjects hold most of the bytes, and gains are skewed; the true ratio is -0.1."""
    sizes = 100 * np.exp(generator.normal(0, 0.5, clusters))
    return Ratio(sizes * (generator.gamma(2, 0.1, clusters) - 0.3), sizes)


def test_intervals_of_uneven_clusters_and_skewed_effects_cover_the_truth():
    generator = np.random.default_rng(5)
    names = [str(place) for place in range(30)]
    found = [Resamples(names, resamples=300, seed=0).value(uneven_study(generator, 30)) for _ in range(500)]
    assert 0.925 <= np.mean([one.low < -0.1 < one.high for one in found]) <= 0.975


def test_intervals_of_a_mean_are_near_those_of_bca():
    sample = np.random.default_rng(6).gamma(4, 1, 100)
    estimate = Resamples([str(place) for place in range(100)], resamples=20_000, seed=0).value(
        ratio(sample, np.ones(100))
    )
    oracle = stats.bootstrap((sample,), np.mean, n_resamples=20_000, method="BCa", rng=np.random.default_rng(7))
    interval = oracle.confidence_interval
    assert (estimate.low, estimate.high) == pytest.approx(
        (interval.low, interval.high), abs=0.2 * estimate.standard_error
    )


def test_the_long_side_is_the_bootstrap_t_where_the_figure_is_skewed():
    sample = np.random.default_rng(8).exponential(1, 40)
    drawn = np.random.default_rng(9).choice(sample, (20_000, 40))
    moved = drawn.mean(axis=1) - sample.mean()
    edge = sample.mean() - np.quantile(moved / drawn.std(axis=1), 0.025) * sample.std()
    estimate = Resamples([str(place) for place in range(40)], resamples=20_000, seed=0).value(
        ratio(sample, np.ones(40))
    )
    assert estimate.high == pytest.approx(edge, abs=0.02)
    assert estimate.high - estimate.value > 1.2 * (estimate.value - estimate.low)


def test_clusters_of_which_few_hold_most_tell_less_than_their_number():
    even = np.random.default_rng(10).normal(0, 1, 40)
    assert _degrees_of_freedom(np.tile([1.0, -1.0], 20)) == 39
    assert 30 < _degrees_of_freedom(even) <= 39
    assert 2 <= _degrees_of_freedom(even * np.where(np.arange(40) < 4, 30, 1)) < 8


@given(st.integers(0, 1000), st.sampled_from([-1.0, 0.01, 3.0]))
@settings(max_examples=20, deadline=None)
def test_a_figure_in_other_units_has_the_same_interval_and_p_value(seed, unit):
    figure = uneven_study(np.random.default_rng(seed), 12)
    draws = Resamples([str(place) for place in range(12)], resamples=200, seed=0)
    plain, turned = draws.value(figure), draws.value(Ratio(figure.numerator * unit, figure.denominator * 7))
    expected = sorted([plain.low * unit / 7, plain.high * unit / 7])
    assert [turned.low, turned.high] == pytest.approx(expected)
    assert turned.p_value == pytest.approx(plain.p_value)
    assert plain.low <= plain.value <= plain.high


@given(st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_what_is_significant_lies_outside_the_interval(seed):
    generator = np.random.default_rng(seed)
    estimate = Resamples([str(place) for place in range(15)], resamples=200, seed=0).value(
        ratio(generator.normal(0.4, 1, 15), generator.uniform(0.2, 2, 15))
    )
    assert estimate.p_value >= 0.05 or not estimate.low <= 0 <= estimate.high


def test_a_share_that_many_draws_lack_has_no_endless_interval():
    names = [str(place) for place in range(20)]
    estimate = Resamples(names, resamples=2000, seed=0).value(ratio([1] + [0] * 19, np.ones(20)))
    exact = stats.binomtest(1, 20).proportion_ci()
    assert estimate.low == 0
    assert estimate.high == pytest.approx(exact.high, abs=0.05)


@given(st.permutations(range(8)))
@settings(max_examples=20, deadline=None)
def test_the_order_of_items_changes_nothing(order):
    names = list("aabbccdd")
    above, below = np.arange(8.0), np.array([3.0, 1, 4, 1, 5, 9, 2, 6])
    straight = Resamples(names, resamples=50, seed=0).value(ratio(above, below))
    places = list(order)
    shuffled = Resamples([names[place] for place in places], resamples=50, seed=0).value(
        ratio(above[places], below[places])
    )
    assert (straight.low, straight.high) == pytest.approx((shuffled.low, shuffled.high))


def test_blocks_of_resamples_do_not_change_the_draws():
    figure = ratio(np.arange(6.0), np.ones(6))
    at_once = Resamples(list("abcdef"), resamples=40, seed=0).value(figure)
    in_blocks = Resamples(list("abcdef"), resamples=40, seed=0, cells_at_once=12).value(figure)
    assert in_blocks == at_once


@pytest.mark.parametrize("as_stored", [np.asarray, sparse.csr_array])
def test_a_function_of_sums_has_the_draws_of_the_same_figure_as_a_ratio(as_stored):
    figure = ratio([3, 1, 4, 1, 5, 9], np.ones(6))
    draws = Resamples(list("aabbcd"), resamples=200, seed=0)
    columns = as_stored(np.column_stack([figure.numerator, figure.denominator]))
    estimate = draws.function_of_sums(columns, lambda sums: sums[:, 0] / sums[:, 1])
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx(
        [getattr(draws.value(figure), name) for name in ("value", "low", "high")]
    )


def test_one_cluster_gives_a_value_and_no_interval():
    estimate = Resamples(["a", "a"], resamples=10, seed=0).value(ratio([1, 2], [1, 1]))
    assert estimate.value == 1.5
    assert math.isnan(estimate.low)


def test_equal_arms_differ_by_nothing_with_certainty_about_these_items():
    figure = ratio([1, 2, 3], [1, 1, 1])
    estimate = Resamples(list("abc"), resamples=10, seed=0).difference(figure, figure)
    assert (estimate.value, estimate.low, estimate.high, estimate.p_value) == (0, 0, 0, 1)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_never_lowers_a_p_value_and_keeps_their_order(p_values):
    adjusted = holm(p_values)
    assert all(after >= before for before, after in zip(p_values, adjusted, strict=True))
    assert adjusted[int(np.argmin(p_values))] == pytest.approx(min(1, len(p_values) * min(p_values)))
    assert [adjusted[place] for place in np.argsort(p_values, kind="stable")] == sorted(adjusted)


def test_holm_does_not_count_what_was_not_tested():
    assert holm([0.02, math.nan])[0] == 0.02


@pytest.mark.parametrize(("lost", "won", "expected"), [(0, 0, 1.0), (0, 5, 0.0625), (3, 3, 1.0), (1, 9, 22 / 1024)])
def test_mcnemar_is_the_exact_binomial(lost, won, expected):
    assert exact_mcnemar(lost, won) == pytest.approx(expected)


@pytest.mark.parametrize(("won", "lost", "difference"), [(12, 2, 0.1), (0, 5, -0.02), (3, 3, 0.3), (7, 0, -0.2)])
def test_the_likely_share_of_losses_is_the_constrained_maximum_of_the_likelihood(won, lost, difference):
    items = 50

    def unlikelihood(share):
        shares = np.array([share + difference, share, 1 - 2 * share - difference])
        return -float(np.array([won, lost, items - won - lost]) @ np.log(np.maximum(shares, 1e-300)))

    bounds = (max(0.0, -difference), (1 - difference) / 2)
    found = optimize.minimize_scalar(unlikelihood, bounds=bounds, method="bounded", options={"xatol": 1e-9})
    assert likely_loss_share(difference, won, lost, items) == pytest.approx(found.x, abs=1e-4)


@pytest.mark.parametrize(("items", "loss_share", "win_share"), [(40, 0.02, 0.02), (150, 0.05, 0.02), (150, 0.1, 0.1)])
def test_intervals_of_paired_shares_cover_the_truth(items, loss_share, win_share):
    generator = np.random.default_rng(5)
    studies = generator.multinomial(items, [win_share, loss_share, 1 - win_share - loss_share], 400)
    bounds = [paired_share_bounds(won=won, lost=lost, items=items, confidence=0.9) for won, lost, _ in studies.tolist()]
    covered = sum(bound.low <= win_share - loss_share <= bound.high for bound in bounds) / 400
    assert covered >= 0.87


def test_no_change_in_forty_items_does_not_rule_out_a_loss_of_five_points():
    bounds = paired_share_bounds(won=0, lost=0, items=40, confidence=0.9)
    assert bounds.low < -0.05
    assert bounds.high == pytest.approx(-bounds.low)


@given(st.integers(1, 30), st.integers(0, 30), st.integers(0, 30))
@settings(max_examples=50, deadline=None)
def test_won_and_lost_are_mirror_images(unchanged, won, lost):
    items = unchanged + won + lost
    bounds = paired_share_bounds(won=won, lost=lost, items=items, confidence=0.9)
    mirrored = paired_share_bounds(won=lost, lost=won, items=items, confidence=0.9)
    assert (bounds.low, bounds.high) == pytest.approx((-mirrored.high, -mirrored.low), abs=1e-6)
    assert bounds.low <= (won - lost) / items <= bounds.high


def test_more_items_are_needed_the_nearer_the_value_is_to_the_margin():
    near = items_needed(items=100, standard_error=0.02, value=-0.01, margin=-0.02)
    far = items_needed(items=100, standard_error=0.02, value=0.0, margin=-0.02)
    assert near > far > 100
    assert items_needed(items=100, standard_error=0.02, value=-0.02, margin=-0.02) is None
