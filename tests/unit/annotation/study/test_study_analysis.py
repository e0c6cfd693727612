from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from acclimate.annotation.study.analysis import BETTER, INSUFFICIENT, NO_DIFFERENCE, WORSE, analyse
from acclimate.annotation.study.judgements import Shown, compared, judgement_table
from acclimate.annotation.study.planning import items_for_preference, spent
from acclimate.annotation.study.protocol import Protocol
from acclimate.annotation.study.strengths import strengths
from acclimate.core.errors import ConfigError
from acclimate.testing.readers import Habits, simulated

PROTOCOL = Protocol(name="s", arms=("adapted", "base"))


def read(outcomes: list[int], *, clusters: int | None = None) -> pl.DataFrame:
    """One reader's comparisons on items of as many subjects as asked."""
    groups = {1: [["adapted"], ["base"]], 0: [["adapted", "base"]], -1: [["base"], ["adapted"]]}
    shown = [
        Shown(f"i{place}", f"s{place % (clusters or len(outcomes))}", "ann", ["adapted", "base"], ["a", "b"])
        for place in range(len(outcomes))
    ]
    rows = (
        row
        for one, outcome in zip(shown, outcomes, strict=True)
        for row in compared(one, {"better": groups[outcome]}, PROTOCOL.arms)
    )
    return judgement_table(rows)


def test_a_preference_is_shares_and_their_difference() -> None:
    [found] = analyse(read([1] * 24 + [0] * 6 + [-1] * 10), PROTOCOL).preferences
    assert (found.better, found.tied, found.worse) == (0.6, 0.15, 0.25)
    assert found.net.value == pytest.approx(0.35)
    assert found.net.low < 0.35 < found.net.high
    assert found.verdict == BETTER


@pytest.mark.parametrize(
    ("outcomes", "clusters", "verdict"),
    [
        ([1] * 9 + [-1], None, BETTER),
        ([-1] * 9 + [1], None, WORSE),
        ([1] * 5 + [-1] * 5, None, INSUFFICIENT),
        ([1] * 40, 9, INSUFFICIENT),
        ([1, -1] * 400, None, NO_DIFFERENCE),
    ],
)
def test_a_verdict_needs_a_difference_or_enough_items(outcomes: list[int], clusters: int | None, verdict: str) -> None:
    [found] = analyse(read(outcomes, clusters=clusters), PROTOCOL).preferences
    assert found.verdict == verdict


def test_the_permutation_of_few_items_is_exact() -> None:
    # Nine of ten for the arm: the outcomes at least as far from even are 0, 1, 9 and 10 of ten.
    [found] = analyse(read([1] * 9 + [-1]), PROTOCOL).preferences
    assert found.p_value == pytest.approx((1 + 10 + 10 + 1) / 2**10)


def test_nothing_read_is_insufficient_and_says_nothing() -> None:
    findings = analyse(read([]), PROTOCOL)
    assert findings.preferences[0].verdict == INSUFFICIENT
    assert findings.to_json()["preferences"][0]["net"]["value"] is None
    assert math.isnan(findings.repeats_equal.share)


def test_arms_put_in_order_at_once_are_compared_two_by_two_and_holm_pays_for_the_others() -> None:
    protocol = Protocol(name="s", arms=("a", "b", "c"), together="all")
    order = [["a"], ["b"], ["c"]]
    shown = [Shown(f"i{place}", f"s{place}", "ann", ["a", "b", "c"], ["x", "y", "z"]) for place in range(12)]
    table = judgement_table(row for one in shown for row in compared(one, {"better": order}, protocol.arms))
    found = analyse(table, protocol).preferences
    assert [(one.arm, one.other, one.net.value) for one in found] == [("a", "b", 1), ("a", "c", 1), ("b", "c", 1)]
    assert found[1].adjusted == pytest.approx(2 * found[1].p_value)
    assert found[0].adjusted == found[0].p_value


def test_repeats_and_known_bad_outputs_are_counted_apart() -> None:
    arms, bad = ["adapted", "base"], ["reference", "known_bad"]
    rows = [
        *compared(Shown("i1", "s1", "ann", arms, ["a", "b"]), {"better": [["adapted"], ["base"]]}, arms),
        *compared(Shown("i2", "s1", "ann", arms, ["a", "b"], repeats="i1"), {"better": [["base"], ["adapted"]]}, arms),
        *compared(Shown("i3", "s2", "ann", bad, ["a", "b"], known_bad=True), {"better": [[bad[0]], [bad[1]]]}, bad),
    ]
    findings = analyse(judgement_table(iter(rows)), PROTOCOL)
    assert findings.items == 1
    assert (findings.repeats_equal.right, findings.repeats_equal.of) == (0, 1)
    assert (findings.known_bad_noticed.right, findings.known_bad_noticed.of) == (1, 1)
    [reader] = findings.readers
    assert (reader.readings, reader.net, reader.known_bad_noticed) == (1, 1.0, 1)


@given(st.permutations(range(12)))
def test_the_order_of_answers_changes_nothing(order: list[int]) -> None:
    table = simulated(Habits(arm=1), np.random.default_rng(0), subjects=12, items=1, readers=1)
    again = judgement_table(iter(table[order].to_dicts()))
    assert again.equals(table)


def test_strengths_and_their_clustered_errors_are_those_of_statsmodels() -> None:
    table = simulated(Habits(arm=0.5, first=0.4, length=0.8, spread=1), np.random.default_rng(3))
    found = strengths(table, ("adapted", "base"))
    design = np.column_stack(
        [np.ones(table.height), np.where(table["first"].to_numpy(), 1.0, -1.0), table["length"].to_numpy()]
    )
    won = (table["outcome"].to_numpy() + 1) / 2
    groups = np.unique(table["cluster"].to_numpy().astype(str), return_inverse=True)[1]
    expected = sm.GLM(won, design, family=sm.families.Binomial()).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}
    )
    ours = [found.arms["adapted"], found.first, found.length]
    correction = math.sqrt(60 / 59)
    assert [one.value for one in ours] == pytest.approx(list(expected.params), abs=1e-3)
    assert [one.standard_error for one in ours] == pytest.approx(list(expected.bse * correction), rel=1e-3)


def test_a_clean_sweep_stays_finite() -> None:
    found = strengths(read([1] * 20), ("adapted", "base"))
    assert 3 < found.arms["adapted"].value < 40


def test_looks_together_spend_alpha_and_late_ones_most_of_it() -> None:
    assert spent(0.05, 1) == (pytest.approx(0.05),)
    parts = spent(0.05, 4)
    assert sum(parts) == pytest.approx(0.05)
    assert list(parts) == sorted(parts)


def test_the_planned_number_of_items_shows_the_preference_in_four_studies_of_five() -> None:
    net, ties = 0.3, 0.3
    items = items_for_preference(net, ties=ties)
    generator = np.random.default_rng(0)
    shares = [(1 - ties - net) / 2, ties, (1 - ties + net) / 2]
    sums = generator.choice([-1, 0, 1], size=(4000, items), p=shares)
    t = sums.mean(1) / (sums.std(1, ddof=1) / math.sqrt(items))
    assert (t > 1.96).mean() == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize(("net", "ties"), [(0, 0.3), (0.8, 0.3), (0.2, 1.0), (1e-4, 0)])
def test_a_preference_that_cannot_be_planned_for_is_refused(net: float, ties: float) -> None:
    with pytest.raises(ConfigError):
        items_for_preference(net, ties=ties)
