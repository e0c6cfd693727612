"""What the evaluation says of a classifier, from literal probabilities."""

from __future__ import annotations

import pytest

from acclimate.core.errors import DataError


def told(arm_sure, *, other="b"):
    """Rows of an arm: for each item the probability of the label a."""
    return [
        {
            "id": f"i{place}",
            "label": "a" if sure >= 0.5 else other,
            "probabilities": [{"label": "a", "probability": sure}, {"label": other, "probability": 1 - sure}],
        }
        for place, sure in enumerate(arm_sure)
    ]


def records(labels, **columns):
    return [
        {
            "id": f"i{place}",
            "text": "?",
            "label": label,
            "site": "north" if place % 2 else "south",
            "subject_id": f"s{place}",
            **columns,
        }
        for place, label in enumerate(labels)
    ]


@pytest.fixture
def evaluate(bench):
    def run(labels, adapted, base, **config):
        inputs = {
            "records": bench.records(records(labels)),
            "base": bench.predictions("base", told(base)),
            "majority": bench.predictions("majority", told([0.6] * len(labels))),
            "adapted": bench.predictions("adapted", told(adapted)),
        }
        return bench.evaluate(inputs, task="classification", **config)

    return run


SURE = ([0.9] * 10) + ([0.1] * 10)
LABELS = ["a"] * 10 + ["b"] * 10


def test_a_classifier_that_is_right_more_often_is_better_than_base_and_majority(evaluate):
    report, rows = evaluate(LABELS, SURE, [0.9] * 20)
    against = report.metrics["summary"]["against"]
    assert against["base"]["accuracy"] == against["majority"]["accuracy"] == "better"
    assert report.metrics["summary"]["helped"]
    assert {row["label_adapted"] for row in rows} == {"a", "b"}
    assert "minimum_detectable" in report.metrics["comparisons"][0]


def test_what_a_classifier_kept_is_said_not_to_apply(evaluate):
    report, _ = evaluate(LABELS, SURE, SURE)
    assert report.metrics["retention"]["verdict"] == "not applicable"
    assert "writes no text" in report.metrics["retention"]["because"]


def test_the_most_confused_pairs_and_the_surest_errors_are_named_by_label_and_id(evaluate):
    report, _ = evaluate(LABELS, [0.9] * 8 + [0.3, 0.02] + [0.1] * 10, SURE)
    assert report.metrics["confusions"] == [{"label": "a", "told": "b", "items": 2, "of": 10}]
    assert [row["id"] for row in report.metrics["surest_errors"]] == ["i9", "i8"]
    assert (report.metrics["items_changed"]["won"], report.metrics["items_changed"]["lost"]) == (0, 2)


def test_a_test_record_without_a_label_is_left_out_and_counted(evaluate):
    report, rows = evaluate([*LABELS[:-1], None], SURE, SURE)
    assert report.counts.dropped == {"no_label": 1}
    assert len(rows) == 19
    assert any("1 of 20 test record(s) have no label" in warning for warning in report.warnings)


def test_a_label_that_training_lacks_counts_as_wrong_and_is_said(evaluate):
    report, _ = evaluate([*LABELS[:-1], "c"], SURE, SURE)
    assert report.metrics["task"]["label_not_in_training"] == 1
    assert report.metrics["task"]["arms"]["adapted"]["accuracy"]["value"] == pytest.approx(0.95)
    assert any("1 test item(s) have a label that training lacks" in warning for warning in report.warnings)


def test_every_site_has_its_accuracy_with_an_exact_interval(evaluate):
    report, _ = evaluate(LABELS, SURE, SURE)
    north = next(row for row in report.metrics["by_site"] if row["site"] == "north")
    assert north["items"] == 10
    assert (north["adapted"]["value"], north["adapted"]["high"]) == (1, 1)
    # Clopper and Pearson: ten of ten.
    assert north["adapted"]["low"] == pytest.approx(0.025 ** (1 / 10))


def test_sites_with_few_subjects_are_called_insufficient_evidence(evaluate):
    report, _ = evaluate(LABELS, SURE, [0.9] * 20, min_clusters=11)
    sites = [row for row in report.metrics["slices"] if row["group"] == "site"]
    assert {row["verdict"] for row in sites} == {"insufficient evidence"}


def test_arms_that_predicted_other_items_are_refused(bench):
    inputs = {
        "records": bench.records(records(LABELS)),
        "base": bench.predictions("base", told(SURE[:-1])),
        "adapted": bench.predictions("adapted", told(SURE)),
    }
    with pytest.raises(DataError, match="cover 19 of 20"):
        bench.evaluate(inputs, task="classification")


def test_arms_that_tell_other_labels_are_refused(bench):
    inputs = {
        "records": bench.records(records(LABELS)),
        "base": bench.predictions("base", told(SURE, other="c")),
        "adapted": bench.predictions("adapted", told(SURE)),
    }
    with pytest.raises(DataError, match="other labels apart"):
        bench.evaluate(inputs, task="classification")


def test_test_records_without_any_label_are_refused(evaluate):
    with pytest.raises(DataError, match="None of 20 test records has a label"):
        evaluate([None] * 20, SURE, SURE)
