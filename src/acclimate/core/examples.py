"""What a record shows to a model: one rule for training, scoring, generating and few-shot prompting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from acclimate.core.errors import DataError
from acclimate.core.ports import Example, Message, TokenRow


def example_of(record: Mapping[str, Any]) -> Example:
    """The record as the model sees it in training: a conversation, or plain text where it has only `text`.

    A prompt and its completion are a conversation of two turns. Turns without a train flag carry loss when they are
    the assistant's.

    >>> example_of({"id": "a", "prompt": "2 + 2", "completion": "4"}).messages[1].train
    True
    """
    if record.get("messages"):
        return Example(record["id"], messages=tuple(message_of(turn) for turn in record["messages"]))
    if record.get("completion") is not None:
        turns = (Message("user", record.get("prompt") or ""), Message("assistant", record["completion"], train=True))
        return Example(record["id"], messages=turns)
    if record.get("text") is not None:
        return Example(record["id"], text=record["text"])
    raise DataError(
        f"Record {record['id']} has neither messages, nor a completion, nor text, so a model can learn nothing from it.",
        hint="map the columns of its source to text, to prompt and completion, or to messages",
    )


def up_to_answer(example: Example) -> Example:
    """The conversation up to its last turn that carries loss, which is the answer that a generated one replaces."""
    answered = [place for place, turn in enumerate(example.messages) if turn.train]
    if not answered:
        raise DataError(
            f"Record {example.id} has no turn that carries loss, so there is no answer to compare with.",
            hint="set train on the turns the model is to give",
        )
    return replace(example, messages=example.messages[: answered[-1] + 1])


def question_and_answer(record: Mapping[str, Any]) -> tuple[str, str]:
    """The text in front of the record's last answer, and that answer."""
    turns = up_to_answer(example_of(record)).messages
    return "\n".join(turn.content for turn in turns[:-1]), turns[-1].content


def trained_text(record: Mapping[str, Any]) -> str:
    """All text of a record that carries loss, in its order: the turns the model is to give, or its plain text.

    >>> trained_text({"id": "a", "prompt": "2 + 2", "completion": "4"})
    '4'
    """
    example = example_of(record)
    return example.text or "".join(turn.content for turn in example.messages if turn.train)


def beginning(row: TokenRow, max_length: int) -> TokenRow:
    """At most so many tokens of a row: its first ones, and its last, which ends every row of an encoder.

    >>> beginning(TokenRow("a", (1, 5, 6, 7, 2), (False, True, True, True, False), 3), 4).tokens
    (1, 5, 6, 2)
    """
    if len(row.tokens) <= max_length:
        return row
    kept = max_length - 1
    return replace(row, tokens=(*row.tokens[:kept], row.tokens[-1]), trained=(*row.trained[:kept], row.trained[-1]))


def with_shots(example: Example, shots: Sequence[Example]) -> Example:
    """The example behind others whose answers are shown and carry no loss: few-shot prompting.

    A system turn of the example stays in front; those of the shots are left out, since templates allow one.
    """
    shown = [replace(turn, train=False) for shot in shots for turn in shot.messages if turn.role != "system"]
    opening = [turn for turn in example.messages[:1] if turn.role == "system"]
    return replace(example, messages=(*opening, *shown, *example.messages[len(opening) :]))


def message_of(turn: Mapping[str, Any]) -> Message:
    """A stored turn as the model sees it; one without a train flag carries loss when it is the assistant's."""
    train = turn.get("train")
    role = turn["role"]
    return Message(
        role,
        turn["content"] or "",
        train=role == "assistant" if train is None else train,
        tool_calls=turn.get("tool_calls"),
    )
