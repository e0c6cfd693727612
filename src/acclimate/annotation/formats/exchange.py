"""What every format is read into and written from: items with who said what, what models suggested, and what is lost."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from acclimate.annotation.assignments import READING
from acclimate.annotation.formats.offsets import Unit
from acclimate.annotation.schema import Answer
from acclimate.core.errors import SourceError
from acclimate.core.schema import RECORD_SCHEMA, TEXT_COLUMNS

CHOICE, CHOICES, SPANS, TEXT, RATING = "choice", "choices", "spans", "text", "rating"
"""Kinds of answers that a file shows: one label, several, spans, text, a number by criterion."""

NAMES = {CHOICES: "label", SPANS: "spans", TEXT: "answer"}
"""What a question is called that the file does not name."""

UNREAD = "items without any label or mark, taken as not read"
"""What is said where a format cannot tell an empty answer from none."""

SKIPPED, REJECTED, DRAFT, DISCARDED = "skipped", "rejected", "draft", "discarded"
OTHER_OFFSETS = "other_offsets"
"""Why something in a file is no reading; the last: offsets that do not fit the text that is quoted for them."""

WITHHELD = frozenset({"identifiers", "label", "label_weights", "spans", "weight", "split"})
"""Columns of a record that no export holds: who the person is stays here, and the rest is what people are asked."""


@dataclass(frozen=True)
class GivenReading:
    """An answer and whose it is; `purpose` says whether it is a reading or a decision between readings."""

    person: str
    answer: Answer
    purpose: str = READING
    seconds: float = 0.0
    shown: bool | None = None
    """Whether a suggestion was shown beside it; None where there was none. Where it leaves."""
    kept: bool | None = None
    """Whether it says the same as the suggestion."""


@dataclass(frozen=True)
class Suggestion:
    """What a model or a rule proposed; nobody's reading."""

    by: str
    answer: Answer
    score: float | None = None


@dataclass(frozen=True)
class SetAside:
    """Something a person left in the file that cannot be taken as a reading."""

    person: str
    reason: str


@dataclass(frozen=True)
class ExchangeItem:
    """A record with all that was said of it. `lost` names, once each time, what has no place here or there."""

    record: Mapping[str, Any]
    readings: Sequence[GivenReading] = ()
    suggestions: Sequence[Suggestion] = ()
    aside: Sequence[SetAside] = ()
    lost: Sequence[str] = ()
    candidates: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    """What kind of answer each question of the file takes, by its name."""
    settled: Mapping[str, Any] = field(default_factory=dict)
    """Where the item leaves: what counts as its answer, by question; formats that hold one answer write this."""

    @property
    def id(self) -> str:
        """The record's id."""
        return str(self.record["id"])

    @property
    def texts(self) -> dict[str, str]:
        """The fields that people read, by column."""
        return texts_of(self.record)


@dataclass(frozen=True)
class ReadOptions:
    """What a file leaves open."""

    annotator: str = "imported"
    """Whose answers these are, where the format names nobody."""
    question: str = ""
    """What the one question is called, where the format names none."""
    offsets: Unit | None = None
    """How offsets are counted, where it is not as the format's own tool does."""
    text: str = ""
    """The field that is the text, where none is named like a column of records."""
    config: Path | None = None
    """Label Studio's labeling configuration, where it is not beside the tasks."""


def texts_of(record: Mapping[str, Any]) -> dict[str, str]:
    """The text columns of a record that hold text."""
    return {column: record[column] for column in TEXT_COLUMNS if isinstance(record.get(column), str)}


def exported_columns(record: Mapping[str, Any]) -> dict[str, Any]:
    """What of a record leaves, in the types of JSON: not who it is about, nor what a model suggested."""
    kept = {name: value for name, value in record.items() if name not in WITHHELD and value is not None}
    if "extra" in kept:
        own = {name: value for name, value in extra_of(record).items() if name != "suggestions"}
        del kept["extra"]
        if own:
            kept["extra"] = json.dumps(own, sort_keys=True, ensure_ascii=False)
    return kept


def extra_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record's `extra`; empty where it has none."""
    given = record.get("extra")
    if not given:
        return {}
    try:
        found = json.loads(given)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def suggestions_of(record: Mapping[str, Any]) -> Iterator[Suggestion]:
    """What models suggested for a record, as imports before version 4 of the database left it in `extra`."""
    found = extra_of(record).get("suggestions")
    for one in found if isinstance(found, list) else ():
        if isinstance(one, dict) and isinstance(one.get("answer"), dict):
            yield Suggestion(str(one.get("by", "")), one["answer"], one.get("score"))


def record_from(fields: Mapping[str, Any], *, options: ReadOptions, place: str, id: object = None) -> dict[str, Any]:
    """A record from the fields of another tool's item; what has no column goes to `extra`.

    Fields named like a column of records fill it where they have its type. Where none of them is a text, the one text
    there is becomes `text`; of several, `options.text` says which. Without an id, the texts' digest is one.
    """
    named, displaced = dict(fields), dict[str, Any]()
    wanted = options.text or (
        "" if any(isinstance(named.get(column), str) for column in TEXT_COLUMNS) else _only_text(named, place)
    )
    if wanted and wanted not in TEXT_COLUMNS:
        if not isinstance(named.get(wanted), str):
            raise SourceError(
                f"{place}: there is no text {wanted[:40]!r}.", hint="name with --text the field that is read"
            )
        # Another field called text is no longer the text; it stays in extra under its name.
        displaced = {"text": named["text"]} if "text" in named else {}
        text = named.pop(wanted)
        named = {**named, "text": text}
    own = extra_of(named) if isinstance(named.get("extra"), str) else {}
    if own:
        del named["extra"]
    given = named.pop("id", None)
    identity = given if given not in (None, "") else id
    if "\0" in str(identity):
        raise SourceError(f"{place}: its id holds a character that no database takes.", hint="give it another id")
    columns = {name: value for name, value in named.items() if name not in WITHHELD and _fits(name, value)}
    rest = {name: value for name, value in named.items() if name not in columns and value is not None}
    record = {"id": str(identity) if identity is not None else digest_id(columns), **columns}
    rest |= displaced
    if own or rest:
        record["extra"] = json.dumps({**own, **rest}, sort_keys=True, ensure_ascii=False)
    return record


def digest_id(record: Mapping[str, Any]) -> str:
    """An id for a record whose file gives none: equal texts have equal ids."""
    said = json.dumps(sorted(texts_of(record).items()), ensure_ascii=False)
    return f"t{hashlib.sha256(said.encode()).hexdigest()[:24]}"


def _only_text(fields: Mapping[str, Any], place: str) -> str:
    texts = sorted(name for name, value in fields.items() if isinstance(value, str) and name != "id")
    if len(texts) == 1:
        return texts[0]
    raise SourceError(
        f"{place}: {len(texts)} fields are texts, and none is called text.",
        hint="name with --text the field that is read" + (f", one of: {', '.join(texts)[:200]}" if texts else ""),
    )


_TYPES = {column.name: column.type for column in RECORD_SCHEMA if column.name not in ("id", "extra", "collected_at")}


def _fits(column: str, value: Any) -> bool:
    """Whether a value is one that a column of records holds, whole."""
    if column == "collected_at":
        return isinstance(value, str)
    if column not in _TYPES:
        return False
    if pa.types.is_string(_TYPES[column]):
        return isinstance(value, str)
    try:
        held: bool = pa.array([value], type=_TYPES[column]).to_pylist() == [value]
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        return False
    return held
