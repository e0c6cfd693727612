"""Few-shot examples come from training, from every site, and only as many as fit."""

from __future__ import annotations

import pytest

from acclimate.core.examples import example_of
from acclimate.core.ports import ModelFacts, TokenRow
from acclimate.stages.predict.shots import as_many_as_fit, choose_shots


def record(name, site, length=5):
    return {"id": name, "site": site, "prompt": "x" * length, "completion": "y"}


TRAIN = [record(f"{site}{number}", site) for site in ("north", "south") for number in range(6)]


class CharacterModel:
    """One token a character, and a context of so many."""

    def __init__(self, context_length):
        self.facts = ModelFacts("characters", "", 1, context_length, 1, 1, None, True)

    def render(self, example):
        text = "".join(turn.content for turn in example.messages)
        return TokenRow(example.id, tuple(map(ord, text)), (True,) * len(text), len(text))


def test_the_sites_take_turns_and_the_order_of_training_records_does_not_matter():
    shots = choose_shots(TRAIN, 4, seed=0)
    assert [shot.id[:5] for shot in shots] == ["north", "south", "north", "south"]
    assert choose_shots(TRAIN[::-1], 4, seed=0) == shots


def test_examples_longer_than_the_median_are_not_shown():
    long = [record(f"long{number}", "north", length=99) for number in range(6)]
    assert not any(shot.id.startswith("long") for shot in choose_shots(TRAIN + long, 9, seed=0))


@pytest.mark.parametrize(("context_length", "kept"), [(31, 3), (24, 2), (12, 0)])
def test_shots_that_do_not_fit_beside_the_longest_item_are_left_out(context_length, kept):
    shots = choose_shots(TRAIN, 3, seed=0)
    items = [example_of(record("short", "north")), example_of(record("longest", "north", length=7))]
    assert len(as_many_as_fit(CharacterModel(context_length), shots, items, room=4)) == kept
