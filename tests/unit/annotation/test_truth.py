"""Dawid and Skene's own example, crowd-kit as oracle, recovery of what was simulated, and EM that never goes down."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import pairwise

import crowdkit.aggregation
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.unit.annotation.reading_tables import DAWID_SKENE_1979, matrices, readings, simulated

from acclimate.annotation.readings import Readings
from acclimate.annotation.truth import dawid_skene, mace, majority_vote
from acclimate.core.errors import ConfigError, DataError

# The oracle calls pandas in ways that pandas means to drop; that is not ours to mend.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:crowdkit", "ignore::pandas.errors.Pandas4Warning")

MODELS = {"majority": majority_vote, "dawid_skene": dawid_skene, "mace": partial(mace, restarts=1)}
any_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
ACCURACIES = (0.95, 0.8, 0.8, 0.6, 0.4)


def test_the_anaesthetists_of_dawid_and_skene():
    rows = [
        {"item": f"patient-{number:02}", "annotator": annotator, "label": label}
        for number, given_labels in enumerate(DAWID_SKENE_1979, start=1)
        for annotator, label in zip("1112345", given_labels, strict=True)
    ]
    truth = dawid_skene(Readings.from_table(pl.DataFrame(rows)), smoothing=0)
    assert truth.converged
    assert truth.prevalence == pytest.approx([0.40, 0.42, 0.11, 0.07], abs=0.005)
    first = [[0.89, 0.11, 0, 0], [0.07, 0.88, 0.05, 0], [0, 0.34, 0.66, 0], [0, 0, 0.56, 0.44]]
    assert truth.confusion[0] == pytest.approx(np.array(first), abs=0.005)


def as_pandas(given_readings):
    """crowd-kit's MACE numbers labels and workers as they come but counts them sorted, so they must come sorted."""
    table = pd.DataFrame(
        {
            "task": [given_readings.items[code] for code in given_readings.item],
            "worker": [given_readings.annotators[code] for code in given_readings.annotator],
            "label": [given_readings.labels[code] for code in given_readings.label],
        }
    )
    return table.sort_values(["label", "worker"], ignore_index=True)


def test_dawid_skene_agrees_with_crowd_kit():
    _, five = simulated(items=150, accuracies=ACCURACIES, labels=3, seed=1)
    oracle = crowdkit.aggregation.DawidSkene(n_iter=500, tol=1e-9).fit_predict_proba(as_pandas(five))
    ours = dawid_skene(five, smoothing=0, tolerance=1e-9)
    assert ours.posteriors == pytest.approx(oracle.loc[list(ours.items), list(ours.labels)].to_numpy(), abs=1e-4)


def test_mace_agrees_with_crowd_kit():
    _, five = simulated(items=150, accuracies=ACCURACIES, labels=3, seed=2)
    oracle = crowdkit.aggregation.MACE(n_restarts=1, n_iter=200).fit_predict_proba(as_pandas(five))
    ours = mace(five)
    assert ours.posteriors == pytest.approx(oracle.loc[list(ours.items), list(ours.labels)].to_numpy(), abs=1e-3)


@pytest.mark.parametrize("model", [dawid_skene, mace])
def test_what_was_simulated_is_recovered_better_than_by_majority(model):
    true_labels, five = simulated(items=2000, accuracies=ACCURACIES, labels=3, seed=3)
    found = model(five)
    assert found.converged
    right = (found.posteriors.argmax(axis=1) == true_labels).mean()
    assert right > 0.01 + (majority_vote(five).posteriors.argmax(axis=1) == true_labels).mean()


def test_dawid_skene_tells_how_often_each_annotator_is_right():
    _, five = simulated(items=3000, accuracies=ACCURACIES, labels=3, seed=4)
    found = dawid_skene(five)
    assert found.competence == pytest.approx(ACCURACIES, abs=0.03)
    assert found.annotator_table()["annotator"].to_list()[0] == "a04"


def test_mace_tells_how_often_each_annotator_knows_and_finds_the_one_who_always_presses_the_same_key():
    knowing = (0.9, 0.7, 0.5)
    right = [known + (1 - known) / 3 for known in knowing]
    _, three = simulated(items=3000, accuracies=right, labels=3, seed=5)
    given_labels = [three.label[three.annotator == annotator].tolist() for annotator in range(3)]
    found = mace(readings([*given_labels, [1] * 3000]))
    assert found.competence == pytest.approx([*knowing, 0], abs=0.05)
    assert found.confusion[3][0] == pytest.approx([0, 1, 0], abs=0.05)


@pytest.mark.parametrize("model", [dawid_skene, MODELS["mace"]])
@given(by_annotator=matrices())
@settings(max_examples=25, deadline=None)
def test_every_step_of_em_improves_what_it_maximises(model, by_annotator):
    assume(any(label for given_labels in by_annotator for label in given_labels))
    some = readings(by_annotator, (1, 2, 3))
    objectives = [model(some, max_iterations=steps, tolerance=0).objective for steps in (2, 3, 5, 9, 20)]
    assert all(later >= earlier - 1e-7 for earlier, later in pairwise(objectives))


@any_model
@given(by_annotator=matrices(), order=st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_the_order_of_items_and_annotators_changes_nothing(model, by_annotator, order):
    assume(all(any(column) for column in zip(*by_annotator, strict=True)))
    items = list(range(len(by_annotator[0])))
    order.shuffle(items)
    straight = model(readings(by_annotator, (1, 2, 3)))
    annotators = [[given_labels[item] for item in items] for given_labels in by_annotator]
    order.shuffle(annotators)
    shuffled = model(readings(annotators, (1, 2, 3)))
    assert shuffled.posteriors == pytest.approx(straight.posteriors[items], abs=1e-4)


@pytest.mark.parametrize("model", [dawid_skene, MODELS["mace"]])
@given(by_annotator=matrices(), names=st.permutations([1, 2, 3]))
@settings(max_examples=25, deadline=None)
def test_the_names_of_labels_change_nothing(model, by_annotator, names):
    assume(all(any(column) for column in zip(*by_annotator, strict=True)))
    renamed = [[label and names[label - 1] for label in given_labels] for given_labels in by_annotator]
    straight, other = (model(readings(given_labels, (1, 2, 3))) for given_labels in (by_annotator, renamed))
    # Of two truths that are equally likely the last bit of a sum may take either, so the likelihood is compared.
    assert other.objective == pytest.approx(straight.objective, abs=1e-4)


@any_model
def test_the_names_of_labels_do_not_change_the_truth(model):
    _, five = simulated(items=80, accuracies=ACCURACIES, labels=3, seed=6)
    names = np.array([2, 0, 1])
    other = model(replace(five, label=names[five.label]))
    assert other.posteriors[:, names] == pytest.approx(model(five).posteriors, abs=1e-4)


@any_model
@given(by_annotator=matrices())
@settings(max_examples=25, deadline=None)
def test_posteriors_and_confusions_are_distributions(model, by_annotator):
    assume(any(label for given_labels in by_annotator for label in given_labels))
    found = model(readings(by_annotator, (1, 2, 3)))
    for distribution in (found.posteriors, found.confusion, found.prevalence):
        assert (distribution >= 0).all()
        assert distribution.sum(axis=-1) == pytest.approx(np.ones(distribution.shape[:-1]))


@any_model
def test_the_same_readings_give_the_same_truth(model):
    _, five = simulated(items=80, accuracies=ACCURACIES, labels=3, seed=6)
    assert np.array_equal(model(five).posteriors, model(five).posteriors)


def test_em_that_was_cut_short_says_so():
    _, five = simulated(items=80, accuracies=ACCURACIES, labels=3, seed=7)
    assert not dawid_skene(five, max_iterations=1).converged
    assert not mace(five, max_iterations=1).converged


def test_a_tie_is_no_label():
    assert majority_vote(readings([["no", "no"], ["yes", "no"]])).best_labels() == {"i00000": None, "i00001": "no"}


def test_soft_labels_are_weights_that_sum_to_one():
    truth = majority_vote(readings([["no", "no"], ["yes", "no"], ["yes", "no"]]))
    assert truth.soft_labels() == {"i00000": pytest.approx({"no": 1 / 3, "yes": 2 / 3}), "i00001": {"no": 1}}
    assert truth.soft_labels(min_weight=0.5)["i00000"] == {"yes": 1}


def test_smoothing_keeps_an_annotator_of_one_reading_from_being_certain():
    some = readings([["no", "yes", "no", "yes"]] * 2 + [["no", None, None, None]])
    assert dawid_skene(some, smoothing=0).confusion[2, 0, 0] == pytest.approx(1)
    assert dawid_skene(some, smoothing=1).confusion[2, 0, 0] == pytest.approx(2 / 3, abs=0.05)


def test_nothing_to_go_by_is_an_error():
    with pytest.raises(DataError, match="no readings"):
        dawid_skene(readings([[None, None]], labels=["yes"]))
    with pytest.raises(ConfigError, match="prior count is -1"):
        dawid_skene(readings([["yes"]]), smoothing=-1)
