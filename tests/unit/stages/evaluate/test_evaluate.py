"""The report says who is better, by how much, on which items, and what that rests on."""

from __future__ import annotations

import json

import pytest
from tests.unit.stages.evaluate.evaluation_bench import bits

from acclimate.core.errors import ContractError, DataError

NAMES = [f"r{number:02d}" for number in range(24)]


def two_sites():
    return [{"id": name, "site": "north" if number % 2 else "south"} for number, name in enumerate(NAMES)]


def noisy(start, step):
    """Rows around a value that differ from item to item."""
    return [{"id": name, **bits(start + step * (number % 5))} for number, name in enumerate(NAMES)]


def by_arm_and_metric(report):
    return {(row["arm"], row["metric"]): row for row in report.metrics["comparisons"]}


def test_an_adapted_model_that_needs_fewer_bits_is_better_on_every_site(bench):
    inputs = {
        "records": bench.records(two_sites()),
        "base": bench.predictions("base", noisy(1.0, 0.1)),
        "adapted": bench.predictions("adapted", noisy(0.8, 0.08)),
    }
    report, items = bench.evaluate(inputs, min_clusters=12)
    row = by_arm_and_metric(report)["base", "bits_per_byte"]
    assert row["verdict"] == "better"
    assert row["high"] < 0 < row["minimum_detectable"]
    assert row["difference"] == pytest.approx(row["adapted"] - row["other"])
    assert report.metrics["summary"]["better_on_every_site"]
    assert report.counts.kept == len(items) == 24


def test_bits_per_byte_are_total_bits_over_total_bytes(bench):
    rows = [{"id": "a", **bits(1.0, size=30)}, {"id": "b", **bits(2.0, size=10)}]
    inputs = {"records": bench.records([{"id": "a"}, {"id": "b"}])}
    inputs |= {arm: bench.predictions(arm, rows) for arm in ("base", "adapted")}
    report, items = bench.evaluate(inputs)
    assert report.metrics["task"]["arms"]["base"]["bits_per_byte"]["value"] == pytest.approx(1.25)
    assert [item["bits_per_byte_base"] for item in items] == pytest.approx([1.0, 2.0])


def test_few_subjects_are_insufficient_evidence_whatever_they_show(bench):
    records = [{"id": name, "subject_id": f"s{number % 3}"} for number, name in enumerate(NAMES)]
    inputs = {
        "records": bench.records(records),
        "base": bench.predictions("base", noisy(1.0, 0.1)),
        "adapted": bench.predictions("adapted", noisy(0.5, 0.1)),
    }
    report, _ = bench.evaluate(inputs)
    row = by_arm_and_metric(report)["base", "bits_per_byte"]
    assert (row["verdict"], row["clusters"], row["items"]) == ("insufficient evidence", 3, 24)
    assert not report.metrics["summary"]["helped"]


def test_equal_models_show_no_difference(bench):
    inputs = {"records": bench.records(two_sites())}
    inputs |= {arm: bench.predictions(arm, noisy(1.0, 0.1)) for arm in ("base", "adapted")}
    report, _ = bench.evaluate(inputs)
    assert by_arm_and_metric(report)["base", "bits_per_byte"]["verdict"] == "no difference shown"
    assert report.metrics["items_changed"]["won"] == report.metrics["items_changed"]["lost"] == 0


def test_the_copying_baseline_is_compared_on_answers_alone(bench):
    right = [{"id": name, **bits(1.0), "generated": "yes it is"} for name in NAMES[:12]]
    scored = right + [{"id": name, **bits(1.0)} for name in NAMES[12:]]
    inputs = {
        "records": bench.records(two_sites()),
        "base": bench.predictions("base", scored),
        "adapted": bench.predictions("adapted", scored),
        "copy": bench.predictions("copy", [{"id": name, "generated": "no"} for name in NAMES]),
    }
    report, items = bench.evaluate(inputs, min_clusters=12)
    row = by_arm_and_metric(report)["copy", "rouge_l"]
    assert (row["items"], row["difference"], row["verdict"]) == (12, 1.0, "better")
    assert ("copy", "bits_per_byte") not in by_arm_and_metric(report)
    assert [item["rouge_l_adapted"] for item in items] == [1.0] * 12 + [None] * 12


@pytest.mark.parametrize(("metric", "told"), [("exact_match", 0.5), ("token_f1", 5 / 6)])
def test_answers_are_compared_by_the_metric_that_is_set(bench, metric, told):
    answers = {"base": ("no", "no"), "adapted": ("yes it is", "it is so")}
    inputs = {"records": bench.records([{**row, "completion": "yes it is"} for row in two_sites()])}
    for arm, said in answers.items():
        rows = [{"id": name, **bits(1.0), "generated": said[place % 2]} for place, name in enumerate(NAMES)]
        inputs[arm] = bench.predictions(arm, rows)
    report, items = bench.evaluate(inputs, answer_metric=metric)
    row = by_arm_and_metric(report)["base", metric]
    assert (row["items"], row["adapted"], row["other"], row["verdict"]) == (24, pytest.approx(told), 0, "better")
    assert {one["metric"] for one in report.metrics["slices"]} == {"bits_per_byte", metric}
    assert items[0][f"{metric}_adapted"] == 1


def test_slices_are_adjusted_for_how_many_were_looked_at(bench):
    records = [
        {"id": name, "attributes": [{"name": "sex", "value": "f" if number % 2 else "m"}], "slices": ["all"]}
        for number, name in enumerate(NAMES)
    ]
    inputs = {
        "records": bench.records(records),
        "base": bench.predictions("base", noisy(1.0, 0.1)),
        "adapted": bench.predictions("adapted", noisy(0.99, 0.095)),
    }
    report, _ = bench.evaluate(inputs, min_clusters=12)
    slices = report.metrics["slices"]
    assert [(row["group"], row["value"]) for row in slices] == [("sex", "f"), ("sex", "m"), ("slice", "all")]
    assert all(row["p_holm"] >= row["p_value"] for row in slices)
    assert max(row["p_holm"] / row["p_value"] for row in slices) > 1


def test_an_attribute_with_many_values_is_named_and_not_sliced_by(bench):
    records = [{"id": name, "attributes": [{"name": "ward", "value": name}]} for name in NAMES]
    inputs = {"records": bench.records(records)}
    inputs |= {arm: bench.predictions(arm, noisy(1.0, 0.1)) for arm in ("base", "adapted")}
    report, _ = bench.evaluate(inputs)
    assert report.metrics["slices"] == []
    assert "ward" in report.warnings[0]


def test_the_items_most_won_and_lost_are_named(bench):
    inputs = {
        "records": bench.records([{"id": "a"}, {"id": "b"}, {"id": "c"}]),
        "base": bench.predictions("base", [{"id": name, **bits(1.0)} for name in "abc"]),
        "adapted": bench.predictions(
            "adapted", [{"id": n, **bits(v)} for n, v in zip("abc", (0.5, 1.5, 0.9), strict=True)]
        ),
    }
    report, _ = bench.evaluate(inputs)
    changed = report.metrics["items_changed"]
    assert (changed["most_won"], changed["most_lost"]) == (["a", "c"], ["b"])


def test_an_arm_that_lacks_an_item_is_refused(bench):
    inputs = {
        "records": bench.records([{"id": "a"}, {"id": "b"}]),
        "base": bench.predictions("base", [{"id": name, **bits(1.0)} for name in "ab"]),
        "adapted": bench.predictions("adapted", [{"id": "a", **bits(1.0)}]),
    }
    with pytest.raises(DataError, match="adapted cover 1 of 2 test records; the first that is missing is b"):
        bench.evaluate(inputs)


def test_no_test_records_are_one_sentence(bench):
    inputs = {"records": bench.records([{"id": "a", "split": "train"}])}
    inputs |= {arm: bench.predictions(arm, []) for arm in ("base", "adapted")}
    with pytest.raises(DataError, match="None of 1 records is in the test split"):
        bench.evaluate(inputs)


def test_the_adapted_model_must_be_there(bench):
    with pytest.raises(ContractError, match="adapted"):
        bench.evaluate({"records": bench.records([{"id": "a"}]), "base": bench.predictions("base", [])})


def test_the_report_is_plain_json_also_where_intervals_cannot_be_had(bench):
    inputs = {"records": bench.records([{"id": "a", "site": "north"}])}
    inputs |= {arm: bench.predictions(arm, [{"id": "a", **bits(1.0)}]) for arm in ("base", "adapted")}
    report, _ = bench.evaluate(inputs)
    assert json.loads(json.dumps(report.to_json(), allow_nan=False))["metrics"]["comparisons"][0]["low"] is None
