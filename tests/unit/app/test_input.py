from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acclimate.app.records_input import read_items
from acclimate.core.errors import DataError


def test_json_lines_keep_texts_as_they_are_and_other_columns_as_attributes() -> None:
    (item,) = read_items('{"id": 7, "text": "a\\r\\n\\ud83d\\ude00", "ward": "B2"}\n')
    assert item.id == "7"
    assert item.record["text"] == "a\r\n😀"
    assert item.record["attributes"] == [{"name": "ward", "value": "B2"}]


def test_csv_columns_of_candidates_become_outputs_by_arm() -> None:
    (item,) = read_items('prompt,candidate:base,candidate:tuned\n"Well, what?",Left.,Right.\n')
    assert item.candidates == {"base": "Left.", "tuned": "Right."}
    assert item.record["prompt"] == "Well, what?"


@pytest.mark.parametrize("given", ["2024-03-01", "2024-03-01T02:00:00+02:00"])
def test_a_date_becomes_a_time_in_utc_and_the_subject_stays_a_column(given: str) -> None:
    (item,) = read_items(f"id,text,subject_id,collected_at\nn1,Pain.,p1,{given}\n")
    assert item.record["collected_at"] == "2024-03-01T00:00:00+00:00"
    assert item.record["subject_id"] == "p1" and "attributes" not in item.record


@pytest.mark.parametrize(
    "text", ["id,text,gold:urgent\nn1,Pain.,yes\n", '{"text": "Pain.", "gold": {"urgent": "yes"}}']
)
def test_a_right_answer_makes_a_gold_item(text: str) -> None:
    (item,) = read_items(text)
    assert item.gold == {"urgent": "yes"}
    assert "attributes" not in item.record


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "no record"),
        ("{broken", "Line 1 is not a JSON object"),
        ('{"text": "a"}\n{"text": 3}', "Line 2: text is not a text"),
        ('{"text": "a\\u0000"}', "a character that is none"),
        ("id,note\n1,hello", "Line 2 has nothing to read"),
        ("id,text\n1,a,b", "Line 2 has not as many cells"),
        ('{"text": "a", "id": "../\\u0007"}', "the id is"),
        ('{"text": "a", "gold": "yes"}', "gold must give the right answer by question"),
        ('{"text": "a", "collected_at": "yesterday"}', "collected_at is no date"),
        ('{"text": "a", "collected_at": "0001-01-01T00:00:00+14:00"}', "collected_at is no date"),
        ('{"messages": [3]}', "messages must be a list of turns"),
    ],
)
def test_a_line_that_cannot_be_an_item_is_named(text: str, fault: str) -> None:
    with pytest.raises(DataError, match=fault):
        read_items(text)


@given(st.text())
def test_whatever_is_pasted_becomes_items_or_one_sentence(text: str) -> None:
    try:
        assert read_items(text)
    except DataError as error:
        assert error.hint
