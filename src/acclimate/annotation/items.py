"""Items of a task: a record to annotate as it comes and as it is kept, and what an answer about it is checked against."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from acclimate.annotation import tables
from acclimate.annotation.schema import Answer, Codes, LabelSchema, Spans, Subject, Text
from acclimate.core.atomic import json_digest
from acclimate.core.errors import DataError
from acclimate.core.schema import TEXT_COLUMNS


@dataclass(frozen=True)
class Overlap:
    """How often items are read: a share of them `readings` times, the others once.

    Which ones depends on `seed` and the item's id alone, not on the order in which items come.
    """

    readings: int = 1
    share: float = 1.0
    seed: int = 0

    def wanted(self, item: str) -> int:
        """How many readings an item is to have.

        >>> [Overlap(readings=3, share=0.5).wanted(item) for item in ("a", "b", "c", "d")]
        [1, 1, 3, 3]
        """
        return self.readings if unit_draw(str(self.seed), item) < self.share else 1


@dataclass(frozen=True)
class NewItem:
    """A record to annotate. `candidates` are outputs by the arm that made them; readers see neither arm nor gold.

    `gold` is the right answer of an item that everybody gets once, unannounced, and that no export holds.
    """

    record: Mapping[str, Any]
    candidates: Mapping[str, str] = field(default_factory=dict)
    skill: str | None = None
    priority: int = 0
    pilot: bool = False
    gold: Answer | None = None
    readings: int | None = None
    """How many readings this item wants, whatever the overlap says."""

    @property
    def id(self) -> str:
        """The record's id."""
        return str(self.record["id"])

    def stored_record(self) -> dict[str, Any]:
        """The record as JSON: times as text, columns without value left out."""
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in self.record.items()
            if value is not None
        }


def item_texts(row: Any) -> list[str]:
    """What an item's row gives to read: its texts, its turns."""
    texts = [row.record[column] for column in TEXT_COLUMNS if isinstance(row.record.get(column), str)]
    return texts + [turn.get("content") or "" for turn in row.record.get("messages") or ()]


def subject_of(row: Any, schema: LabelSchema, connection: Connection) -> Subject:
    """What an answer about an item's row is checked against."""
    record = row.record
    texts = {column: record[column] for column in TEXT_COLUMNS if isinstance(record.get(column), str)}
    known = frozenset(_code_lists(schema))

    def is_code(code_list: str, code: str) -> bool:
        place = (tables.codes.c.code_list == code_list) & (tables.codes.c.code == code)
        return code_list in known and connection.scalar(select(tables.codes.c.code).where(place)) is not None

    turns = len(record.get("messages") or ())
    candidates = {candidate["key"]: candidate["text"] for candidate in row.candidates}
    return Subject(texts, candidates, turns, is_code)


def require_valid_gold(schema: LabelSchema, item: str, answer: Answer, subject: Subject) -> None:
    """Raises DataError where a gold answer is not one that the schema allows."""
    faults = schema.faults(answer, subject)
    if faults:
        raise DataError(f"The gold answer of item {item} is not valid: {faults[0]}", hint="correct it")


def unit_draw(*parts: str) -> float:
    """A number from 0 up to 1 that depends on the parts alone."""
    return int(json_digest(list(parts))[:13], 16) / 16**13


def new_row(task: str, item: NewItem, overlap: Overlap, position: int) -> dict[str, Any]:
    """An item as the table holds it, nobody having read it."""
    return {
        "task": task,
        "id": item.id,
        "position": position,
        "record": item.stored_record(),
        "candidates": _with_keys(item),
        "site": item.record.get("site"),
        "skill": item.skill,
        "priority": item.priority,
        "pilot": item.pilot,
        "gold": dict(item.gold) if item.gold is not None else None,
        "wanted": item.readings or overlap.wanted(item.id),
        "read": 0,
        "done": False,
        "disputed": False,
        "decided": False,
        "subject": item.record.get("subject_id"),
    }


def _with_keys(item: NewItem) -> list[dict[str, str]]:
    """Candidates under keys that come from their texts, so that a key tells nothing of the arm."""
    found: list[dict[str, str]] = []
    for arm, output in sorted(item.candidates.items()):
        equal = sum(candidate["text"] == output for candidate in found)
        key = hashlib.sha256(f"{item.id}\0{equal}\0{output}".encode()).hexdigest()[:8]
        found.append({"key": key, "arm": arm, "text": output})
    return found


def require_usable(schema: LabelSchema, item: NewItem, connection: Connection) -> None:
    """Raises DataError for an item that lacks what a question is about, or whose gold answer is not valid."""
    for question in schema.questions:
        if isinstance(question, Text) and question.edits and not isinstance(item.record.get(question.edits), str):
            raise DataError(
                f"Item {item.id} has no {question.edits}, which the question {question.name} is about.",
                hint="give records that hold what is to be corrected",
            )
        if isinstance(question, Spans) and not any(isinstance(item.record.get(one), str) for one in question.fields):
            raise DataError(
                f"Item {item.id} has no {' and no '.join(question.fields)}, in which {question.name} marks stretches.",
                hint="give records that hold what is to be marked, or ask for marks in a text that they have",
            )
    if item.gold is None:
        return
    row = _Given(item.record, _with_keys(item))
    require_valid_gold(schema, item.id, item.gold, subject_of(row, schema, connection))


@dataclass(frozen=True)
class _Given:
    record: Mapping[str, Any]
    candidates: Sequence[Mapping[str, str]]


def records_digest(items: Iterable[NewItem]) -> str:
    """The digest of the records of some items, for the event that adds them."""
    return json_digest([[item.id, item.stored_record(), dict(item.candidates)] for item in items])


def _code_lists(schema: LabelSchema) -> Iterator[str]:
    return (question.code_list for question in schema.questions if isinstance(question, Codes))
