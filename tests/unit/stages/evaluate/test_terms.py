"""Glossary terms that answers lack, per model, with n."""

from __future__ import annotations

import pytest
from tests.unit.stages.evaluate.evaluation_bench import bits

from acclimate.stages.glossary.run import GLOSSARY_SCHEMA
from acclimate.testing import write_artifact

NAMES = [f"r{number:02d}" for number in range(12)]
TERMS = [
    {"term": "MRI", "kind": "abbreviation", "expansion": "magnetic resonance imaging", "origin": "found"},
    {"term": "chest pain", "kind": "phrase", "origin": "found"},
]


def evaluated(bench, answers, terms=TERMS, reference="Chest pain, MRI done", **config):
    """The metrics of terms where each arm gives one answer to every item."""
    inputs = {"records": bench.records([{"id": name, "completion": reference} for name in NAMES])}
    for arm, answer in answers.items():
        inputs[arm] = bench.predictions(arm, [{"id": name, **bits(1.0), "generated": answer} for name in NAMES])
    inputs["glossary"] = write_artifact(bench.folder / "glossary", terms, schema=GLOSSARY_SCHEMA)
    return bench.evaluate(inputs, **config)[0].metrics["terms"]


def test_terms_of_the_reference_that_an_answer_lacks_are_counted_for_each_arm(bench):
    arms = evaluated(bench, {"base": "nothing of it", "adapted": "chest pain only"})["arms"]
    assert (arms["base"]["wanted"], arms["base"]["missing"], arms["base"]["share"]) == (24, 24, 1.0)
    assert (arms["adapted"]["missing"], arms["adapted"]["items"], arms["adapted"]["clusters"]) == (12, 12, 12)
    assert arms["adapted"]["less_base"]["difference"] == pytest.approx(-0.5)
    assert arms["base"]["less_base"] is None


def test_either_form_of_an_abbreviation_will_do(bench):
    arms = evaluated(bench, {"base": "x", "adapted": "Chest pain. Magnetic resonance imaging was done."})["arms"]
    assert arms["adapted"]["missing"] == 0


def test_an_abbreviation_that_an_answer_explains_otherwise_is_counted(bench):
    answers = {"base": "magnetic resonance imaging (MRI)", "adapted": "mitral regurgitation index (MRI)"}
    arms = evaluated(bench, answers)["arms"]
    assert (arms["base"]["explained"], arms["base"]["explained_wrongly"]) == (12, 0)
    assert (arms["adapted"]["explained"], arms["adapted"]["explained_wrongly"]) == (12, 12)


def test_the_terms_most_often_missed_are_named(bench):
    missed = evaluated(bench, {"base": "x", "adapted": "chest pain"})["most_missed"]
    assert missed == [{"term": "MRI", "wanted": 12, "missing": 12}]


def test_references_without_a_term_give_no_share(bench):
    arms = evaluated(bench, {"base": "x", "adapted": "y"}, reference="all fine")["arms"]
    assert arms["adapted"]["share"] is None and arms["adapted"]["items"] == 0


def test_without_terms_nothing_is_said_of_them(bench):
    assert evaluated(bench, {"base": "x", "adapted": "y"}, terms=[]) is None


def test_a_word_one_letter_from_a_term_is_a_look_alike_unless_some_text_of_the_project_holds_it(bench):
    answers = {"base": "Magnetik imagging, Resonances", "adapted": "magnetic resonance"}
    found = evaluated(bench, answers, reference="Chest pain, MRI done, imagging")["look_alikes"]
    assert found["base"] == {
        "answers": 12,
        "with_look_alikes": 12,
        "commonest": [{"word": "magnetik", "like": "magnetic", "answers": 12}],
    }
    assert found["adapted"] == {"answers": 12, "with_look_alikes": 0, "commonest": []}
