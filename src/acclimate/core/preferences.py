"""What a preference is: two answers to one prompt, one chosen and one rejected; one rule for every stage that reads them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from acclimate.core.examples import message_of, question_and_answer
from acclimate.core.ports import Example, Message

Record = Mapping[str, Any]
LossType = Literal["sigmoid", "sigmoid_norm"]

BETAS: Mapping[LossType, float] = {"sigmoid": 0.1, "sigmoid_norm": 5.0}
"""What scales the reward in each loss where nobody says: Rafailov et al. 2023 for sums over tokens, Lambert et al. 2024 for
means, which are as much smaller as answers have tokens."""

FAULTS = {
    "no_pair": "has no two answers",
    "empty_answer": "has an empty answer",
    "no_prompt": "has no prompt",
    "equal_answers": "has two equal answers",
}
"""Why a record is no preference, by reason, in words."""


@dataclass(frozen=True)
class Preference:
    """Two answers to one prompt, each as a conversation of which the last turn alone, the answer, carries loss."""

    id: str
    chosen: Example
    rejected: Example


def preference_fault(record: Record) -> str | None:
    """Why a record is no preference, as one of FAULTS; None where it is one.

    >>> preference_fault({"prompt": "Dose?", "chosen": "5 mg", "rejected": " 5 mg"})
    'equal_answers'
    """
    chosen, rejected = record.get("chosen"), record.get("rejected")
    if chosen is None or rejected is None:
        return "no_pair"
    if not chosen.strip() or not rejected.strip():
        return "empty_answer"
    if not _asked(record):
        return "no_prompt"
    return "equal_answers" if chosen.strip() == rejected.strip() else None


def preference_of(record: Record) -> Preference:
    """The record as a model sees it; it must have no fault.

    >>> preference_of({"id": "a", "prompt": "Dose?", "chosen": "5 mg", "rejected": "5 g"}).chosen.messages[1].content
    '5 mg'
    """
    asked = _asked(record)
    chosen, rejected = (
        Example(record["id"], messages=(*asked, Message("assistant", record[side], train=True)))
        for side in ("chosen", "rejected")
    )
    return Preference(record["id"], chosen, rejected)


def asked_and_answered(record: Record) -> tuple[str, str]:
    """The text in front of the record's last answer, and that answer; of a preference without an own one, the chosen one.

    >>> asked_and_answered({"id": "a", "prompt": "Dose?", "chosen": "5 mg", "rejected": "5 g"})
    ('Dose?', '5 mg')
    """
    if record.get("completion") is None and preference_fault(record) is None:
        return prompt_text(record), record["chosen"]
    return question_and_answer(record)


def prompt_text(record: Record) -> str:
    """All text in front of the two answers."""
    return "\n".join(turn.content for turn in _asked(record))


def prompt_digest(record: Record) -> str | None:
    """Equal for preferences about answers to the same prompt; None for what has no two answers."""
    if record.get("chosen") is None or record.get("rejected") is None:
        return None
    return hashlib.sha256(prompt_text(record).encode()).hexdigest()


def _asked(record: Record) -> tuple[Message, ...]:
    """The turns before the answers; without an answer at their end, which a record keeps whose outputs were ranked."""
    turns = list(record.get("messages") or ())
    while turns and turns[-1]["role"] == "assistant":
        turns.pop()
    if turns:
        return tuple(Message(turn.role, turn.content, False, turn.tool_calls) for turn in map(message_of, turns))
    prompt = record.get("prompt") or ""
    return (Message("user", prompt),) if prompt.strip() else ()


@dataclass(frozen=True)
class AnswerGain:
    """How much likelier an answer became, in nats, over how many tokens."""

    nats: float
    tokens: int


def reward_margin(chosen: AnswerGain, rejected: AnswerGain, *, beta: float, loss_type: LossType) -> float:
    """`beta` times how much more the chosen answer gained than the rejected one (Rafailov et al. 2023, arXiv:2305.18290).

    With `sigmoid_norm` a gain is divided by the answer's tokens (Lambert et al. 2024, arXiv:2411.15124, equation 6), so
    that length alone gains nothing.
    """
    of_chosen, of_rejected = (reward_weight(gain.tokens, beta=beta, loss_type=loss_type) for gain in (chosen, rejected))
    return of_chosen * chosen.nats - of_rejected * rejected.nats


def reward_weight(tokens: int, *, beta: float, loss_type: LossType) -> float:
    """What a nat of an answer of so many tokens weighs in the reward."""
    return beta / (tokens if loss_type == "sigmoid_norm" else 1)


def preference_loss(margin: float) -> float:
    """-log sigmoid of the margin, without overflow.

    >>> round(preference_loss(0.0), 3)
    0.693
    """
    return max(-margin, 0.0) + math.log1p(math.exp(-abs(margin)))
