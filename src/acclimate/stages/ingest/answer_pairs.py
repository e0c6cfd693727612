"""Two answers to one prompt as the field writes them -> the texts of both, and the conversation in front of them.

Answers that are lists of turns (TRL's conversational form, UltraFeedback), one turn (LLaMA-Factory's sharegpt form, Axolotl)
or transcripts (HH-RLHF) hold the prompt themselves, or stand beside it; what both begin with is the prompt, as in TRL.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from acclimate.stages.ingest.conversations import Conversation, read_conversation
from acclimate.stages.ingest.rows import RowError
from acclimate.stages.ingest.value_texts import cell_text

_SIDES = ("chosen", "rejected")
_TURN = re.compile(r"\n\n(Human|Assistant): ?")
_TRANSCRIPT = r"^\n\nHuman:"
"""How every transcript of HH-RLHF begins (Bai et al. 2022, arXiv:2204.05862)."""


@dataclass(frozen=True)
class AnswerPair:
    """Both answers as texts, each None where it is missing, and what comes before them: a prompt or a conversation."""

    chosen: str | None
    rejected: str | None
    prompt: str | None
    asked: Conversation | None

    @property
    def texts(self) -> dict[str, str | None]:
        """By record column."""
        return {"chosen": self.chosen, "rejected": self.rejected, "prompt": self.prompt}


def read_answer_pair(cells: Mapping[str, Any]) -> AnswerPair | None:
    """The pair in the cells of a row; None where all is plain text, so that nothing is to be taken apart.

    RowError where the answers are of two forms, or differ in more than their last turn.
    """
    if not any(side in cells for side in _SIDES):
        return None
    answers = {side: _turns(cells.get(side)) for side in _SIDES}
    prompt = cells.get("prompt")
    in_turns = [side for side in _SIDES if answers[side] is not None]
    if not in_turns and not isinstance(prompt, list | dict) and not cells.get("system"):
        return None
    if in_turns and any(answers[side] is None and cells.get(side) is not None for side in _SIDES):
        raise RowError("bad_messages", "one of chosen and rejected is a conversation, the other is not")
    before = _asked(cells)
    if not in_turns:
        chosen, rejected = (cell_text(cells.get(side), side) for side in _SIDES)
        return _pair(chosen, rejected, before)
    read = [_read(answers[side]) for side in in_turns]
    shared = _shared(read)
    texts = {side: _answer(one, shared) for side, one in zip(in_turns, read, strict=True)}
    return _pair(texts.get("chosen"), texts.get("rejected"), _joined(before, read[0], shared))


def has_transcripts(texts: pa.Array) -> bool:
    """Whether any of the texts is a transcript, which is taken apart row by row."""
    return bool(pc.any(pc.match_substring_regex(texts, _TRANSCRIPT)).as_py())


def _turns(cell: Any) -> list[Any] | None:
    """The turns of an answer that is a conversation, a turn or a transcript; None for any other."""
    if isinstance(cell, dict):
        return [cell]
    if isinstance(cell, list):
        return cell
    if isinstance(cell, str) and re.match(_TRANSCRIPT, cell):
        roles_and_texts = _TURN.split(cell)[1:]
        said = zip(roles_and_texts[::2], roles_and_texts[1::2], strict=True)
        return [{"role": "user" if role == "Human" else "assistant", "content": text.strip()} for role, text in said]
    return None


def _read(turns: Any) -> Conversation:
    read = read_conversation(turns, trains=False)
    assert read is not None
    return read


def _asked(cells: Mapping[str, Any]) -> Conversation | None:
    """What stands beside the answers: a prompt, as text or in turns, or the conversation so far; the system's turn first."""
    prompt, system = cells.get("prompt"), cell_text(cells.get("system"), "system")
    if isinstance(prompt, dict):
        prompt = prompt.get("messages", [prompt])
    if prompt is None and cells.get("messages") is not None:
        prompt = cells["messages"]
    elif prompt is not None and not isinstance(prompt, list):
        prompt = [{"role": "user", "content": cell_text(prompt, "prompt")}] if str(prompt).strip() else None
    return read_conversation(prompt, system=system, trains=False)


def _shared(conversations: Sequence[Conversation]) -> int:
    """How many turns both answers begin with; their last turns are the answers, also where they are equal."""
    lengths = [len(one.messages) - 1 for one in conversations]
    same = takewhile(
        lambda turns: all(turn == turns[0] for turn in turns),
        zip(*(one.messages for one in conversations), strict=False),
    )
    return min(sum(1 for _ in same), *lengths) if len(conversations) > 1 else lengths[0]


def _answer(conversation: Conversation, shared: int) -> str:
    own = conversation.messages[shared:]
    if len(own) != 1:
        raise RowError("bad_messages", "chosen and rejected differ in more than their last turn", len(own))
    if own[0]["role"] != "assistant":
        raise RowError("bad_messages", "the last turn of chosen or rejected is not the assistant's", own[0]["role"])
    if own[0]["tool_calls"]:
        raise RowError("bad_messages", "an answer calls a tool, and only texts can be preferred")
    return str(own[0]["content"])


def _joined(before: Conversation | None, answer: Conversation, shared: int) -> Conversation | None:
    """The conversation in front of the answers. What stands beside them only says the same again where they hold it."""
    held = Conversation(answer.messages[:shared], answer.leftovers[:shared])
    if before is None or not held.messages:
        return held if held.messages else before
    if held.messages[0]["role"] == "assistant":
        return Conversation(before.messages + held.messages, before.leftovers + held.leftovers)
    system = [turn for turn in before.messages[:1] if turn["role"] == "system" and held.messages[0]["role"] != "system"]
    return Conversation(system + held.messages, [{} for _ in system] + held.leftovers)


def _pair(chosen: str | None, rejected: str | None, asked: Conversation | None) -> AnswerPair:
    """A prompt of one plain turn of the user's is a text, so that equal pairs are equal records whatever form they had."""
    if asked is None:
        return AnswerPair(chosen, rejected, None, None)
    if asked.messages[-1]["role"] == "assistant":
        raise RowError(
            "bad_messages", "the prompt ends with a turn of the assistant's, which the answers would continue"
        )
    only = asked.messages[0]
    if len(asked.messages) == 1 and only["role"] == "user" and not only["speaker"] and not any(asked.leftovers):
        return AnswerPair(chosen, rejected, only["content"], None)
    return AnswerPair(chosen, rejected, None, asked)
