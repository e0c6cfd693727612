"""Published examples, other people's implementations as oracles, and what must hold for any readings."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from nltk.metrics import agreement as nltk_agreement
from nltk.metrics.distance import interval_distance
from statsmodels.stats import inter_rater
from tests.unit.annotation.reading_tables import (
    FLEISS_1971,
    KRIPPENDORFF_2011,
    contingency,
    matrices,
    readings,
    simulated,
    table,
)

from acclimate.annotation.agreement import (
    Bootstrap,
    TooFewReadingsError,
    by_label,
    by_pair,
    by_slice,
    cohen_kappa,
    fleiss_kappa,
    gwet_ac1,
    krippendorff_alpha,
    percent_agreement,
)
from acclimate.annotation.readings import Readings
from acclimate.core.errors import ConfigError, DataError

QUICK = Bootstrap(resamples=20)
ANY_NUMBER = {
    "percent": percent_agreement,
    "fleiss": fleiss_kappa,
    "gwet": gwet_ac1,
    "gwet quadratic": partial(gwet_ac1, weights="quadratic"),
    "nominal": krippendorff_alpha,
    "ordinal": partial(krippendorff_alpha, metric="ordinal"),
    "interval": partial(krippendorff_alpha, metric="interval"),
    "ratio": partial(krippendorff_alpha, metric="ratio"),
}
BEYOND_CHANCE = {name: measure for name, measure in ANY_NUMBER.items() if name not in ("percent", "gwet quadratic")}
any_measure = pytest.mark.parametrize("measure", ANY_NUMBER.values(), ids=ANY_NUMBER)


def value(measure, by_annotator, labels=(1, 2, 3)):
    try:
        return measure(readings(by_annotator, labels), bootstrap=QUICK).value
    except TooFewReadingsError:
        assume(False)


@pytest.mark.parametrize(
    ("metric", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)]
)
def test_alpha_is_that_of_krippendorffs_own_example(metric, published):
    assert krippendorff_alpha(readings(KRIPPENDORFF_2011), metric=metric).value == pytest.approx(published, abs=5e-4)


@pytest.mark.parametrize(
    ("measure", "published"), [(gwet_ac1, 0.77544), (fleiss_kappa, 0.76117), (percent_agreement, 0.81818)]
)
def test_missing_readings_are_counted_as_gwet_does_in_his_handbook(measure, published):
    assert measure(readings(KRIPPENDORFF_2011)).value == pytest.approx(published, abs=5e-6)


def test_fleiss_kappa_is_that_of_his_psychiatrists():
    psychiatrists = readings(list(zip(*FLEISS_1971, strict=True)))
    assert fleiss_kappa(psychiatrists).value == pytest.approx(0.430, abs=5e-4)
    by_diagnosis = [agreement.value for agreement in by_label(psychiatrists, fleiss_kappa).values()]
    assert by_diagnosis == pytest.approx([0.245, 0.245, 0.520, 0.471, 0.566], abs=5e-4)


@pytest.mark.parametrize(
    ("cells", "kappa", "ac1"),
    [
        ([[20, 5], [10, 15]], 0.40, 0.406),
        ([[40, 9], [6, 45]], 0.70, 0.70),
        ([[80, 10], [5, 5]], 0.32, 0.81),
        ([[118, 5], [2, 0]], -0.023, 0.941),
    ],
    ids=["textbook", "Feinstein and Cicchetti 1990, even", "the same, one label rare", "Gwet 2008"],
)
def test_two_annotators_as_in_the_textbooks(cells, kappa, ac1):
    both = readings(contingency(cells))
    assert cohen_kappa(both).value == pytest.approx(kappa, abs=0.005)
    assert gwet_ac1(both).value == pytest.approx(ac1, abs=0.005)


@pytest.mark.parametrize("weights", ["unweighted", "linear", "quadratic"])
def test_cohen_agrees_with_scikit_learn_and_statsmodels(weights):
    _, both = simulated(items=60, accuracies=(0.7, 0.6), labels=4, seed=1)
    first, second = both.label[both.annotator == 0], both.label[both.annotator == 1]
    asked = None if weights == "unweighted" else weights
    ours = cohen_kappa(both, weights=weights, bootstrap=QUICK).value
    assert ours == pytest.approx(sklearn.metrics.cohen_kappa_score(first, second, weights=asked))
    cells = np.zeros((4, 4))
    np.add.at(cells, (first, second), 1)
    assert ours == pytest.approx(inter_rater.cohens_kappa(cells, wt=asked, return_results=False))


def test_fleiss_agrees_with_statsmodels():
    _, four = simulated(items=50, accuracies=(0.7, 0.6, 0.9, 0.5), labels=5, seed=2)
    assert fleiss_kappa(four, bootstrap=QUICK).value == pytest.approx(inter_rater.fleiss_kappa(four.counts))


@pytest.mark.parametrize(
    ("metric", "distance"), [("nominal", lambda one, other: float(one != other)), ("interval", interval_distance)]
)
def test_alpha_agrees_with_nltk(metric, distance):
    _, four = simulated(items=40, accuracies=(0.7, 0.6, 0.9, 0.5), labels=4, seed=3)
    triples = [
        (f"a{a}", f"i{i}", int(label)) for i, a, label in zip(four.item, four.annotator, four.label, strict=True)
    ]
    oracle = nltk_agreement.AnnotationTask(data=triples, distance=distance)
    assert krippendorff_alpha(four, metric=metric, bootstrap=QUICK).value == pytest.approx(oracle.alpha())


@pytest.mark.parametrize("weights", ["linear", "quadratic"])
def test_weighted_agreement_is_the_formula_written_out(weights):
    _, three = simulated(items=30, accuracies=(0.7, 0.6, 0.9), labels=4, seed=4)
    power = 1 if weights == "linear" else 2
    agree = [[1 - (abs(one - other) / 3) ** power for other in range(4)] for one in range(4)]
    pairs = [
        agree[one][other]
        for item in range(30)
        for place, one in enumerate(three.label[three.item == item])
        for other_place, other in enumerate(three.label[three.item == item])
        if place != other_place
    ]
    shares = three.counts.mean(axis=0) / 3
    by_chance = np.sum(agree) / (4 * 3) * sum(share * (1 - share) for share in shares)
    expected = (np.mean(pairs) - by_chance) / (1 - by_chance)
    assert gwet_ac1(three, weights=weights, bootstrap=QUICK).value == pytest.approx(expected)


@any_measure
@given(by_annotator=matrices(), order=st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_the_order_of_items_and_annotators_changes_nothing(measure, by_annotator, order):
    items = list(range(len(by_annotator[0])))
    order.shuffle(items)
    annotators = [[given[item] for item in items] for given in by_annotator]
    order.shuffle(annotators)
    assert value(measure, annotators) == pytest.approx(value(measure, by_annotator), nan_ok=True)


@any_measure
@given(by_annotator=matrices())
@settings(max_examples=30, deadline=None)
def test_the_order_of_rows_changes_neither_value_nor_interval(measure, by_annotator):
    rows = table(by_annotator)
    assume(rows["label"].is_not_null().any())
    straight, backwards = (
        Readings.from_table(given, labels=(1, 2, 3)) for given in (rows, rows.sample(fraction=1, shuffle=True, seed=1))
    )
    try:
        estimates = [measure(given, bootstrap=QUICK).estimate for given in (straight, backwards)]
    except TooFewReadingsError:
        assume(False)
    for name in ("value", "low", "high"):
        one, other = (getattr(estimate, name) for estimate in estimates)
        assert one == pytest.approx(other, nan_ok=True)


@pytest.mark.parametrize("measure", [percent_agreement, fleiss_kappa, gwet_ac1, krippendorff_alpha])
@given(by_annotator=matrices(), names=st.permutations([1, 2, 3]))
@settings(max_examples=30, deadline=None)
def test_the_names_of_nominal_labels_change_nothing(measure, by_annotator, names):
    renamed = [[label and names[label - 1] for label in given] for given in by_annotator]
    assert value(measure, renamed) == pytest.approx(value(measure, by_annotator), nan_ok=True)


@any_measure
@given(labels=st.lists(st.sampled_from([1, 2, 3]), min_size=2, max_size=8), annotators=st.integers(2, 4))
@settings(max_examples=30, deadline=None)
def test_perfect_agreement_is_one_where_labels_vary(measure, labels, annotators):
    assume(len(set(labels)) > 1)
    assert value(measure, [labels] * annotators) == pytest.approx(1)


@any_measure
@given(by_annotator=matrices(missing=False))
@settings(max_examples=50, deadline=None)
def test_no_coefficient_leaves_its_bounds_and_none_is_one_with_a_disagreement(measure, by_annotator):
    one_disagreement = [[1 if place else 2, *given] for place, given in enumerate(by_annotator)]
    assert -1 - 1e-9 <= value(measure, one_disagreement) < 1


@pytest.mark.parametrize("measure", BEYOND_CHANCE.values(), ids=BEYOND_CHANCE)
def test_readings_without_variation_have_no_agreement_beyond_chance_and_say_so(measure):
    agreement = measure(readings([["a", "a", "a"]] * 2) if measure in NOMINAL else readings([[1, 1, 1]] * 2))
    assert math.isnan(agreement.value)
    assert "same label" in agreement.reason


NOMINAL = (fleiss_kappa, gwet_ac1, krippendorff_alpha)


def test_perfect_agreement_has_no_interval_and_says_what_is_known():
    agreement = percent_agreement(readings([["yes", "no"] * 15] * 2))
    assert agreement.value == 1
    assert math.isnan(agreement.estimate.low)
    assert "less than 9.5%" in agreement.reason


def test_a_label_too_rare_for_an_interval_is_named_as_the_reason():
    agreement = cohen_kappa(readings([["yes"] + ["no"] * 9, ["yes", "yes"] + ["no"] * 8]))
    assert agreement.value == pytest.approx(0.615, abs=5e-4)
    assert math.isnan(agreement.estimate.low)
    assert "rarer" in agreement.reason


def test_intervals_cover_the_true_agreement_as_often_as_they_claim():
    covered = 0
    for seed in range(200):
        _, three = simulated(items=100, accuracies=(0.8, 0.8, 0.8), labels=3, seed=seed)
        estimate = krippendorff_alpha(three, bootstrap=Bootstrap(resamples=300)).estimate
        covered += estimate.low <= 1 - (1 - 0.8**2 - 0.2**2 / 2) / (2 / 3) <= estimate.high
    assert 0.91 <= covered / 200 <= 0.99


def test_items_of_one_cluster_are_drawn_together():
    rows = table([[1, 2, 3, 1, 2, 3, 1, 1] * 5, [1, 2, 3, 2, 2, 1, 1, 3] * 5])
    subjects = rows.with_columns((rows["item"].str.slice(1).cast(int) // 8).alias("cluster"))
    apart, together = (fleiss_kappa(Readings.from_table(given)).estimate for given in (rows, subjects))
    assert (apart.clusters, together.clusters, together.items) == (40, 5, 40)
    # Every cluster is a copy of the first, so drawing whole clusters varies nothing.
    assert together.standard_error < 1e-9 < apart.standard_error


def test_slices_and_pairs_without_shared_items_are_undefined_not_an_error():
    some = readings([[1, 2, 1, None], [1, 1, 1, None], [None, None, None, 2]])
    pairs = by_pair(some, cohen_kappa)
    assert set(pairs) == {("a00", "a01"), ("a00", "a02"), ("a01", "a02")}
    assert "two readings" in pairs["a00", "a02"].reason
    slices = by_slice(some, percent_agreement, slices={"north": ["i00000", "i00001"], "south": ["i00003"]})
    assert slices["north"].value == 0.5
    assert math.isnan(slices["south"].value)


@any_measure
def test_fewer_than_two_readings_of_every_item_is_an_error(measure):
    with pytest.raises(TooFewReadingsError, match="No item of 3 has two readings"):
        measure(readings([[1, 2, None], [None, None, 3]]))


def test_one_annotator_reading_an_item_twice_is_no_agreement_between_annotators():
    rows = table([[1, 2], [1, 1]])
    with pytest.raises(DataError, match="a00 read item i00000 more than once"):
        fleiss_kappa(Readings.from_table(rows.vstack(rows[:1])))


def test_cohen_of_three_annotators_is_an_error():
    with pytest.raises(DataError, match="have 3"):
        cohen_kappa(readings([[1, 2]] * 3))


@pytest.mark.parametrize(
    ("by_annotator", "metric", "error"),
    [
        ([["a", "b"]] * 2, "interval", DataError),
        ([[-1, 2]] * 2, "ratio", DataError),
        ([[1, 2]] * 2, "cubic", ConfigError),
    ],
)
def test_a_metric_that_labels_do_not_have_is_an_error(by_annotator, metric, error):
    with pytest.raises(error):
        krippendorff_alpha(readings(by_annotator), metric=metric)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows.drop("annotator"), "lacks the column annotator"),
        (
            lambda rows: rows.with_columns(label=9),
            "4 labels are not on the scale of 2 labels, the first is that of item i00000",
        ),
        (lambda rows: rows.with_columns(cluster=rows["annotator"]), "more than one cluster"),
    ],
)
def test_a_table_that_cannot_be_read_is_named(change, message):
    with pytest.raises(DataError, match=message):
        Readings.from_table(change(table([[1, 2], [1, 1]])), labels=[1, 2])


def test_a_label_of_nan_is_not_read():
    some = readings([[1.0, 2.0, math.nan], [1.0, 1.0, 2.0]])
    assert (some.labels, len(some.item)) == ((1.0, 2.0), 5)


def test_a_scale_names_each_label_once_and_has_every_label_asked_for():
    with pytest.raises(DataError, match="repeats a label"):
        readings([[1, 2]], labels=[1, 2, 1])
    with pytest.raises(DataError, match="not on the scale of the readings"):
        readings([[1, 2]]).one_label(3)
