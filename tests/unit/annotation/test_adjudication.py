"""Doubtful items and likely label errors, with cleanlab as oracle."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from cleanlab.filter import find_label_issues
from tests.unit.annotation.reading_tables import readings, simulated

from acclimate.annotation.adjudication import DISPUTED, UNSURE, items_to_adjudicate, label_error_candidates
from acclimate.annotation.truth import dawid_skene, majority_vote
from acclimate.core.errors import DataError

FOUR_ITEMS = readings(
    [["no", "no", "yes", "no"], ["no", "yes", "yes", None], ["no", "no", "yes", None], ["no", "yes", "yes", None]]
)


def test_items_on_which_readers_differ_are_adjudicated_and_the_rest_is_not():
    doubtful = items_to_adjudicate(majority_vote(FOUR_ITEMS), FOUR_ITEMS)
    assert doubtful["item"].to_list() == ["i00001"]
    assert doubtful.row(0, named=True) == {
        "item": "i00001",
        "label": None,
        "probability": 0.5,
        "entropy": 1.0,
        "disagreement": pytest.approx(2 / 3),
        "reason": UNSURE,
    }


def test_a_sure_model_does_not_hide_that_readers_differ():
    _, five = simulated(items=300, accuracies=(0.99, 0.99, 0.5, 0.5), labels=4, seed=1)
    doubtful = items_to_adjudicate(dawid_skene(five), five, max_entropy=0.5, max_disagreement=0.8)
    disputed = doubtful.filter(pl.col("reason") == DISPUTED)
    assert disputed.height > 10
    assert disputed["entropy"].max() <= 0.5


def test_limits_of_one_leave_nothing_to_adjudicate():
    nothing = items_to_adjudicate(majority_vote(FOUR_ITEMS), FOUR_ITEMS, max_entropy=1, max_disagreement=1)
    assert nothing.is_empty()


def test_posteriors_of_other_items_are_refused():
    with pytest.raises(DataError, match="not those of these readings"):
        items_to_adjudicate(majority_vote(FOUR_ITEMS.only_items(["i00000"])), FOUR_ITEMS)


def wrongly_given(labels, share, seed):
    """Labels of which this share was turned to the next one."""
    wrong = np.random.default_rng(seed).random(len(labels)) < share
    return wrong, np.where(wrong, (labels + 1) % 3, labels)


def test_candidates_are_those_of_cleanlab():
    true_labels, three = simulated(items=400, accuracies=(0.8, 0.7, 0.6), labels=3, seed=2)
    _, given = wrongly_given(true_labels, 0.1, seed=3)
    truth = dawid_skene(three)
    found = label_error_candidates(truth, dict(zip(truth.items, given.tolist(), strict=True)))
    oracle = find_label_issues(given, truth.posteriors, filter_by="confident_learning", n_jobs=1)
    assert set(found["item"]) == {item for item, wrong in zip(truth.items, oracle, strict=True) if wrong}


def test_planted_errors_are_found_and_ranked_first():
    true_labels, three = simulated(items=400, accuracies=(0.95, 0.95, 0.95), labels=3, seed=4)
    wrong, given = wrongly_given(true_labels, 0.05, seed=5)
    truth = dawid_skene(three)
    found = label_error_candidates(truth, dict(zip(truth.items, given.tolist(), strict=True)))
    planted = {item for item, is_wrong in zip(truth.items, wrong, strict=True) if is_wrong}
    assert set(found["item"][: len(planted) // 2]) <= planted
    assert len(planted & set(found["item"])) >= 0.9 * len(planted)
    assert found["margin"].is_sorted(descending=True)


def test_items_without_a_posterior_are_not_judged_and_strange_labels_are_an_error():
    truth = majority_vote(FOUR_ITEMS)
    assert label_error_candidates(truth, {"unread": "no"}).is_empty()
    with pytest.raises(DataError, match="1 given labels are not on the scale"):
        label_error_candidates(truth, {"i00000": "perhaps"})
