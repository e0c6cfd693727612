"""A record shows the same conversation to training, scoring and prompting."""

from __future__ import annotations

import pytest

from acclimate.core.errors import DataError
from acclimate.core.examples import example_of, question_and_answer, up_to_answer, with_shots
from acclimate.core.ports import Example, Message

TALK = {
    "id": "talk",
    "messages": [
        {"role": "user", "content": "Hello?", "train": None},
        {"role": "assistant", "content": "Hi.", "train": None},
        {"role": "user", "content": "Bye.", "train": None},
    ],
}


def test_a_prompt_and_its_completion_are_two_turns_of_which_the_answer_carries_loss():
    example = example_of({"id": "a", "prompt": "2 + 2", "completion": "4"})
    assert example.messages == (Message("user", "2 + 2"), Message("assistant", "4", train=True))


def test_assistant_turns_carry_loss_where_nothing_is_said():
    assert [turn.train for turn in example_of(TALK).messages] == [False, True, False]


def test_a_train_flag_of_the_record_wins():
    flagged = {"id": "t", "messages": [{"role": "assistant", "content": "x", "train": False}]}
    assert not example_of(flagged).messages[0].train


def test_text_alone_is_plain_text():
    assert example_of({"id": "a", "text": "plain"}).text == "plain"


def test_the_answer_is_the_last_turn_that_carries_loss():
    assert question_and_answer(TALK) == ("Hello?", "Hi.")
    assert up_to_answer(example_of(TALK)).messages[-1].content == "Hi."


def test_shots_are_shown_in_front_and_carry_no_loss():
    shot = example_of({"id": "s", "prompt": "1 + 1", "completion": "2"})
    prompted = with_shots(example_of({"id": "a", "prompt": "2 + 2", "completion": "4"}), [shot])
    assert [(turn.content, turn.train) for turn in prompted.messages] == [
        ("1 + 1", False),
        ("2", False),
        ("2 + 2", False),
        ("4", True),
    ]


def test_the_system_turn_of_the_example_stays_in_front_of_the_shots():
    system, shown_system = Message("system", "Be brief."), Message("system", "Be long.")
    answer = Message("assistant", "4", train=True)
    prompted = with_shots(Example("a", (system, answer)), [Example("s", (shown_system, answer))])
    assert prompted.messages == (system, Message("assistant", "4"), answer)


@pytest.mark.parametrize("record", [{"id": "r1", "prompt": "only"}, {"id": "r1"}])
def test_a_record_without_a_target_is_named(record):
    with pytest.raises(DataError, match="Record r1"):
        example_of(record)


def test_a_conversation_without_an_answer_is_named():
    with pytest.raises(DataError, match="Record q"):
        question_and_answer({"id": "q", "messages": [{"role": "user", "content": "?", "train": False}]})
