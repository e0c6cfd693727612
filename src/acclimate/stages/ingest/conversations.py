"""Conversations as the field writes them (OpenAI's messages, sharegpt) -> the one message form of the record schema."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from acclimate.core.schema import MESSAGE
from acclimate.stages.ingest.canonical_columns import list_offsets
from acclimate.stages.ingest.rows import RowError, parse_json_cell

_ROLES = {
    "system": "system",
    "developer": "developer",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "model": "assistant",
    "function_call": "assistant",
    "tool": "tool",
    "function": "tool",
    "observation": "tool",
    "function_response": "tool",
}
_PLAIN_KEYS = frozenset({"role", "from", "content", "value", "name"})
_KNOWN_KEYS = _PLAIN_KEYS | {"train", "weight", "tool_calls"}


@dataclass(frozen=True)
class Conversation:
    """The turns of a record, and for each turn what the schema has no place for (empty where there is nothing)."""

    messages: list[dict[str, Any]]
    leftovers: list[dict[str, Any]]


def read_conversation(value: Any, *, system: str | None = None, trains: bool = True) -> Conversation | None:
    """The conversation in a cell, given as a list or as JSON; None where it is missing.

    Assistant turns carry loss, unless `trains` is off or a turn says otherwise by `train` or `weight`.
    """
    if value is None:
        return None
    turns = _parsed(value)
    messages = [_message(turn, number, trains=trains) for number, turn in enumerate(turns, start=1)]
    leftovers = [{key: turn[key] for key in turn if key not in _KNOWN_KEYS and turn[key] is not None} for turn in turns]
    if system:
        opening = {"role": "system", "speaker": None, "content": system, "train": False, "tool_calls": None}
        return Conversation([opening, *messages], [{}, *leftovers])
    return Conversation(messages, leftovers)


def read_conversations(lists: pa.Array) -> pa.Array | None:
    """The conversations of a column of lists of turns, whose values are texts and all there, as `messages`.

    None where a turn is not plain, for `read_conversation` to say why: a role that is unknown or calls a function, a
    key that it has rules for or no place, a list without turns.
    """
    turns = lists.flatten()
    said = dict(zip((field.name for field in turns.type), turns.flatten(), strict=True))
    roles, content = said.get("role", said.get("from")), said.get("content", said.get("value"))
    if (
        roles is None
        or content is None
        or not _PLAIN_KEYS.issuperset(said)
        or pc.min(pc.list_value_length(lists)).as_py() == 0
    ):
        return None
    different = roles.dictionary_encode()
    known = [_ROLES.get(role.lower()) for role in different.dictionary.to_pylist()]
    if None in known or "function_call" in different.dictionary.to_pylist():
        return None
    role = pa.array(known, pa.string()).take(different.indices)
    speaker, calls = said.get("name", pa.nulls(len(turns), pa.string())), pa.nulls(len(turns), pa.string())
    columns = [role, speaker, content, pc.equal(role, "assistant"), calls]
    messages = pa.StructArray.from_arrays(columns, fields=list(MESSAGE))
    return pa.ListArray.from_arrays(list_offsets(lists), messages, mask=lists.is_null())


def _parsed(value: Any) -> Sequence[Mapping[str, Any]]:
    if isinstance(value, str):
        try:
            value = parse_json_cell(value)
        except ValueError as error:
            raise RowError("bad_messages", "the conversation is a text that is not JSON") from error
    if not isinstance(value, list) or not all(isinstance(turn, dict) for turn in value):
        raise RowError("bad_messages", "the conversation is not a list of turns", type(value).__name__)
    if not value:
        raise RowError("bad_messages", "the conversation has no turns", 0)
    return value


def _message(turn: Mapping[str, Any], number: int, *, trains: bool) -> dict[str, Any]:
    said = _first(turn, "role", "from")
    role = _ROLES.get(said.lower()) if isinstance(said, str) else None
    if role is None:
        raise RowError("bad_messages", f"turn {number} has no known role (known: {', '.join(_ROLES)})", number)
    content = _content(_first(turn, "content", "value"), number)
    calls = turn.get("tool_calls")
    if said == "function_call":
        content, calls = "", [{"type": "function", "function": _call(content, number)}]
    return {
        "role": role,
        "speaker": turn["name"] if isinstance(turn.get("name"), str) else None,
        "content": content,
        "train": _carries_loss(turn, number, default=trains and role == "assistant"),
        "tool_calls": None if not calls else _calls_as_json(calls),
    }


def _content(content: Any, number: int) -> str:
    """The text of a turn; nothing (as beside tool calls) is the empty text, text parts are joined."""
    if content is None:
        return ""
    if isinstance(content, list) and all(isinstance(part, dict) for part in content):
        texts = [part.get("text") for part in content if part.get("type", "text") == "text"]
        if len(texts) == len(content) and all(isinstance(text, str) for text in texts):
            return "".join(texts)
    if not isinstance(content, str):
        raise RowError("bad_messages", f"the content of turn {number} is not text", number)
    return content


def _carries_loss(turn: Mapping[str, Any], number: int, *, default: bool) -> bool:
    said = _first(turn, "train", "weight")
    if said is None:
        return default
    if said not in (0, 1):
        raise RowError("bad_messages", f"train or weight of turn {number} is neither 0 nor 1", number)
    return bool(said)


def _call(content: str, number: int) -> Any:
    try:
        return parse_json_cell(content)
    except ValueError as error:
        raise RowError("bad_messages", f"the function call of turn {number} is not JSON", number) from error


def _calls_as_json(calls: Any) -> str:
    return calls if isinstance(calls, str) else json.dumps(calls, ensure_ascii=False, separators=(",", ":"))


def _first(turn: Mapping[str, Any], *keys: str) -> Any:
    return next((turn[key] for key in keys if turn.get(key) is not None), None)
