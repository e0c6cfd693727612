"""scikit-learn as oracle of the small model."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from tests.unit.annotation.active.clouds import clouds

from acclimate.annotation.active.label_model import STRENGTH, fit_label_sets, fit_labels


@pytest.mark.parametrize("labels", [2, 3, 5])
def test_its_probabilities_are_those_of_scikit_learn(labels):
    vectors, codes = clouds(labels=labels, spread=0.6)
    if labels == 2:
        # Of two labels scikit-learn penalises one set of weights, ours two: half the penalty on their difference.
        oracle = LogisticRegression(C=2 * STRENGTH, tol=1e-8, max_iter=5000).fit(vectors, codes)
    else:
        oracle = LogisticRegression(C=STRENGTH, tol=1e-8, max_iter=5000).fit(vectors, codes)
    found = fit_labels(vectors, codes).probabilities(vectors)
    assert found == pytest.approx(oracle.predict_proba(vectors), abs=5e-3)


def test_of_several_labels_each_is_the_model_of_scikit_learn():
    vectors, codes = clouds(labels=4, spread=0.6)
    has = np.column_stack([codes == 0, codes >= 2, (codes == 0) | (codes == 3)]).astype(np.int64)
    model = fit_label_sets(vectors, has)
    for label in range(3):
        oracle = LogisticRegression(C=STRENGTH, tol=1e-8, max_iter=5000).fit(vectors, has[:, label])
        told = model.probabilities(vectors)[:, label]
        assert told == pytest.approx(oracle.predict_proba(vectors)[:, 1], abs=5e-3)
    assert (model.predicted(vectors) == (model.probabilities(vectors) > 0.5)).all()
    again = fit_label_sets(vectors, has, start=model)
    assert again.weights == pytest.approx(model.weights, abs=0.05)


def test_a_label_that_nothing_has_is_told_nowhere_and_adds_no_doubt():
    vectors, codes = clouds(labels=2)
    has = np.column_stack([codes == 0, np.zeros_like(codes)])
    probabilities = fit_label_sets(vectors, has).probabilities(vectors)
    assert probabilities[:, 1].max() < 1e-3


def test_where_it_starts_changes_no_label():
    vectors, codes = clouds(labels=4, spread=0.5)
    early = fit_labels(vectors[:20], codes[:20])
    assert (
        fit_labels(vectors, codes, start=early).predicted(vectors) == fit_labels(vectors, codes).predicted(vectors)
    ).all()


def test_labels_keep_their_codes_where_some_were_not_seen():
    vectors, codes = clouds(labels=3)
    seen = codes != 1
    model = fit_labels(vectors[seen], codes[seen])
    assert set(model.predicted(vectors).tolist()) == {0, 2}
    assert model.probabilities(vectors).sum(axis=1) == pytest.approx(np.ones(len(vectors)))


def test_one_label_alone_is_told_everywhere():
    vectors, codes = clouds(labels=1)
    assert (fit_labels(vectors, codes).predicted(vectors) == 0).all()
