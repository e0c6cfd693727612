"""The measures against other libraries and against worked numbers."""

from __future__ import annotations

import numpy as np
import pytest
from cleanlab.filter import find_label_issues
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse, stats
from scipy.spatial.distance import jensenshannon
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from acclimate.core.confident_learning import doubted_labels
from acclimate.core.logistic_regression import softmax_probabilities
from acclimate.stages.profile.associations import association_p_value, cramers_v, mutual_information
from acclimate.stages.profile.classifier import FOLDS, fit, folds_of, in_own_span, judged_unseen, weighted
from acclimate.stages.profile.collection_plan import half_width, subjects_needed
from acclimate.stages.profile.sample import WordCounter, Words
from acclimate.stages.profile.shift import area_under_curve, distinct_at, divergence


def some_counts(seed=0, records=60, terms=30):
    generator = np.random.default_rng(seed)
    return sparse.csr_array(generator.poisson(0.6, (records, terms)).astype(float))


def test_word_weights_are_those_of_scikit_learn():
    counts = some_counts()
    ours = weighted(Words(tuple("abc"), counts)).toarray()
    theirs = TfidfTransformer(sublinear_tf=True).fit_transform(sparse.csr_matrix(counts)).toarray()
    assert np.allclose(ours, theirs)


@pytest.mark.parametrize("classes", [2, 4])
def test_the_classifier_is_that_of_scikit_learn(classes):
    features = weighted(Words((), some_counts(1)))
    codes = np.random.default_rng(2).integers(0, classes, 60)
    ours = softmax_probabilities(features, fit(features, codes, classes))
    theirs = LogisticRegression(C=1.0 if classes > 2 else 2.0, max_iter=5000, tol=1e-8).fit(
        sparse.csr_matrix(features), codes
    )
    # Two weight vectors under one penalty each are, for two classes, one vector under half of it.
    assert np.abs(ours - theirs.predict_proba(sparse.csr_matrix(features))).max() < 2e-3


@pytest.mark.parametrize("terms", [20, 200])
def test_records_are_judged_in_their_own_span_as_by_their_terms(terms):
    features = weighted(Words((), some_counts(7, terms=terms)))
    codes = np.random.default_rng(8).integers(0, 2, 60)
    folds = np.arange(60) % FOLDS
    by_terms = judged_unseen(features, codes, folds, 2)
    assert np.abs(judged_unseen(in_own_span(features), codes, folds, 2) - by_terms).max() < 2e-3
    assert np.ptp(by_terms[:, 1]) > 0.2


def test_a_term_that_no_record_has_weighs_nothing_and_changes_nothing():
    counts = some_counts(9)
    codes = np.random.default_rng(10).integers(0, 3, 60)
    wider = sparse.csr_array(sparse.hstack([sparse.csr_array((60, 4)), counts]))
    assert np.array_equal(fit(wider, codes, 3)[4:], fit(counts, codes, 3))
    assert not fit(wider, codes, 3)[:4].any()


def test_the_area_is_that_of_scikit_learn_and_its_interval_that_of_a_bootstrap():
    generator = np.random.default_rng(3)
    positive = generator.random(200) < 0.4
    scores = generator.normal(positive * 1.0)
    names = [str(number) for number in range(200)]
    area = area_under_curve(scores, positive, np.zeros(200, dtype=np.int64), names, confidence=0.95)
    assert area.value == pytest.approx(roc_auc_score(positive, scores))
    draws = [generator.integers(0, 200, 200) for _ in range(400)]
    low, high = np.quantile([roc_auc_score(positive[draw], scores[draw]) for draw in draws], [0.025, 0.975])
    assert area.low == pytest.approx(low, abs=0.025) and area.high == pytest.approx(high, abs=0.025)


def test_copies_of_a_subject_make_the_area_no_surer():
    generator = np.random.default_rng(4)
    positive, folds = np.arange(40) % 2 == 0, np.zeros(40, dtype=np.int64)
    scores = generator.normal(positive * 0.8)
    once = area_under_curve(scores, positive, folds, [str(n) for n in range(40)], confidence=0.9)
    places = np.repeat(np.arange(40), 5)
    often = area_under_curve(scores[places], positive[places], folds[places], [str(n) for n in places], confidence=0.9)
    assert (often.value, often.low, often.high) == pytest.approx((once.value, once.low, once.high))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=12))
def test_the_divergence_is_that_of_scipy(counts):
    one, other = np.array(counts, dtype=float).T
    if one.sum() and other.sum():
        assert float(divergence(one, other)) == pytest.approx(jensenshannon(one, other, base=2) ** 2, abs=1e-9)


def test_distinct_words_in_fewer_words_are_those_of_random_draws():
    counts = np.array([30.0, 10, 5, 1, 1, 1])
    bag = np.repeat(np.arange(6), counts.astype(int))
    generator = np.random.default_rng(5)
    drawn = np.mean([len(set(generator.permutation(bag)[:12])) for _ in range(4000)])
    assert distinct_at(counts, 12) == pytest.approx(drawn, abs=0.05)
    assert distinct_at(counts, 48) == 6


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abcdefghijklmno"), st.integers(0, 2)), min_size=5, max_size=60),
    st.integers(0, 5),
)
def test_no_subject_stands_in_two_folds_and_order_does_not_matter(rows, seed):
    clusters, codes = [name for name, _ in rows], np.array([code for _, code in rows])
    folds = folds_of(clusters, codes, seed)
    assert len({(cluster, fold) for cluster, fold in zip(clusters, folds.tolist(), strict=True)}) == len(set(clusters))
    assert folds_of(clusters[::-1], codes[::-1], seed).tolist() == folds.tolist()[::-1]
    assert set(folds.tolist()) <= set(range(FOLDS))


def test_doubted_labels_are_those_of_cleanlab():
    generator = np.random.default_rng(6)
    given_labels = generator.integers(0, 3, 200)
    likely = generator.dirichlet(np.ones(3) * 0.6, 200) * 0.5 + np.eye(3)[given_labels] * 0.5
    flipped = generator.permutation(200)[:20]
    given_labels[flipped] = (given_labels[flipped] + 1) % 3
    theirs = find_label_issues(given_labels, likely, filter_by="confident_learning", n_jobs=1)
    assert doubted_labels(likely, given_labels).places.tolist() == np.flatnonzero(theirs).tolist()


TABLE = np.array([[12, 5], [3, 14], [6, 6]])


def test_associations_are_those_of_scipy():
    assert mutual_information(TABLE) == pytest.approx(
        stats.entropy(TABLE.sum(0), base=2) + stats.entropy(TABLE.sum(1), base=2) - stats.entropy(TABLE.ravel(), base=2)
    )
    plain = stats.contingency.association(TABLE, method="cramer")
    assert 0 < cramers_v(TABLE) < plain
    asymptotic = stats.chi2_contingency(TABLE, correction=False).pvalue
    assert association_p_value(TABLE, seed=1) == pytest.approx(asymptotic, abs=0.01)


def test_p_values_of_unrelated_variables_are_spread_evenly():
    generator = np.random.default_rng(7)
    drawn = stats.random_table([20, 20], [15, 10, 15], seed=generator).rvs(60)
    p_values = [association_p_value(table, seed=2) for table in drawn]
    assert 0.3 < np.mean(p_values) < 0.75
    assert np.mean(np.array(p_values) < 0.05) < 0.15


@settings(max_examples=30, deadline=None)
@given(st.floats(0.01, 0.4))
def test_the_plan_asks_for_just_enough_subjects(wanted):
    needed = subjects_needed(wanted, confidence=0.95)
    assert half_width(needed, confidence=0.95) <= wanted + 1e-9 < half_width(needed - 1, confidence=0.95) + 1e-6


def test_half_widths_are_those_of_wilsons_interval():
    interval = stats.binomtest(30, 60).proportion_ci(0.95, method="wilson")
    assert half_width(60, confidence=0.95) == pytest.approx((interval.high - interval.low) / 2)


def test_words_are_counted_whatever_order_records_come_in():
    import polars as pl

    records = [{"id": "b", "text": "One two, one"}, {"id": "a", "text": "two three"}]
    found = []
    for order in (records, records[::-1]):
        counter = WordCounter()
        for one in order:
            counter.add(one)
        found.append(counter.words(pl.Series(["a", "b"])))
    assert found[0].terms == found[1].terms == ("one", "three", "two")
    assert found[0].counts.toarray().tolist() == found[1].counts.toarray().tolist() == [[0, 1, 1], [2, 0, 1]]
