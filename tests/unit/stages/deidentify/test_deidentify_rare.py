"""Words and codes of one person alone: told from what several people's records share, counted, replaced on request."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acclimate.stages.deidentify.rare import RareTokens

NOTES = [
    {"id": "n1", "subject_id": "p1", "text": "Her neighbour Quennell drove her. QUENNELL knows the code 77412909."},
    {"id": "n2", "subject_id": "p1", "text": "Quennell waits outside. Takes Zolvendrin at night."},
    {"id": "n3", "subject_id": "p2", "text": "He was told to stop Zolvendrin. Dose 150000 units, 10mg, 120/80."},
    {"id": "n4", "subject_id": "p3", "text": "Dose 150000 units. Reassured by the nurse."},
]


def rare(*texts: tuple[str, str]) -> dict[str, set[str]]:
    seen = RareTokens()
    for person, text in texts:
        seen.see(person, [text])
    return {person: set(keys) for person, keys in seen.by_person().items()}


def test_what_two_people_have_is_nobodys_own():
    assert rare(*((note["subject_id"], note["text"]) for note in NOTES)) == {"p1": {"quennell", "77412909"}}


@pytest.mark.parametrize("code", ["ab123456", "AB-123456", "7741-2909-X1", "77412909"])
def test_a_code_is_told_in_small_letters_and_with_hyphens(code):
    assert len(rare(("p1", f"her code is {code}"), ("p2", "no code"))["p1"]) == 1


@pytest.mark.parametrize(
    "text",
    [
        "Quennelled first in a sentence.",
        "- Quennelled first in a line",
        "We saw Quennelled and the quennelled.",
        "The QUENNELLED clinic",
        "She takes Tylenol on Monday in March.",
        "See the MRIs, COVID19, T2DM, 10mg, 120/80.",
    ],
)
def test_what_need_not_be_a_name_is_left_alone(text):
    assert rare(("p1", text)) == {}


@given(order=st.permutations(range(len(NOTES))), batch_rows=st.integers(1, 4))
@settings(max_examples=10, deadline=None)
def test_neither_order_nor_batches_change_what_is_replaced(deidentify, order, batch_rows):
    def rows(notes, **more):
        return sorted(deidentify(notes, rare="replaced", **more).texts)

    assert rows([NOTES[at] for at in order], batch_rows=batch_rows) == rows(NOTES)


def test_by_default_they_are_counted_and_the_records_named_and_no_text_changes(deidentify):
    result = deidentify(NOTES)
    assert result.texts == [note["text"] for note in NOTES] == deidentify(NOTES, rare="off").texts
    assert result.report.metrics["rare"] == {"name": 3, "other": 1}
    assert result.report.metrics["records_with_rare"] == 2
    [warning] = result.report.warnings
    assert all(row["id"] in warning for row in result.rows[:2])
    assert "Quennell" not in warning


def test_on_request_every_writing_of_one_has_the_same_surrogate(deidentify):
    result = deidentify(NOTES, rare="replaced")
    name, loud, code = re.fullmatch(
        r"Her neighbour (\w+) drove her. (\w+) knows the code (\d{8}).", result.texts[0]
    ).groups()
    assert loud == name.upper() != "QUENNELL"
    assert code != "77412909"
    assert result.texts[1] == f"{name} waits outside. Takes Zolvendrin at night."
    assert result.texts[2:] == [note["text"] for note in NOTES[2:]]
    assert result.report.warnings == ()


def test_what_another_tier_finds_is_not_counted_again(deidentify):
    notes = [{"id": "n1", "subject_id": "p1", "text": "Dr. Quennell called.", "identifiers": []}]
    assert deidentify(notes).report.metrics["rare"] == {}


def test_switched_off_no_text_is_read_for_them(deidentify):
    assert deidentify(NOTES, rare="off").report.metrics["rare"] == {}
