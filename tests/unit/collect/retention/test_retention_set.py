"""The packaged retention set is what its README says."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from acclimate.collect.retention import FOLDER
from acclimate.collect.retention.make_abilities import PROBES_PER_ABILITY, probes, write


def read(name):
    return [json.loads(line) for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()]


def test_the_packaged_probes_are_those_that_the_generator_writes(tmp_path):
    write(tmp_path / "abilities.jsonl", probes())
    assert (tmp_path / "abilities.jsonl").read_bytes() == (FOLDER / "abilities.jsonl").read_bytes()


def test_every_ability_has_the_stated_number_of_different_probes():
    rows = read("abilities.jsonl")
    assert set(Counter(row["ability"] for row in rows).values()) == {PROBES_PER_ABILITY}
    assert len({(row["prompt"], row["chosen"], row["rejected"]) for row in rows}) == len(rows)


@pytest.mark.parametrize("ability", ["grammar", "arithmetic", "common_facts", "instruction_following", "common_sense"])
def test_length_does_not_give_the_right_continuation_away(ability):
    gaps = [len(row["chosen"]) - len(row["rejected"]) for row in read("abilities.jsonl") if row["ability"] == ability]
    assert abs(sum(gaps) / len(gaps)) < 0.5
    assert max(map(abs, gaps)) <= 8


SIGNS = {"+": int.__add__, "-": int.__sub__, "x": int.__mul__}


@pytest.mark.parametrize("row", [row for row in read("abilities.jsonl") if row["ability"] == "arithmetic"][::4])
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
