"""Names, places and organisations that only a trained model finds."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acclimate.stages.deidentify.hits import Hit, beside
from acclimate.stages.deidentify.tagger import name_hits
from acclimate.stages.deidentify.tagger.generate import examples
from acclimate.stages.deidentify.tagger.words import LONGEST_PASSAGE, passages, pieces


def found(text: str) -> list[tuple[str, str]]:
    return [(text[hit.start : hit.end], hit.kind) for hit in name_hits(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("My sister Helena Okafor drove me here.", ("Helena Okafor", "name")),
        ("Please ask for Tobias, he knows.", ("Tobias", "name")),
        ("Sincerely,\nPriya Raghunathan", ("Priya Raghunathan", "name")),
        ("She works at Norvex Pharmaceuticals.", ("Norvex Pharmaceuticals", "organisation")),
        ("We drove to Marseille on Friday.", ("Marseille", "address")),
        ("He lives at 48 Larch Hollow Road with his son.", ("48 Larch Hollow Road", "address")),
        ("Ship it to Lindenstraße 14, 10969 Berlin.", ("Lindenstraße 14, 10969 Berlin", "address")),
    ],
)
def test_a_name_without_title_or_field_is_found_whole(text, expected):
    assert expected in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "The patient was given Tylenol and Lipitor on Monday in March.",
        "Hypertension, Type 2 Diabetes. MRI of the lumbar spine.",
        "Take one tablet twice a day with food.",
        "Please bring the letter. Thanks for waiting!",
    ],
)
def test_sound_text_is_left_alone(text):
    assert found(text) == []


@given(st.text(alphabet=st.characters(), max_size=200))
def test_pieces_quote_the_text_in_order_and_leave_only_space_between(text):
    cut = pieces(text)
    assert all(text[piece.start : piece.end] == piece.text for piece in cut)
    ends = [0, *(piece.end for piece in cut)]
    starts = [*(piece.start for piece in cut), len(text)]
    assert all(text[end:start].strip() == "" for end, start in zip(ends, starts, strict=True))


@settings(deadline=None, max_examples=60)
@given(st.text(alphabet="Ann Lee,.\n'-é12Straße😀", max_size=120))
def test_hits_lie_in_the_text_in_order_and_never_overlap(text):
    hits = list(name_hits(text))
    bounds = [place for hit in hits for place in (hit.start, hit.end)]
    assert bounds == sorted(bounds)
    assert all(0 <= hit.start < hit.end <= len(text) for hit in hits)


@given(st.lists(st.sampled_from(["a", ".", "\n"]), max_size=2000))
def test_passages_hold_every_piece_once_and_are_short(words):
    cut = pieces(" ".join(words))
    parts = list(passages(cut))
    assert [piece for part in parts for piece in part] == cut
    assert all(len(part) <= LONGEST_PASSAGE for part in parts)


def test_the_same_text_gives_the_same_hits_however_much_was_read_before():
    text = "Anna met Tobias Lindqvist of Norvex in Leeds."
    first = list(name_hits(text))
    list(name_hits("Other names: Maria, Petra, Ivo. " * 50))
    assert list(name_hits(text)) == first


def test_time_grows_with_the_length_of_a_text_and_no_faster():
    text = "Please call Maria Lopez at the clinic in Leeds tomorrow. " * 400

    def seconds(times: int) -> float:
        start = time.process_time()
        list(name_hits(text * times))
        return time.process_time() - start

    # Growth with the square would take 64 times as long; the least of three on a busy machine.
    once, longer = (min(seconds(times) for _ in range(3)) for times in (1, 8))
    assert longer < 8 * 5 * once


@pytest.mark.parametrize("text", ["x" * 1_000_000, "Anna " * 200_000, "12" * 500_000])
def test_a_text_of_a_million_characters_without_sentences_is_read(text):
    assert all(hit.end <= len(text) for hit in name_hits(text))


def test_generated_text_is_the_same_for_equal_seeds_and_its_labels_lie_on_words():
    first, second = (list(examples(3, 40, wordings="all")) for _ in range(2))
    assert first == second
    values = [example.text[start:end] for example in first for start, end, _ in example.stretches]
    assert values
    assert all(value == value.strip() and value for value in values)


def test_a_date_inside_a_found_address_stays_a_date():
    hits = beside("Elms 3 March 2021 St", [Hit(0, 20, "address")], [Hit(5, 17, "date")])
    assert [(hit.start, hit.end) for hit in hits] == [(0, 5), (17, 20)]


def test_a_word_in_small_letters_beside_a_number_is_not_what_is_left_of_a_name():
    hits = beside("fax 312-555-0142 Lee", [Hit(0, 20, "organisation")], [Hit(4, 16, "phone")])
    assert [(hit.start, hit.end) for hit in hits] == [(16, 20)]


@pytest.mark.parametrize("text", ["Costs rose by 16% last year.", "Play #15. now", "3... 2... 1... go"])
def test_numbers_that_no_postal_code_could_be_are_no_places(text):
    assert found(text) == []


def test_the_stage_replaces_found_names_alike_in_every_text_of_a_person_when_asked_to(deidentify):
    rows = [{"id": name, "text": "I talked to Helena Okafor.", "subject_id": "p"} for name in "ab"]
    after = deidentify(rows, tagger="names")
    assert after.texts[0] == after.texts[1]
    assert not {"Helena", "Okafor"} & set(after.texts[0].strip(".").split())
    assert after.report.metrics["replaced"] == {"name": 2}
    assert deidentify(rows).texts == [row["text"] for row in rows]


@pytest.mark.parametrize(("tagger", "stays"), [("names", True), ("organisations", False)])
def test_organisations_are_replaced_only_on_request(deidentify, tagger, stays):
    row = {"id": "a", "text": "She works at Norvex Pharmaceuticals."}
    assert ("Norvex" in deidentify([row], tagger=tagger).texts[0]) is stays


def test_the_words_of_a_known_name_get_the_same_surrogate_whichever_tier_finds_them(deidentify):
    row = {
        "id": "a",
        "text": "Helena Okafor|Helena Okafor",
        "identifiers": [{"name": "name", "value": "Helena Okafor"}],
    }
    first, second = deidentify([row], tagger="names").texts[0].split("|")
    assert first == second != "Helena Okafor"
