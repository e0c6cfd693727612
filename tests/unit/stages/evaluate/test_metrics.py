"""The answer metrics agree with their published implementations and with brute force."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics import CHRF

from acclimate.stages.evaluate.metrics import (
    chrf,
    exact_match,
    longest_common_subsequence,
    numeric_match,
    rouge_l,
    rouge_n,
    token_f1,
)

SCORER = RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=False)
SACREBLEU = CHRF()
ASCII_TEXT = st.text(st.characters(max_codepoint=127), max_size=40)
FEW_WORDS = st.lists(st.sampled_from(["pain", "no", "fever", "the", "chest", "_"]), max_size=20).map(" ".join)


@given(ASCII_TEXT | FEW_WORDS, ASCII_TEXT | FEW_WORDS)
def test_rouge_is_rouge_scores(reference, answer):
    oracle = SCORER.score(reference, answer)
    assert rouge_l(reference, answer) == pytest.approx(oracle["rougeL"].fmeasure)
    for n in (1, 2):
        assert rouge_n(reference, answer, n=n) == pytest.approx(oracle[f"rouge{n}"].fmeasure)


@given(st.text(max_size=30) | FEW_WORDS, st.text(max_size=30) | FEW_WORDS)
def test_chrf_is_sacrebleus(reference, answer):
    assert chrf(reference, answer) == pytest.approx(SACREBLEU.sentence_score(answer, [reference]).score / 100)


@pytest.mark.parametrize(
    ("reference", "answer", "match"),
    [
        ("no number", "12", None),
        ("12 mg", "12", 1),
        ("12 mg", "twelve", 0),
        ("1,200.50", "it is 1200.5", 1),
        ("5 and 5", "5", 0),
        ("90/60", "60 over 90", 1),
        ("3, 4", "3,4", 1),
        ("1,2000", "12000", 0),
        (".5", "0.50", 1),
    ],
)
def test_numbers_match_by_value_and_count(reference, answer, match):
    assert numeric_match(reference, answer) == match


def test_rouge_l_sees_words_of_other_scripts():
    assert rouge_l("боль в груди", "боль в спине") == pytest.approx(2 / 3)


@given(st.text("ab", max_size=12), st.text("ab", max_size=12))
def test_the_longest_common_subsequence_is_that_of_the_textbook(left, right):
    table = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for row, a in enumerate(left):
        for column, b in enumerate(right):
            longer = max(table[row][column + 1], table[row + 1][column])
            table[row + 1][column + 1] = table[row][column] + 1 if a == b else longer
    assert longest_common_subsequence(left, right) == table[-1][-1]


# Values from the official SQuAD 1.1 evaluation script's rules, worked by hand.
@pytest.mark.parametrize(
    ("reference", "answer", "match", "f1"),
    [
        ("The fever.", "fever", 1, 1),
        ("a b c", "b c d", 0, 0.8),
        ("chest pain", "no chest pain today", 0, 2 / 3),
        ("", "", 1, 1),
        ("", "fever", 0, 0),
        ("pain pain", "pain", 0, 2 / 3),
    ],
)
def test_exact_match_and_f1_follow_squad(reference, answer, match, f1):
    assert exact_match(reference, answer) == match
    assert token_f1(reference, answer) == pytest.approx(f1)
