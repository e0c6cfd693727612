"""The packaged retention set is what its README says."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from acclimate.collect.retention import FOLDER
from acclimate.collect.retention.fact_lists import FACTS
from acclimate.collect.retention.make_abilities import PROBES_PER_ABILITY, probes, write
from acclimate.collect.retention.minimal_pairs import PHENOMENA
from acclimate.collect.retention.sense_lists import COMMON_SENSE
from acclimate.stages.predict.config import PredictConfig

ABILITIES = ("grammar", "arithmetic", "common_facts", "instruction_following", "common_sense")


def read(name):
    return [json.loads(line) for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()]


def probes_of(ability):
    return [row for row in read("abilities.jsonl") if row["ability"] == ability]


def test_the_packaged_probes_are_those_that_the_generator_writes(tmp_path):
    write(tmp_path / "abilities.jsonl", probes())
    assert (tmp_path / "abilities.jsonl").read_bytes() == (FOLDER / "abilities.jsonl").read_bytes()


def test_every_ability_has_the_stated_number_of_probes():
    counts = Counter(row["ability"] for row in read("abilities.jsonl"))
    assert counts == dict.fromkeys(ABILITIES, 480)
    assert PROBES_PER_ABILITY == PredictConfig().probes_per_ability == 480


@pytest.mark.parametrize("ability", ABILITIES)
def test_no_question_is_asked_twice(ability):
    # The prompts of the grammar probes are empty: there the right sentence is the question.
    asked = [row["prompt"] or row["chosen"] for row in probes_of(ability)]
    assert len(set(asked)) == len(asked)


@pytest.mark.parametrize("ability", ABILITIES)
def test_no_wrong_continuation_is_the_right_one(ability):
    assert not [row["id"] for row in probes_of(ability) if row["chosen"].strip() == row["rejected"].strip()]


@pytest.mark.parametrize("ability", ABILITIES)
def test_length_does_not_give_the_right_continuation_away(ability):
    gaps = [len(row["chosen"]) - len(row["rejected"]) for row in probes_of(ability)]
    assert abs(sum(gaps) / len(gaps)) < 0.5
    assert max(map(abs, gaps)) <= 8


def test_the_two_sentences_of_a_grammar_probe_differ_in_one_word():
    words = [(row["chosen"].split(), row["rejected"].split()) for row in probes_of("grammar")]
    assert {len(right) - len(wrong) for right, wrong in words} == {0}
    assert {sum(a != b for a, b in zip(right, wrong, strict=True)) for right, wrong in words} == {1}


@pytest.mark.parametrize("groups", [FACTS, COMMON_SENSE], ids=["common_facts", "common_sense"])
def test_every_group_offers_a_wrong_answer_to_each_of_its_questions(groups):
    assert not [group.form for group in groups if len(set(group.answers.values())) < 2]


SIGNS = {"+": int.__add__, "-": int.__sub__, "x": int.__mul__}


@pytest.mark.parametrize("row", probes_of("arithmetic")[::4])
def test_sums_are_right_when_chosen_and_wrong_when_rejected(row):
    asked = row["prompt"].rpartition(", ")[2].split()
    if "=" in asked:
        right = SIGNS[asked[1]](int(asked[0]), int(asked[2]))
    else:
        first, second, third = (int(number) for number in row["prompt"].strip(",").split(", "))
        assert second - first == third - second
        right = third + second - first
    assert int(row["chosen"]) == right != int(row["rejected"])


def test_general_passages_are_short_and_all_different():
    texts = [row["text"] for row in read("general.jsonl")]
    assert len(set(texts)) == len(texts) == 64
    assert all(60 <= len(text.split()) <= 150 for text in texts)


def test_every_grammatical_phenomenon_has_as_many_pairs():
    assert (len(PHENOMENA), PROBES_PER_ABILITY % len(PHENOMENA)) == (24, 0)
