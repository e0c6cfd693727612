from __future__ import annotations

from typing import Any

import pytest

from acclimate.annotation.schema import (
    Choice,
    Codes,
    LabelSchema,
    Option,
    OutputMarks,
    Question,
    Ranking,
    Rating,
    Spans,
    Subject,
    Text,
    Turns,
    read_schema,
    replace_labels,
)
from acclimate.core.errors import ConfigError

TREE = (Option(name="heart"), Option(name="attack", parent="heart"), Option(name="lung"))
CHOICE = Choice(name="q", options=TREE)
SEVERAL = Choice(name="q", options=TREE, multiple=True, leaves_only=False)
CODES = Codes(name="q", code_list="icd", at_most=2)
SPANS = Spans(name="q", options=(Option(name="drug"),), relations=("treats",))
TEXT = Text(name="q", max_chars=5)
RATING = Rating(name="q", criteria=("tone", "truth"))
RANKING = Ranking(name="q", ties=False)
TURNS = Turns(name="q")
MARKS = OutputMarks(name="q")
SUBJECT = Subject(
    {"text": "a 💊 b\r\n"},
    {"x": "good 💊 note", "y": "poor note"},
    2,
    lambda code_list, code: (code_list, code) == ("icd", "I21"),
)


def mark(start: int, end: int, quote: str, **more: Any) -> list[dict[str, Any]]:
    place = {"output": "x", "start": start, "end": end, "quote": quote}
    return [{**place, "kind": "error", "severity": "major", **more}]


def span(start: int, end: int, **more: Any) -> dict[str, Any]:
    return {"spans": [{"start": start, "end": end, "label": "drug", **more}]}


@pytest.mark.parametrize(
    ("question", "value"),
    [
        (CHOICE, "attack"),
        (SEVERAL, ["heart", "lung"]),
        (CODES, ["I21"]),
        (SPANS, span(2, 3, quote="💊")),
        (SPANS, span(4, 7, quote="b\r\n")),
        (SPANS, {"spans": []}),
        (TEXT, "fine"),
        (RATING, {"tone": 1, "truth": 5}),
        (RANKING, [["y"], ["x"]]),
        (TURNS, {"0": 3}),
        (MARKS, mark(5, 6, "💊")),
        (MARKS, mark(4, 7, "b\r\n", field="text", kind="omission", output="y")),
        (MARKS, mark(0, 4, "good", kind="omission", severity="critical")),
    ],
)
def test_a_right_answer_has_no_fault(question: Question, value: Any) -> None:
    assert LabelSchema(questions=(question,)).faults({"q": value}, SUBJECT) == ()


@pytest.mark.parametrize(
    ("question", "value", "said"),
    [
        (CHOICE, "heart", "heart has labels below it"),
        (CHOICE, ["lung"], "must be one label"),
        (SEVERAL, [], "at least one label"),
        (SEVERAL, ["lung", "lung"], "chosen twice"),
        (CODES, ["I22"], "'I22' is not in the list icd"),
        (CODES, ["I21", "I21", "I21"], "3 codes are given, at most 2"),
        (SPANS, span(2, 4, quote="💊"), "2 to 4 is not the text that was marked"),
        (SPANS, span(3, 3), "does not lie in the 7 characters"),
        (SPANS, span(0, 8), "does not lie in the 7 characters"),
        (SPANS, span(0, 1, field="prompt"), "in a field that is not marked here"),
        (
            SPANS,
            {**span(0, 1), "relations": [{"source": 0, "target": 1, "label": "treats"}]},
            "a span that is not there",
        ),
        (SPANS, {"spans": [{"start": "x"}]}, "does not have the form"),
        (SPANS, {"spans": [{"start": "0", "end": 1, "label": "drug"}]}, "does not have the form"),
        (TEXT, "  ", "is empty"),
        (TEXT, "too long", "has 8 characters, at most 5"),
        (RATING, {"tone": 1}, "truth is not rated"),
        (RATING, {"tone": True, "truth": 6}, "from 1 to 5"),
        (RANKING, [["x"]], "each of the 2 candidates must be ranked exactly once"),
        (RANKING, [["x", "y"]], "ties are not allowed"),
        (TURNS, {"2": 3}, "'2' is not one of the 2 turns"),
        (TURNS, {"0": 9}, "turn 0 must be a whole number"),
        (MARKS, mark(5, 7, "💊"), "5 to 7 is not the text that was marked"),
        (MARKS, mark(0, 13, "good"), "does not lie in the 11 characters"),
        (MARKS, mark(0, 1, "g", output="z"), "about an output that is not shown"),
        (MARKS, mark(0, 1, "a", field="text"), "in a field where error cannot be marked"),
        (MARKS, mark(0, 1, "g", kind="style"), "not one of the 2"),
        (MARKS, mark(0, 1, "g", severity="mild"), "does not have the form"),
        (MARKS, mark(0, 4, "good") * 2, "marked twice"),
        (CHOICE, None, "is not answered"),
    ],
)
def test_a_wrong_answer_is_said_in_a_sentence(question: Question, value: Any, said: str) -> None:
    faults = LabelSchema(questions=(question,)).faults({"q": value}, SUBJECT)
    assert any(said in fault for fault in faults)
    assert all(fault.endswith(".") and "💊" not in fault for fault in faults)


@pytest.mark.parametrize("value", [None, 1, "x", [1], {"a": 1}, [["x", 1]], {"spans": 3}, [{}], True])
@pytest.mark.parametrize("question", [CHOICE, SEVERAL, CODES, SPANS, TEXT, RATING, RANKING, TURNS, MARKS])
def test_an_answer_of_any_form_is_judged_and_not_stumbled_over(question: Question, value: Any) -> None:
    LabelSchema(questions=(question,)).faults({"q": value, "other": value}, SUBJECT)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([{"name": "a"}, {"name": "a"}], "named twice"),
        ([{"name": "a", "parent": "b"}], "b is not a label"),
        ([{"name": "a", "parent": "b"}, {"name": "b", "parent": "a"}], "above itself"),
    ],
)
def test_labels_that_form_no_trees_are_refused(options: list[dict[str, str]], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_schema({"questions": [{"kind": "choice", "name": "q", "options": options}]})


def test_answers_agree_whatever_the_order_of_what_has_none() -> None:
    schema = LabelSchema(questions=(SEVERAL,))
    assert schema.compared({"q": ["lung", "heart"]}) == schema.compared({"q": ["heart", "lung"]})


def test_spans_that_a_merge_makes_equal_are_kept_once_with_their_relations() -> None:
    spans = [{"start": 0, "end": 1, "label": label} for label in ("a", "b")] + [{"start": 2, "end": 3, "label": "c"}]
    value = {"spans": spans, "relations": [{"source": 1, "target": 2, "label": "r"}]}
    merged = replace_labels(SPANS, value, {"b": "a"})
    assert [mark["label"] for mark in merged["spans"]] == ["a", "c"]
    assert merged["relations"] == [{"source": 0, "target": 1, "label": "r"}]
