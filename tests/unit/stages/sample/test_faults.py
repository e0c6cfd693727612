"""Loops are kept out of training and left in what measures retention."""

from __future__ import annotations

import pytest

from acclimate.stages.sample.draw import Drawn
from acclimate.stages.sample.faults import distinct_share, fault_of

PROSE = "The ferry left at nine and we watched it go until the fog took first the hull, then the lamps, then the sound of it."


@pytest.mark.parametrize("user", ["", "  \n"])
@pytest.mark.parametrize("for_replay", [True, False])
def test_empty_turns_are_set_aside_in_both_halves(user, for_replay):
    assert fault_of(Drawn("a", user, PROSE, True), for_replay=for_replay).reason == "empty"


def test_a_loop_is_no_text_to_train_on_but_belongs_to_the_base_as_it_is():
    loop = Drawn("a", "Why?", "because it is " * 20, False)
    assert fault_of(loop, for_replay=True).reason == "repetition"
    assert fault_of(loop, for_replay=False) is None


def test_plain_text_has_one_turn():
    assert fault_of(Drawn("a", None, PROSE, True), for_replay=True) is None


def test_prose_hardly_repeats_itself_and_short_answers_never_count_as_loops():
    assert distinct_share(PROSE) > 0.9
    assert distinct_share("no no no no") == 1.0
