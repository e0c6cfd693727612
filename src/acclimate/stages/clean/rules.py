"""The rules of clean's own: each gives the reason, the value that broke the rule and its threshold, or nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from acclimate.core.preferences import FAULTS, preference_fault
from acclimate.core.schema import task_text
from acclimate.stages.clean.config import CleanConfig
from acclimate.stages.clean.language import foreign_language, letter_bytes
from acclimate.stages.clean.quality import Drop, shown

Record = Mapping[str, Any]

_FORMS = (("text",), ("prompt", "completion"), ("chosen", "rejected"))
"""The forms a payload can take in plain columns; a record needs one of them whole, or a conversation."""

UNUSABLE = frozenset({"empty", *FAULTS})
"""What leaves nothing that could be used."""


def own_breaches(record: Record, config: CleanConfig) -> Iterator[Drop]:
    """The rules that a record breaks, in order: empty (of a preference: why it is none), too_short, too_long, language.

    They are found as they are asked for.
    """
    fault = preference_fault(record) if config.task == "preference" else None
    missing = missing_payload(record) if config.task != "preference" else ""
    if missing:
        yield Drop("empty", missing)
    if fault:
        yield Drop(fault, "")
    text = task_text(record)
    if len(text) < config.min_chars:
        yield Drop("too_short", str(len(text)), str(config.min_chars))
    if len(text) > config.max_chars:
        yield Drop("too_long", str(len(text)), str(config.max_chars))
    if config.languages and letter_bytes(text) >= config.language_min_bytes:
        foreign = foreign_language(text, config.languages, min_probability=config.min_probability)
        if foreign:
            yield Drop("language", f"{foreign.language} {foreign.probability:.2f}", shown(config.min_probability))


@dataclass(frozen=True)
class Verdict:
    """The rule that drops a record, or the first that would have, had it not been re-included; neither where it is sound."""

    drop: Drop | None = None
    reincluded: str | None = None


def judge(breaches: Iterable[Drop], *, overruled: Collection[str], by_hand: bool) -> Verdict:
    """What becomes of a record that breaks these rules, in order.

    `overruled` rules drop nothing; a record kept by hand is dropped by none of UNUSABLE, since there is nothing to keep.

    >>> judge([Drop("too_short", "2", "3")], overruled=["too_short"], by_hand=False)
    Verdict(drop=None, reincluded='too_short')
    """
    first = None
    for drop in breaches:
        if drop.reason in UNUSABLE or not (by_hand or drop.reason in overruled):
            return Verdict(drop)
        first = first or drop.reason
    return Verdict(reincluded=first)


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
