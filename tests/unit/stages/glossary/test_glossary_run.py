"""Terms found in small texts, and what people's list makes of them."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acclimate.core.errors import SourceError

TEXT = "She has chest pain. He takes metoprolol for chest pain; the COPD (chronic obstructive pulmonary disease) is stable, c/o cough"


def notes(text=TEXT, count=12, **values):
    return [{"id": f"n{number:02d}", "subject_id": f"s{number}", "text": text, **values} for number in range(count)]


def test_words_phrases_and_abbreviations_are_found_with_what_they_stand_for(glossary):
    _, terms = glossary(notes())
    assert terms["metoprolol"] | {"keyness": 0, "log_ratio": 0} == {
        "term": "metoprolol", "kind": "word", "expansion": None, "origin": "found", "count": 12, "subjects": 12,
        "general_count": 0, "keyness": 0, "log_ratio": 0, "c_value": None,
    }  # fmt: skip
    assert terms["chest pain"]["kind"] == "phrase" and terms["chest pain"]["count"] == 24
    assert terms["chest pain"]["c_value"] == 24
    assert terms["COPD"]["kind"] == "abbreviation"
    assert terms["COPD"]["expansion"] == "chronic obstructive pulmonary disease"
    assert terms["c/o"]["kind"] == "abbreviation" and terms["c/o"]["expansion"] is None


def test_words_of_general_text_function_words_and_names_are_no_terms(glossary):
    _, terms = glossary(notes("Mr Haddad saw the boat at the harbour with Haddad"))
    assert not {"haddad", "boat", "harbour", "the", "with"} & terms.keys()


def test_a_term_needs_enough_subjects_however_often_one_has_it(glossary):
    _, terms = glossary(notes("metoprolol " * 9, count=4))
    assert terms == {}
    assert "metoprolol" in glossary(notes("metoprolol " * 9, count=4), min_subjects=4)[1]


def test_no_term_is_learnt_from_the_test_split(glossary):
    _, terms = glossary(
        [*notes(split="train"), *[{**row, "id": f"t{row['id']}"} for row in notes("lisinopril " * 5, split="test")]]
    )
    assert "metoprolol" in terms and "lisinopril" not in terms


def test_what_people_wrote_wins_and_what_they_ruled_out_is_gone_and_counted(glossary):
    edited = "term,expansion,use\ncopd,COPD of any stage,\nchest pain,,no\nbeta blocker,,yes\n"
    report, terms = glossary(notes(), edited=edited)
    assert terms["copd"]["expansion"] == "COPD of any stage"
    assert (terms["copd"]["origin"], terms["copd"]["count"]) == ("edited", 12)
    assert "chest pain" not in terms and report.counts.dropped == {"ruled_out": 1}
    assert terms["beta blocker"] | {"origin": ""} == {**dict.fromkeys(terms["beta blocker"]), "term": "beta blocker",
        "kind": "phrase", "origin": ""}  # fmt: skip
    assert report.metrics["edited"] == 2


def test_an_empty_expansion_leaves_the_one_that_was_found(glossary):
    _, terms = glossary(notes(), edited="term,expansion\nCOPD,\n")
    assert terms["COPD"]["expansion"] == "chronic obstructive pulmonary disease"


def test_with_max_terms_0_the_list_of_people_stands_alone(glossary):
    report, terms = glossary(notes(), edited="term\nbeta blocker\n", max_terms=0)
    assert list(terms) == ["beta blocker"]
    assert report.warnings == ()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("word,use\nx,\n", r"glossary\.csv, line 1: the columns are word, use"),
        ("term,use\nx,\ny,maybe\n", r"glossary\.csv, line 3: use is neither yes, no nor empty"),
        ("term,use\na,b,c\n", r"line 2: .*more cells than there are columns"),
        ('term\n"open\n', r"not a line of CSV"),
        (b"term\n\xff\n", r"glossary\.csv is not in UTF-8"),
    ],
)
def test_a_list_that_cannot_be_read_is_named_with_its_line(glossary, content, sentence):
    with pytest.raises(SourceError, match=sentence):
        glossary(notes(), edited=content)


def test_a_small_reference_is_said_to_be_one(glossary):
    report, _ = glossary(notes())
    assert report.warnings[0].startswith("Terms are held against only 1200 words of general text")


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 99), batch_rows=st.integers(1, 9))
def test_order_and_batch_size_change_nothing(glossary, seed, batch_rows):
    rows = [*notes(), *[{**row, "id": f"o{row['id']}"} for row in notes("acute chest pain and metoprolol, MI twice")]]
    shuffled = random.Random(seed).sample(rows, len(rows))
    assert glossary(rows, max_records=20) == glossary(shuffled, max_records=20, batch_rows=batch_rows)
