"""The copying baseline finds what scikit-learn's TF-IDF finds."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from acclimate.stages.predict.nearest import nearest

KNOWN = ["chest pain since monday", "the knee hurts", "fever and cough at night", "no pain, no fever"]
TEXT = st.lists(st.sampled_from(["pain", "fever", "cough", "knee", "the", "since", "night"]), max_size=8).map(" ".join)


def test_the_nearest_question_shares_its_rare_words():
    assert nearest(["Does your KNEE hurt?", "a cough, mostly at night"], KNOWN) == [1, 2]


def test_the_first_of_equals_is_taken_also_where_nothing_is_alike():
    assert nearest(["zebra", ""], KNOWN) == [0, 0]


@given(st.lists(TEXT, min_size=1, max_size=4), st.lists(TEXT.filter(bool), min_size=1, max_size=6))
@settings(max_examples=50, deadline=None)
def test_similarity_is_that_of_scikit_learn(questions, known):
    vectorizer = TfidfVectorizer(sublinear_tf=True, token_pattern=r"\w+")
    index = vectorizer.fit_transform(known)
    oracle = (vectorizer.transform(questions) @ index.T).toarray()
    places = nearest(questions, known)
    best = oracle[np.arange(len(questions)), places]
    assert np.allclose(best, oracle.max(axis=1))
