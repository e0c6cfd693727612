"""The published measures: keyness, C-value, and Schwartz and Hearst's abbreviations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from acclimate.core.abbreviations import best_long_form, definitions
from acclimate.core.glossary import Glossary, Term
from acclimate.stages.glossary.abbreviations import look_alikes
from acclimate.stages.glossary.keyness import Frequencies, log_likelihood
from acclimate.stages.glossary.phrases import c_values
from acclimate.stages.glossary.texts import WORDS_OF_A_RECORD, Text


@given(st.integers(1, 300), st.integers(1, 300))
def test_keyness_is_the_log_likelihood_of_the_two_frequencies(here, general):
    words, general_words = 4000, 9000
    # Rayson and Garside leave out the words that are another one, which scipy's table of two rows counts too.
    whole = stats.chi2_contingency(
        [[here, words - here], [general, general_words - general]], correction=False, lambda_="log-likelihood"
    ).statistic
    ours = log_likelihood(here, general, words=words, general_words=general_words)
    assert abs(ours) == pytest.approx(whole, rel=0.12, abs=0.05)
    assert (ours >= 0) == (here / words >= general / general_words)


def test_a_phrase_that_stands_only_in_a_longer_one_counts_for_nothing():
    counts = {("soft", "contact", "lens"): 5, ("soft", "contact"): 5, ("contact", "lens"): 12}
    values = c_values(counts)
    assert values["soft", "contact"] == 0
    assert values["contact", "lens"] == 7
    assert values["soft", "contact", "lens"] == pytest.approx(5 * 1.585, abs=0.01)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("heat shock transcription factor (HSF)", [("HSF", "heat shock transcription factor")]),
        ("in the methyl methanesulfonate sulfate (MMS) test", [("MMS", "methyl methanesulfonate sulfate")]),
        ("given MMS (methyl methanesulfonate sulfate) twice", [("MMS", "methyl methanesulfonate sulfate")]),
        ("deoxyribonucleic acid (DNA; see below)", [("DNA", "deoxyribonucleic acid")]),
        ("the result (see page 2) was fine (OK)", []),
        ("blood pressure (120)", []),
        ("a best (TT) of nothing", []),
        ("computed\ntomography (CT)", []),
    ],
)
def test_definitions_are_those_that_the_algorithm_finds(text, found):
    assert list(definitions(text)) == found


def test_the_first_character_must_begin_a_word_and_the_others_only_stand_in_order():
    assert best_long_form("HSF", "the heat shock transcription factor") == "heat shock transcription factor"
    assert best_long_form("XRF", "heat shock factor") is None


@given(st.text(alphabet="ab ()\n,;A", max_size=60))
def test_any_brackets_are_read_without_a_fault_and_every_long_form_stands_in_the_text(text):
    for short, long in definitions(text):
        assert short in text and long in text and len(long) > len(short)


def test_capitals_that_are_words_numerals_or_written_small_are_no_abbreviations():
    texts = [Text.of("s", "HTN and COUGH with cough, stage II, IV drip, LAMP off, w/o pain")]
    frequencies = Frequencies.of(texts, [Text.of("", "a lamp")])
    assert list(look_alikes(texts[0], frequencies)) == ["HTN", "IV", "w/o"]


def test_only_the_first_words_of_a_long_text_are_read():
    text = Text.of("s", "word " * WORDS_OF_A_RECORD + "secret (HSF)")
    assert sum(len(run) for run in text.runs) == WORDS_OF_A_RECORD
    assert "secret" not in text.text


def test_an_abbreviation_is_known_by_its_case_and_other_terms_are_not():
    glossary = Glossary([Term("OR", True, "operating room"), Term("chest pain"), Term("St. John")])
    assert glossary.found_in("this or that, Chest  Pain") == {"chest pain"}
    assert glossary.found_in("to the Operating Room") == {"OR"}
    assert glossary.found_in("the OR; St. John") == {"OR", "St. John"}
