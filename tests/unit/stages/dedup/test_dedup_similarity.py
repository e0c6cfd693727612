from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acclimate.core.word_hashes import hash_words
from acclimate.stages.dedup.candidates import Pairs, jaccard, words_lacking
from acclimate.stages.dedup.signatures import text_digest
from acclimate.stages.dedup.similarity import (
    Bands,
    candidate_recall,
    choose_bands,
    expected_jaccard,
    fewest_words,
    jaccard_thresholds,
    most_edited_words,
)


def substitute(words: list[str], share: float, random: np.random.Generator) -> list[str]:
    """A copy in which each word is replaced with this probability."""
    return [
        f"new{index}" if edit else word
        for index, (word, edit) in enumerate(zip(words, random.random(len(words)) < share, strict=True))
    ]


def similarities(words: int, share: float, copies: int = 400) -> np.ndarray:
    random = np.random.default_rng(0)
    text = [f"word{index}" for index in range(words)]
    texts = [" ".join(substitute(text, share, random)) for _ in range(copies)]
    pairs = Pairs(np.arange(copies), np.full(copies, copies))
    return jaccard(pairs, hash_words([*texts, " ".join(text)]), n=2)


@pytest.mark.parametrize("share", [0.05, 0.1, 0.2])
def test_substituted_words_lower_jaccard_as_derived(share):
    assert similarities(200, share).mean() == pytest.approx(expected_jaccard(share), abs=0.02)


@pytest.mark.parametrize("words", [150, 400])
def test_the_threshold_passes_the_promised_share_of_copies(words):
    threshold = jaccard_thresholds(np.array([words]), max_edited=0.1, recall=0.99)[0]
    assert (similarities(words, 0.1) >= threshold).mean() == pytest.approx(0.99, abs=0.015)


@pytest.mark.parametrize("max_edited", [0.03, 0.05, 0.1, 0.2, 0.3, 0.45])
def test_the_chosen_bands_propose_the_promised_share_and_one_more_row_would_not(max_edited):
    bands = choose_bands(max_edited=max_edited, recall=0.99)
    more = Bands(bands.size // (bands.rows + 1), bands.rows + 1)
    assert candidate_recall(bands, max_edited=max_edited) >= 0.99
    assert bands.rows == 8 or candidate_recall(more, max_edited=max_edited) < 0.99


def test_a_text_too_short_for_one_edit_has_no_near_copies():
    assert [fewest_words(edited) for edited in (0.05, 0.1, 0.2, 0.3)] == [20, 10, 5, 4]


def test_exact_jaccard_counts_distinct_shingles():
    words = hash_words(["a b a b a b", "a b c", "", "a"])
    pairs = Pairs(np.array([0, 0, 2, 1]), np.array([0, 1, 3, 2]))
    assert jaccard(pairs, words, n=2).tolist() == [1.0, 1 / 3, 1.0, 0.0]


EDITS = st.lists(st.tuples(st.integers(0, 19), st.sampled_from(["replace", "delete", "insert"])), max_size=6)


@given(st.lists(st.sampled_from("abcd"), min_size=20, max_size=20), EDITS)
def test_no_more_words_are_lacking_than_were_edited(text, edits):
    copy = list(text)
    for place, kind in edits:
        copy[place : place + (kind != "insert")] = [] if kind == "delete" else ["new"]
    lacking = words_lacking(Pairs(np.array([0]), np.array([1])), hash_words([" ".join(text), " ".join(copy)]))
    assert lacking[0] <= len(edits)


@pytest.mark.parametrize("words", [40, 400])
def test_so_many_edited_words_are_allowed_that_the_promised_share_of_copies_has_no_more(words):
    edited = np.random.default_rng(0).binomial(words, 0.2, 4000)
    allowed = most_edited_words(np.array([words]), max_edited=0.2, recall=0.99)[0]
    assert (edited <= allowed).mean() == pytest.approx(0.99, abs=0.01)


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [("No  fever.\n", "no fever.", True), ("HIV+", "HIV-", False), ("5 mg", "50 mg", False)],
)
def test_exact_copies_may_differ_in_case_and_white_space_alone(one, other, equal):
    assert (text_digest(one) == text_digest(other)) is equal


def test_each_character_is_a_word_in_scripts_without_spaces():
    assert hash_words(["患者主诉胸痛", "chest pain, 3 days"]).sizes.tolist() == [6, 4]
