"""No text of a record steers the terminal that it is shown on."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acclimate.cli.console import print_json, tell
from acclimate.cli.drops import _print_record
from acclimate.cli.printable import one_line, printable
from acclimate.pipeline.drops import DroppedRecord

STEERING = "\x1b]0;owned\x07\x1b[2J\x9b31m\rback\u202eturned\u2066\x00"


@given(st.text())
def test_nothing_that_steers_a_terminal_is_left_and_plain_text_stays(text):
    shown = printable(text)
    assert all(
        character in "\t\n" or character.isprintable() or character.isspace()
        for character in shown
        if character < "\xa0"
    )
    assert not set(shown) & set("\x1b\r\x9b\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert "\n" not in one_line(text)
    shown.encode()


@pytest.mark.parametrize("text", ["Ärger, 世界 🙂 “x”\tend", "نص عربي", "क्‍ष"])
def test_writing_of_any_script_is_left_alone(text):
    assert printable(text) == text


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_json_shown_means_what_it_meant(text):
    assert json.loads(printable(json.dumps({"text": text}, ensure_ascii=False)))["text"] == text


def test_a_dropped_record_is_shown_with_its_control_characters_written_out(capsys):
    record = DroppedRecord(
        id="a\x1b[1m", step="clean", rule="x", value=STEERING, threshold=None, text=f"one\n{STEERING}"
    )
    _print_record(record, show_text=True)
    shown = capsys.readouterr().out
    assert shown.count("\n") == 3
    assert "\x1b" not in shown and "\\u001b]0;owned\\u0007" in shown and "\u202e" not in shown


def test_results_go_through_it(capsys):
    tell(STEERING)
    print_json({"text": STEERING})
    shown = capsys.readouterr().out
    assert "\x1b" not in shown and "\x9b" not in shown and "\u202e" not in shown
    assert json.loads(shown.partition("\n")[2])["text"] == STEERING
