"""What a record says of its label, and which labels a classifier tells apart."""

from __future__ import annotations

import pytest

from acclimate.core.errors import DataError
from acclimate.core.labels import label_names, label_shares, reference_label, why_unlabelled


def record(id="a", label=None, weights=None, split="train"):
    shares = [{"label": name, "weight": weight} for name, weight in weights] if weights is not None else None
    return {"id": id, "label": label, "label_weights": shares, "split": split, "source": "north"}


@pytest.mark.parametrize(
    ("given", "shares", "reference"),
    [
        (record(label="x"), {"x": 1.0}, "x"),
        (record(label="x", weights=[("y", 3), ("x", 1)]), {"y": 0.75, "x": 0.25}, "x"),
        (record(weights=[("y", 1), ("x", 1)]), {"y": 0.5, "x": 0.5}, "x"),
        (record(weights=[("y", 2), ("x", 0)]), {"y": 1.0}, "y"),
        (record(label="x", weights=[]), {"x": 1.0}, "x"),
        (record(label=""), {}, None),
    ],
)
def test_weights_come_before_the_plain_label_and_sum_to_one(given, shares, reference):
    assert label_shares(given) == shares
    assert reference_label(given) == reference


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (record(), "no_label"),
        (record(weights=[]), "empty_label_weights"),
        (record(weights=[("x", 0)]), "empty_label_weights"),
    ],
)
def test_a_record_without_a_label_says_why(given, reason):
    assert (label_shares(given), why_unlabelled(given)) == ({}, reason)


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf"), None])
def test_a_weight_that_is_no_share_is_refused_by_the_record_id(weight):
    with pytest.raises(DataError, match="Record a has a label weight"):
        label_shares(record(weights=[("secret", weight)]))


def test_undeclared_labels_are_those_of_the_training_records_by_name():
    records = [record("a", "y"), record("b", "x"), record("c", "z", split="test")]
    assert label_names(records, ()) == ("x", "y")


def test_declared_labels_keep_their_order():
    assert label_names([record("a", "x"), record("b", "y")], ("y", "x", "z")) == ("y", "x", "z")


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_an_undeclared_label_is_refused_by_record_and_source_without_its_text(split):
    records = [record("a", "x"), record("b", "y"), record("c", "the patient Ann Lee", split=split)]
    with pytest.raises(DataError, match=r"1 record\(s\) .* c \(source north\)") as refused:
        label_names(records, ("x", "y"))
    assert "Ann" not in f"{refused.value} {refused.value.hint}"


@pytest.mark.parametrize(("labels", "said"), [(("x", "x"), "same label"), ((None, None), "has a label")])
def test_training_needs_two_labels(labels, said):
    records = [record(str(place), label) for place, label in enumerate(labels)]
    with pytest.raises(DataError, match=said):
        label_names(records, ())
