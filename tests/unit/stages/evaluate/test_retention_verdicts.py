"""Held and broken are claims that need evidence; anything else says how much is lacking."""

from __future__ import annotations

import math

import pytest
from tests.unit.stages.evaluate.evaluation_bench import bits

from acclimate.core.errors import DataError
from acclimate.core.retention import judge_loss, overall

TASK = [{"id": "t", **bits(1.0)}]


def general(values):
    return [{"id": f"g{number:03d}", "suite": "general", **bits(value)} for number, value in enumerate(values)]


def probes(ability, margins):
    """One probe for each margin by which the chosen text is likelier than the rejected."""
    for number, margin in enumerate(margins):
        probe = {"id": f"{ability}-{number:03d}", "suite": "ability"}
        yield {**probe, "candidate": "chosen", **bits(1.0 - margin)}
        yield {**probe, "candidate": "rejected", **bits(1.0)}


def retention_of(bench, base, adapted, **config):
    names = sorted({row["id"] for row in base if row["suite"] == "ability"})
    records = [{"id": name, "attributes": [{"name": "ability", "value": name.split("-")[0]}]} for name in names]
    inputs = {
        "records": bench.records([{"id": "t"}]),
        "general": bench.general(records),
        "base": bench.predictions("base", TASK + base),
        "adapted": bench.predictions("adapted", TASK + adapted),
    }
    return bench.evaluate(inputs, **config)[0].metrics["retention"]


@pytest.mark.parametrize(("factor", "verdict"), [(1.0, "held"), (1.005, "held"), (0.97, "held"), (1.02, "broken")])
def test_general_text_is_held_within_one_percent_and_broken_beyond(bench, factor, verdict):
    values = [1.0 + 0.05 * (number % 7) for number in range(60)]
    measured = retention_of(bench, general(values), general([value * factor for value in values]))["general"]
    assert measured["value"] == pytest.approx(factor - 1)
    assert measured["verdict"] == verdict


def test_a_change_that_varies_widely_asks_for_more_texts(bench):
    adapted = [1.0 + 0.1 * (-1) ** number for number in range(20)]
    measured = retention_of(bench, general([1.0] * 20), general(adapted))["general"]
    assert measured["verdict"] == "insufficient evidence"
    assert measured["items_needed"] > 200


def test_forty_unchanged_probes_are_not_yet_evidence_that_an_ability_was_kept(bench):
    rows = list(probes("sums", [0.5] * 40))
    measured = retention_of(bench, rows, rows)["abilities"][0]
    assert (measured["ability"], measured["base"], measured["difference"]) == ("sums", 1.0, 0)
    assert measured["verdict"] == "insufficient evidence"
    assert measured["items_needed"] > 40


@pytest.mark.parametrize(("lost", "verdict"), [(0, "held"), (40, "broken")])
def test_two_hundred_probes_tell_a_kept_ability_from_a_lost_one(bench, lost, verdict):
    base = list(probes("facts", [0.5] * 200))
    adapted = list(probes("facts", [-0.5] * lost + [0.5] * (200 - lost)))
    measured = retention_of(bench, base, adapted)
    assert measured["abilities"][0]["verdict"] == verdict
    assert measured["abilities"][0]["lost"] == lost
    assert measured["verdict"] == verdict


def test_a_probe_is_right_by_nats_per_byte_not_by_their_sum(bench):
    longer = [
        {"id": "x-0", "suite": "ability", "candidate": "chosen", **bits(0.9, size=20)},
        {"id": "x-0", "suite": "ability", "candidate": "rejected", **bits(1.0, size=10)},
    ]
    assert retention_of(bench, longer, longer)["abilities"][0]["base"] == 1.0


def test_divergence_on_sampled_text_is_the_mean_gap_per_token(bench):
    base = [{"id": f"s{n}", "suite": "sampled", "nats": 10.0, "tokens": 5, "bytes": 20} for n in range(4)]
    adapted = [{**row, "nats": 10.0 + number} for number, row in enumerate(base)]
    measured = retention_of(bench, base, adapted)["sampled"]
    assert measured["nats_per_token"] == pytest.approx(6 / 20)
    assert measured["bits_per_token"] == pytest.approx(0.3 / math.log(2))


def test_without_retention_inputs_it_says_not_tested(bench):
    measured = retention_of(bench, [], [])
    assert (measured["verdict"], measured["general"], measured["abilities"]) == ("not tested", None, [])


def test_retention_of_different_texts_is_refused(bench):
    with pytest.raises(DataError, match="2 texts of the base and 1 of the adapted"):
        retention_of(bench, general([1.0, 1.0]), general([1.0]))


def test_probes_without_a_name_are_judged_together_and_it_is_said(bench):
    rows = list(probes("sums", [0.5] * 3))
    inputs = {
        "records": bench.records([{"id": "t"}]),
        "base": bench.predictions("base", TASK + rows),
        "adapted": bench.predictions("adapted", TASK + rows),
    }
    report, _ = bench.evaluate(inputs)
    assert report.metrics["retention"]["abilities"][0]["ability"] == "unnamed"
    assert "name no ability" in report.warnings[0]


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (["held", "held"], "held"),
        (["held", "insufficient evidence"], "insufficient evidence"),
        (["insufficient evidence", "broken"], "broken"),
        ([], "not tested"),
    ],
)
def test_one_broken_measure_breaks_the_whole(verdicts, expected):
    assert overall(verdicts) == expected


def test_a_loss_without_bounds_is_insufficient_evidence():
    assert judge_loss(low=math.nan, high=math.nan, margin=0.01) == "insufficient evidence"
