"""What the evaluation says of a classifier of several labels, from literal probabilities."""

from __future__ import annotations

import pytest

from acclimate.core.errors import DataError

SETS = (["a"], ["a", "b"], [], ["b"]) * 5


def told(sets, *, sure=0.9, labels=("a", "b")):
    """Rows of an arm that is so sure of the labels it tells, and of the others that they are not there."""
    return [
        {
            "id": f"i{place:02}",
            "labels": [label for label in labels if label in own],
            "probabilities": [{"label": label, "probability": sure if label in own else 1 - sure} for label in labels],
        }
        for place, own in enumerate(sets)
    ]


def records(sets):
    return [
        {
            "id": f"i{place:02}",
            "text": "?",
            "label_weights": None if own is None else [{"label": label, "weight": 1.0} for label in own],
            "site": "north" if place % 2 else "south",
            "subject_id": f"s{place}",
        }
        for place, own in enumerate(sets)
    ]


@pytest.fixture
def evaluate(bench):
    def run(sets, adapted, base, **config):
        inputs = {
            "records": bench.records(records(sets)),
            "base": bench.predictions("base", told(base)),
            "majority": bench.predictions("majority", told([["a"]] * len(sets))),
            "adapted": bench.predictions("adapted", adapted),
        }
        return bench.evaluate(inputs, task="multi-label-classification", **config)

    return run


def test_a_classifier_that_finds_more_labels_is_better_than_base_and_majority(evaluate):
    report, rows = evaluate(SETS, told(SETS), [["a"]] * 20)
    against = report.metrics["summary"]["against"]
    assert against["base"]["micro_f1"] == against["majority"]["micro_f1"] == "better"
    assert report.metrics["summary"]["helped"]
    figures = report.metrics["task"]["arms"]["adapted"]
    assert (figures["micro_f1"]["value"], figures["exact_match"]["value"]) == (1, 1)
    assert [row["labels_adapted"] for row in rows] == [row["labels"] for row in rows] == list(SETS)


def test_what_is_said_of_the_items_counts_those_without_any_label(evaluate):
    report, _ = evaluate(SETS, told(SETS), SETS)
    task = report.metrics["task"]
    assert (task["without_any"], task["labels_per_item"], task["told_apart"]) == (5, 1.0, 2)
    assert report.metrics["retention"]["verdict"] == "not applicable"


def test_every_label_has_its_own_figures(evaluate):
    report, _ = evaluate(SETS, told([["a"], ["a"], ["a"], ["b"]] * 5), SETS)
    a, b = report.metrics["labels"]
    assert (a["label"], a["items"], a["told"], a["adapted"]["precision"], a["adapted"]["recall"]) == (
        ("a", 10, 15, pytest.approx(2 / 3), 1)
    )
    assert (b["adapted"]["precision"], b["adapted"]["recall"], b["base"]["f1"]) == (1, 0.5, 1)


def test_wrong_items_are_named_those_with_the_least_likely_labels_first(evaluate):
    wrong = told(SETS)
    wrong[3] = told([["a"]] * 4, sure=0.99)[3]
    wrong[7] = told([["a", "b"]] * 8)[7]
    report, _ = evaluate(SETS, wrong, SETS)
    named = [(row["id"], row["labels"], row["told"]) for row in report.metrics["least_likely"]]
    assert named == [("i03", ["b"], ["a"]), ("i07", ["b"], ["a", "b"])]
    assert (report.metrics["items_changed"]["won"], report.metrics["items_changed"]["lost"]) == (0, 2)


def test_a_record_of_unknown_labels_is_left_out_and_one_without_labels_is_not(evaluate):
    report, rows = evaluate([*SETS[:-1], None], told(SETS), SETS)
    assert report.counts.dropped == {"no_label": 1}
    assert sum(row["labels"] == [] for row in rows) == 5
    assert any("1 of 20 test record(s) do not say" in warning for warning in report.warnings)


def test_a_label_that_training_lacks_counts_as_missed_and_is_said(evaluate):
    report, rows = evaluate([*SETS[:-1], ["b", "c"]], told(SETS), SETS)
    assert report.metrics["task"]["label_not_in_training"] == 1
    assert report.metrics["task"]["arms"]["adapted"]["exact_match"]["value"] == pytest.approx(0.95)
    assert rows[-1]["nats_adapted"] is None
    assert any("1 test item(s) have a label that training lacks" in warning for warning in report.warnings)


def test_a_label_that_no_test_item_has_is_said(evaluate):
    report, _ = evaluate([["a"], []] * 10, told([["a"], []] * 10), [["a"]] * 20)
    assert any("No test item has b" in warning for warning in report.warnings)


def test_sites_are_sliced_by_micro_f1_and_have_exact_intervals(evaluate):
    report, _ = evaluate(SETS, told(SETS), [["a"]] * 20)
    assert {row["metric"] for row in report.metrics["slices"]} == {"micro_f1", "log_loss"}
    assert report.metrics["by_site"][0]["adapted"]["high"] == 1


def test_test_records_of_unknown_labels_alone_are_refused(evaluate):
    with pytest.raises(DataError, match="None of 20 test records says which labels it has"):
        evaluate([None] * 20, told(SETS), SETS)
