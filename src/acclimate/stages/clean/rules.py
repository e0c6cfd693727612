"""The rules by which clean drops a record: each gives a reason and the value that broke the rule, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from acclimate.core.schema import task_text
from acclimate.stages.clean.config import CleanConfig
from acclimate.stages.clean.language import foreign_language, letter_bytes

Record = Mapping[str, Any]

_FORMS = (("text",), ("prompt", "completion"), ("chosen", "rejected"))
"""The forms a payload can take in plain columns; a record needs one of them whole, or a conversation."""


@dataclass(frozen=True)
class Drop:
    """Why a record is dropped."""

    reason: str
    value: str


def find_drop(record: Record, config: CleanConfig) -> Drop | None:
    """The first rule that a record breaks: empty, too_short, too_long, language; None when it may stay."""
    missing = missing_payload(record)
    if missing:
        return Drop("empty", missing)
    text = task_text(record)
    if len(text) < config.min_chars:
        return Drop("too_short", str(len(text)))
    if len(text) > config.max_chars:
        return Drop("too_long", str(len(text)))
    if config.languages and letter_bytes(text) >= config.language_min_bytes:
        foreign = foreign_language(text, config.languages, min_probability=config.min_probability)
        if foreign:
            return Drop("language", f"{foreign.language} {foreign.probability:.2f}")
    return None


def missing_payload(record: Record) -> str:
    """What a record lacks to be usable, as column names; empty when one form of payload is whole.

    >>> missing_payload({"prompt": "What is the dose?", "completion": ""})
    'completion'
    """
    if _is_conversation(record) or any(all(_filled(record, name) for name in form) for form in _FORMS):
        return ""
    begun = [form for form in _FORMS if any(_filled(record, name) for name in form)]
    lacking = [name for form in begun for name in form if not _filled(record, name)]
    if not lacking:
        lacking = [name for form in _FORMS for name in form if record.get(name) is not None]
        lacking += ["messages"] if record.get("messages") is not None else []
    return ", ".join(lacking) or "everything"


def _filled(record: Record, name: str) -> bool:
    return bool((record.get(name) or "").strip())


def _is_conversation(record: Record) -> bool:
    return any(
        message["role"] == "assistant" and ((message["content"] or "").strip() or message["tool_calls"])
        for message in record.get("messages") or ()
    )
