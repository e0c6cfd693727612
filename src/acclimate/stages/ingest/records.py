"""One row of a source -> one record: payload, provenance, declared attributes, identifiers, and the rest as `extra`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from acclimate.core.sources import SourceConfig
from acclimate.core.terms import Use, licence_refusal
from acclimate.stages.ingest.answer_pairs import read_answer_pair
from acclimate.stages.ingest.conversations import Conversation, read_conversation
from acclimate.stages.ingest.label_lists import read_labels
from acclimate.stages.ingest.label_weights import read_label_weights
from acclimate.stages.ingest.recognise import Meaning
from acclimate.stages.ingest.rows import RowError, canonical_json
from acclimate.stages.ingest.tagged_tokens import read_tagged_tokens
from acclimate.stages.ingest.value_texts import cell_text

_SPLITS = {"train": "train", "validation": "validation", "valid": "validation", "dev": "validation", "test": "test"}
_refusal = lru_cache(licence_refusal)
TEXTS = frozenset({"text", "prompt", "completion", "label", "chosen", "rejected", "subject_id", "site", "licence"})
"""The record columns that are the text of one cell."""

TRAINED_ON = ("text", "prompt", "completion", "messages", "chosen", "rejected")
"""The columns one of which must hold something, so that there is anything to learn from a record."""

_TURNS = frozenset({"prompt", "completion"})
_PAIRED = frozenset({"prompt", "chosen", "rejected"})


def make_record(
    values: Mapping[str, Any], meaning: Meaning, source: SourceConfig, *, keep_extra: bool
) -> dict[str, Any]:
    """The record of a row, without id and locator; RowError where a value does not fit its column."""
    cells = {part: values.get(column) for part, column in meaning.columns.items()}
    if "instruction" in cells:
        cells["prompt"] = _alpaca_prompt(cells)
    pair = read_answer_pair(cells)
    conversation = pair.asked if pair else _conversation(cells)
    in_turns = _PAIRED if pair else _TURNS if _is_conversational(cells) else frozenset()
    record: dict[str, Any] = {
        part: cell_text(cell, part) for part, cell in cells.items() if part in TEXTS and part not in in_turns
    }
    record |= pair.texts if pair else {}
    if "tokens" in cells:
        tagged = read_tagged_tokens(cells["tokens"], cells["tags"], names=source.tag_names)
        record |= {"text": tagged.text, "spans": tagged.spans} if tagged else {}
    record["label_weights"] = (
        read_labels(cells["labels"], separator=source.label_separator)
        if "labels" in cells
        else read_label_weights(cells.get("label_weights"))
    )
    record["messages"] = conversation.messages if conversation else None
    record["source"] = source.name
    record["site"] = record.get("site") or source.site
    record["licence"] = record.get("licence") or source.licence
    record["collected_at"] = read_moment(cells.get("collected_at"))
    record["split"] = "test" if source.role == "test" else read_split(cells.get("split"))
    record["weight"] = read_weight(cells.get("weight"))
    record["attributes"] = _named(values, source.attributes)
    record["identifiers"] = _named(values, source.identifiers)
    record["extra"] = _extra(values, meaning, conversation) if keep_extra else None
    return record


def has_payload(record: Mapping[str, Any]) -> bool:
    """Whether anything stands in the record that could be trained on."""
    return any(record.get(column) for column in TRAINED_ON)


def check_licence(licence: str | None, source: SourceConfig, use: Use) -> None:
    """RowError where the licence of a row does not let it be trained on; that of the source was checked before."""
    if licence and source.role == "data" and (refusal := _refusal(licence, use)):
        raise RowError("forbidden_licence", f"its licence {refusal}", licence)


def _is_conversational(cells: Mapping[str, Any]) -> bool:
    """Whether prompt and completion are lists of turns, TRL's conversational form of prompt/completion."""
    return isinstance(cells.get("prompt"), list) and isinstance(cells.get("completion"), list)


def _conversation(cells: Mapping[str, Any]) -> Conversation | None:
    if _is_conversational(cells):
        asked, answered = read_conversation(cells["prompt"], trains=False), read_conversation(cells["completion"])
        if asked and answered:
            return Conversation(asked.messages + answered.messages, asked.leftovers + answered.leftovers)
    return read_conversation(cells.get("messages"), system=cell_text(cells.get("system"), "system"))


def _alpaca_prompt(cells: Mapping[str, Any]) -> str | None:
    instruction, given = cell_text(cells.get("instruction"), "instruction"), cell_text(cells.get("input"), "input")
    return f"{instruction or ''}\n\n{given}" if given else instruction


def read_moment(value: Any) -> datetime | None:
    """An ISO date or time in UTC; one without an offset is taken to be in UTC."""
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(str(value).strip())
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        sentence = "collected_at is not an ISO date or time such as 2024-03-01 or 2024-03-01T10:00Z"
        raise RowError("bad_date", sentence, value) from error


def read_split(value: Any) -> str | None:
    """The split that a cell names in one of its usual spellings."""
    if value is None:
        return None
    split = _SPLITS.get(str(value).strip().lower())
    if split is None:
        raise RowError("bad_split", f"split is none of {', '.join(_SPLITS)}", value)
    return split


def read_weight(value: Any) -> float | None:
    """A finite number from 0 up."""
    if value is None:
        return None
    try:
        weight = float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise RowError("bad_number", "weight is not a number", value) from error
    if not math.isfinite(weight) or weight < 0:
        raise RowError("bad_number", "weight is not a number from 0 up", weight)
    return weight


def _named(values: Mapping[str, Any], columns: Mapping[str, str]) -> list[dict[str, str]] | None:
    """Named values that are present; a list (a person's several names) gives one of each."""
    named = []
    for name, column in columns.items():
        cell = values.get(column)
        for one in cell if isinstance(cell, list) else [cell]:
            text = cell_text(one, name)
            if text:
                named.append({"name": name, "value": text})
    return named or None


def _extra(values: Mapping[str, Any], meaning: Meaning, conversation: Conversation | None) -> str | None:
    """All that has no place in the schema, as JSON; the name of a text file stands in the locator already."""
    extra = {column: value for column, value in values.items() if column not in meaning.used and value is not None}
    if conversation and any(conversation.leftovers):
        held_by = next(part for part in ("messages", "completion", "chosen") if part in meaning.columns)
        extra[meaning.columns[held_by]] = conversation.leftovers
    return canonical_json(extra) if extra else None
