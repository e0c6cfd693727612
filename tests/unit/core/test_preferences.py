"""What a preference is, and what its reward is."""

from __future__ import annotations

import pytest

from acclimate.core.preferences import (
    BETAS,
    AnswerGain,
    asked_and_answered,
    preference_fault,
    preference_loss,
    preference_of,
    prompt_digest,
    reward_margin,
)

PAIR = {"id": "a", "prompt": "Dose?", "chosen": "5 mg", "rejected": "5 g"}
TALK = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "Dose?"}]
ANSWERED = [*TALK, {"role": "assistant", "content": "some"}]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({}, None),
        ({"rejected": None}, "no_pair"),
        ({"chosen": " \n"}, "empty_answer"),
        ({"prompt": " "}, "no_prompt"),
        ({"prompt": None, "messages": TALK}, None),
        ({"prompt": None, "messages": ANSWERED[2:]}, "no_prompt"),
        ({"rejected": "5 mg\n"}, "equal_answers"),
    ],
)
def test_what_a_record_lacks_to_be_a_preference_is_named(change, fault):
    assert preference_fault(PAIR | change) == fault


@pytest.mark.parametrize("messages", [TALK, ANSWERED])
def test_both_answers_stand_behind_the_same_turns_and_alone_carry_loss(messages):
    pair = preference_of(PAIR | {"messages": messages})
    for example, answer in ((pair.chosen, "5 mg"), (pair.rejected, "5 g")):
        said = [(turn.role, turn.content, turn.train) for turn in example.messages]
        assert said == [("system", "be brief", False), ("user", "Dose?", False), ("assistant", answer, True)]


def test_pairs_about_one_prompt_share_its_digest_and_other_records_have_none():
    same = {**PAIR, "chosen": "none", "prompt": None, "messages": [{"role": "user", "content": "Dose?"}]}
    assert prompt_digest(PAIR) == prompt_digest(same) != prompt_digest({**PAIR, "prompt": "Why?"})
    assert prompt_digest({"prompt": "Dose?", "completion": "5 mg"}) is None


def test_an_answer_of_its_own_comes_before_the_chosen_one():
    assert asked_and_answered({**PAIR, "completion": "6 mg"}) == ("Dose?", "6 mg")


def test_length_alone_gains_nothing_where_rewards_are_means():
    long, short = AnswerGain(8.0, 40), AnswerGain(2.0, 10)
    assert reward_margin(long, short, beta=BETAS["sigmoid"], loss_type="sigmoid") == pytest.approx(0.6)
    assert reward_margin(long, short, beta=BETAS["sigmoid_norm"], loss_type="sigmoid_norm") == 0


@pytest.mark.parametrize(("margin", "loss"), [(0.0, 0.6931), (800.0, 0.0), (-800.0, 800.0)])
def test_the_loss_neither_overflows_nor_falls_below_nothing(margin, loss):
    assert preference_loss(margin) == pytest.approx(loss, abs=1e-4)
