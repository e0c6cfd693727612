"""What an answer states is found in its source, or marked with a reason."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.stages.evaluate.evaluation_bench import bits

from acclimate.stages.evaluate.support.check import Source
from acclimate.stages.evaluate.support.dates import dates
from acclimate.stages.evaluate.support.quantities import quantities

DIALOGUE = """Doctor: How old are you?
Patient: I'm sixty three. I see Doctor Okafor in Leeds.
Doctor: What do you take?
Patient: Lisinopril, twenty M G every morning, and half a gram of metformin by mouth, twice a day.
Doctor: Any chest pain or fever?
Patient: No, neither. But I have a cough, and my left knee is swollen since January tenth.
Doctor: And the right shoulder?
Patient: It's fine. I paid $1,250 for the brace under section 4.2 of the plan."""


def unsupported(answer: str, source: str = DIALOGUE) -> list[tuple[str, str, str]]:
    marks = Source(source).check(answer)
    return [(mark.kind, answer[mark.start : mark.end], mark.reason) for mark in marks if not mark.is_supported]


@pytest.mark.parametrize(
    "answer",
    [
        "A 63-year-old, seen by Dr. Okafor.",
        "Lisinopril 20 mg daily; metformin 500 mg twice daily, orally.",
        "Metformin 0.5 g.",
        "Denies chest pain and fever. Reports a cough.",
        "No fever, no chest pain.",
        "Left knee swelling since 01/10.",
        "Swelling of the left knee since the 10th of January.",
        "Paid USD 1,250 under Section 4.2.",
        "1. Cough. 2. Knee pain.",
        "He comes once again, one of many.",
        "A lower dose of 20 mg; approximately 20 mg, altogether 500 mg, received 500 mg, 20 mg of it.",
        "",
    ],
)
def test_what_stands_in_the_source_in_other_words_is_not_marked(answer):
    assert unsupported(answer) == []


@pytest.mark.parametrize(
    ("answer", "kind", "stretch", "reason"),
    [
        ("A 36-year-old.", "number", "36-year", "absent"),
        ("Lisinopril 40 mg.", "dose", "40 mg", "absent"),
        ("Lisinopril 20 g.", "dose", "20 g", "other_unit"),
        ("Lisinopril 500 mg and metformin 20 mg.", "dose", "500 mg", "other_dose"),
        ("Bradoline 20 mg daily.", "dose", "20 mg", "no_such_drug"),
        ("Bradoline cream 20 mg.", "dose", "20 mg", "no_such_drug"),
        ("Metformin, intravenously.", "route", "intravenously", "absent"),
        ("Right knee swelling.", "side", "Right", "other_side"),
        ("Bilateral knee swelling.", "side", "Bilateral", "other_side"),
        ("Reports chest pain.", "negation", "pain", "said_to_be_absent"),
        ("Denies any cough.", "negation", "cough", "said_to_be_there"),
        ("Seen by Dr. Osei.", "name", "Osei", "absent"),
        ("Swelling since January 12.", "date", "January 12", "absent"),
        ("The brace cost $1,520.", "amount", "$1,520", "absent"),
        ("Covered by § 4.3.", "reference", "§ 4.3", "absent"),
    ],
)
def test_what_the_source_does_not_say_is_marked_with_its_kind_and_reason(answer, kind, stretch, reason):
    assert (kind, stretch, reason) in unsupported(answer)


def test_a_mark_points_to_the_place_that_supports_or_contradicts_it():
    for mark in Source(DIALOGUE).check("Right knee. 63 years old."):
        assert mark.evidence is not None
        assert DIALOGUE[slice(*mark.evidence)] in ("left", "sixty three")


def test_a_doctor_who_asks_and_gets_no_clear_answer_proves_nothing():
    source = "Doctor: Any rash?\nPatient: My wife says I should ask you about that."
    assert unsupported("Denies rash.", source) == [] == unsupported("Has a rash.", source)


def test_what_both_sides_of_the_conversation_say_differently_is_not_judged():
    source = "No headache at first. Later I had a headache."
    assert unsupported("Denies headache.", source) == [] == unsupported("Had a headache.", source)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("two hundred and fifty", [250]),
        ("twenty-five to thirty mg", [25, 30]),
        ("one hundred", [100]),
        ("1,200 and 1/2", [1200, 0.5]),
        ("vitamin B12 and A1C", []),
        ("BP 120/80", [120, 80]),
        (".5 ml", [0.5]),
        ("nineteen ninety", [19, 90]),
    ],
)
def test_numbers_are_read_in_digits_and_in_words(text, plain):
    assert [quantity.plain for quantity in quantities(text)] == plain


def test_the_first_end_of_a_range_has_the_unit_of_the_second():
    assert [(round(one.value, 3), one.dimension) for one in quantities("10-20 mg")] == [(0.01, "mass"), (0.02, "mass")]


@pytest.mark.parametrize("text", ["3/4", "13/14/2020", "in 2020", "may be 5 times", "version 1.2.3"])
def test_what_is_no_date_is_none(text):
    assert dates(text) == []


ANSWERS = st.text(alphabet=string.printable + "é¼–°€", max_size=120)


@given(answer=ANSWERS)
def test_a_text_supports_its_own_numbers_dates_names_and_references(answer):
    for mark in Source(answer).check(answer):
        assert 0 <= mark.start < mark.end <= len(answer)
        if mark.kind in ("number", "amount", "date", "name", "reference", "route", "side"):
            assert mark.is_supported


@given(answer=ANSWERS, source=ANSWERS)
def test_any_text_can_be_checked_against_any_other(answer, source):
    marks = Source(source).check(answer)
    assert marks == Source(source).check(answer)
    assert all(mark.evidence is None or mark.evidence[1] <= len(source) for mark in marks)


NAMES = [f"r{number:02d}" for number in range(12)]


def measured(bench, answers, prompt="I take 20 mg. My left knee hurts.", reference="Takes 20 mg. Left knee pain."):
    rows = [{"id": name, "prompt": prompt, "completion": reference} for name in NAMES]
    inputs = {"records": bench.records(rows)}
    for arm, answer in answers.items():
        inputs[arm] = bench.predictions(arm, [{"id": name, **bits(1.0), "generated": answer} for name in NAMES])
    return bench.evaluate(inputs)[0].metrics


def test_each_arm_and_the_references_are_measured(bench):
    metrics = measured(bench, {"base": "Takes 40 mg. Right knee pain.", "adapted": "Takes 20 mg. Right knee pain."})
    support = metrics["support"]
    assert support["is_grounded"] and support["references"]["unsupported"] == 0
    assert (support["arms"]["base"]["share"], support["arms"]["adapted"]["share"]) == (1.0, 0.5)
    sides = support["arms"]["adapted"]["kinds"]["side"]
    assert (sides["stated"], sides["unsupported"], sides["share"], sides["clusters"]) == (12, 12, 1.0, 12)
    assert support["arms"]["adapted"]["less_base"]["difference"] == pytest.approx(-0.5)
    assert "facts, numbers and names in generated answers" not in metrics["summary"]["not_tested"]


def test_answers_that_do_not_draw_on_the_question_are_not_held_against_it(bench):
    metrics = measured(bench, {"base": "x", "adapted": "In 7 days."}, "How long?", "About 14 days.")
    assert not metrics["support"]["is_grounded"]
    assert "facts, numbers and names in generated answers" in metrics["summary"]["not_tested"]


def test_without_answers_nothing_is_measured(bench):
    assert measured(bench, {"base": None, "adapted": None})["support"] is None
