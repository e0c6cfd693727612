"""Misspelt terms are found by one letter, and words that are known are none."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acclimate.core.glossary import Term
from acclimate.stages.evaluate.look_alikes import Spelling, is_one_edit

SPELLING = Spelling.of([Term("hypertension"), Term("MI", True, "myocardial infarction"), Term("renal cyst")])


@pytest.mark.parametrize(
    ("word", "like"),
    [
        ("hypertensoin", "hypertension"),
        ("hypertenson", "hypertension"),
        ("hyppertension", "hypertension"),
        ("infarktion", "infarction"),
        ("hypertension", None),
        ("hypertensions", None),
        ("hypotension", None),
        ("ranal", None),
    ],
)
def test_one_letter_makes_a_look_alike_and_a_plural_or_a_short_word_is_none(word, like):
    assert SPELLING.meant_by(word) == like


@given(st.text("abc", min_size=1, max_size=6), st.data())
def test_any_one_edit_is_seen_as_one_and_from_both_sides(word, data):
    place = data.draw(st.integers(0, len(word) - 1))
    letter = data.draw(st.sampled_from(string.ascii_lowercase))
    edited = data.draw(
        st.sampled_from(
            [
                word[:place] + letter + word[place:],
                word[:place] + word[place + 1 :],
                word[:place] + letter + word[place + 1 :],
            ]
        )
    )
    assert is_one_edit(word, edited) == is_one_edit(edited, word) == (word != edited)
