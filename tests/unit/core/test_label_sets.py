"""What a record says of its labels where it may have several, and what a classifier of them tells."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

from acclimate.core.errors import DataError
from acclimate.core.label_sets import label_probabilities, names_of_sets, reference_labels
from acclimate.core.logistic_regression import fit_one_vs_rest, one_vs_rest_probabilities


def record(id="a", label=None, weights=None, split="train"):
    likely = [{"label": name, "weight": weight} for name, weight in weights] if weights is not None else None
    return {"id": id, "label": label, "label_weights": likely, "split": split, "source": "north"}


@pytest.mark.parametrize(
    ("given", "likely", "reference"),
    [
        (record(weights=[("x", 1.0), ("y", 1.0)]), {"x": 1.0, "y": 1.0}, {"x", "y"}),
        (record(weights=[("x", 0.6), ("y", 0.5), ("z", 0.0)]), {"x": 0.6, "y": 0.5}, {"x"}),
        (record(weights=[]), {}, set()),
        (record(label="x"), {"x": 1.0}, {"x"}),
        (record(label="x", weights=[]), {}, set()),
        (record(), None, None),
        (record(label=""), None, None),
    ],
)
def test_an_empty_list_is_no_label_and_nothing_at_all_is_unknown(given, likely, reference):
    assert label_probabilities(given) == likely
    assert reference_labels(given) == reference


@pytest.mark.parametrize("weight", [-0.1, 1.5, float("nan"), None])
def test_a_weight_that_is_no_probability_is_refused_by_the_record_id(weight):
    with pytest.raises(DataError, match="Record a has a label weight that is no probability"):
        label_probabilities(record(weights=[("secret", weight)]))


def test_labels_are_the_declared_ones_in_their_order_else_those_of_training():
    records = [
        record("a", weights=[("y", 1)]),
        record("b", weights=[("x", 1), ("y", 1)]),
        record("c", "z", split="test"),
    ]
    assert names_of_sets(records, ()) == ("x", "y")
    assert names_of_sets(records[:2], ("y", "x")) == ("y", "x")


def test_one_label_that_some_records_have_can_be_told():
    assert names_of_sets([record("a", weights=[("x", 1)]), record("b", weights=[])], ("x",)) == ("x",)


@pytest.mark.parametrize(
    ("sets", "declared", "said"),
    [
        ([["x"], ["x", "the patient Ann Lee"]], ("x", "y"), r"1 record\(s\) .* b \(source north\)"),
        ([["x"], ["x"]], (), "All 2 labelled training records have the same labels"),
        ([[], []], (), "All 2 labelled training records have no label"),
        ([None, None], (), "None of 2 training records says which labels it has"),
        ([["x"], []], ("x", "y"), "declares y, which no training record has"),
    ],
)
def test_what_cannot_be_learnt_is_refused_with_a_sentence(sets, declared, said):
    records = [
        record(name, weights=None if labels is None else [(label, 1.0) for label in labels])
        for name, labels in zip("ab", sets, strict=True)
    ]
    with pytest.raises(DataError, match=said) as refused:
        names_of_sets(records, declared)
    assert "Ann" not in f"{refused.value} {refused.value.hint}"


def test_each_label_by_itself_is_fitted_as_scikit_learn_does():
    random = np.random.default_rng(3)
    features = random.normal(size=(60, 4))
    wanted = (features @ random.normal(size=(4, 3)) + random.normal(size=(60, 3)) > 0).astype(float)
    oracle = OneVsRestClassifier(LogisticRegression(C=2.0, tol=1e-8, max_iter=2000)).fit(features, wanted)
    found = one_vs_rest_probabilities(features, fit_one_vs_rest(features, wanted, strength=2.0))
    assert found == pytest.approx(oracle.predict_proba(features), abs=1e-3)
