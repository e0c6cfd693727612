"""A batch of restricted records as open ones: texts rewritten, ids hashed, dates moved, what names a place or person gone."""

from __future__ import annotations

import datetime
import itertools
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from acclimate.core.errors import DataError
from acclimate.core.schema import RECORD_SCHEMA, TEXT_COLUMNS
from acclimate.core.surrogates import record_hash, subject_hash
from acclimate.stages.deidentify.draws import days_of_shift
from acclimate.stages.deidentify.gather import person_of
from acclimate.stages.deidentify.known_values import KnownPerson, KnownValue, know
from acclimate.stages.deidentify.own_classes import NO_OWN_CLASSES, OwnClasses
from acclimate.stages.deidentify.rare import NO_RARE, Rare
from acclimate.stages.deidentify.rewrite import Edit, Finder, Rewriter, Stretch, moved_stretch, nothing
from acclimate.stages.deidentify.surrogates import Surrogates

EMPTIED = ("locator", "identifiers", "extra")
_READ = (
    *TEXT_COLUMNS, "id", "messages", "spans", "subject_id", "collected_at", "identifiers", "cluster_id", "parents"
)  # fmt: skip


@dataclass
class Tally:
    """What was replaced in a batch, and the ids of records in which something was left.

    `rare` counts by class what stands in one person's records alone, `with_rare` are the open ids of records that hold it.
    """

    by_class: Counter[str] = field(default_factory=Counter)
    touched: int = 0
    left: list[str] = field(default_factory=list)
    rare: Counter[str] = field(default_factory=Counter)
    with_rare: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Adds another batch's."""
        self.by_class.update(other.by_class)
        self.touched += other.touched
        self.left += other.left
        self.rare.update(other.rare)
        self.with_rare += other.with_rare


@dataclass(frozen=True)
class OpenBatch:
    """Records of the open zone, and what was done to make them so."""

    records: pa.RecordBatch
    tally: Tally


@dataclass(frozen=True)
class Passage:
    """A text of a record as it was, where in the record it stands, and what was replaced in it.

    `place` is a column, or a part of one: `messages[0].content`, and `messages[0].tool_calls[2]` for the third text in
    the JSON of a call.
    """

    place: str
    text: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True)
class OpenRecords:
    """Turns batches of restricted records into open ones; equal for every division into batches.

    `values` holds for each subject all that the source's fields say, whichever record said it; `sparse_zips` is that
    of `Surrogates`.
    """

    key: bytes
    values: Mapping[str, Sequence[KnownValue]]
    most_days: int
    day_first: bool
    names: Finder = nothing
    own: OwnClasses = NO_OWN_CLASSES
    sparse_zips: frozenset[str] | None = None
    rare: Rare = NO_RARE

    def __call__(self, batch: pa.RecordBatch) -> OpenBatch:
        """The batch in the open zone."""
        tally, rewriters = Tally(), dict[str, _Person]()
        rows = []
        for record in batch.select(list(_READ)).to_pylist():
            subject = person_of(record)
            if subject not in rewriters:
                rewriters[subject] = self._person(subject)
            rows.append(_OpenRecord(self.key, rewriters[subject], record, tally).row())
        return OpenBatch(_with_columns(batch, rows), tally)

    def passages(self, record: Mapping[str, Any]) -> list[Passage]:
        """Every text of a restricted record with what is replaced in it, for people to look at."""
        opened = _OpenRecord(self.key, self._person(person_of(record)), record, Tally())
        opened.row()
        return opened.passages

    def _person(self, subject: str) -> _Person:
        known: KnownPerson = know(self.values.get(subject, ()))
        days = days_of_shift(self.key, subject, most=self.most_days)
        surrogates = Surrogates(
            self.key, subject, known, days=days, day_first=self.day_first, sparse_zips=self.sparse_zips
        )
        rewriter = Rewriter(known, surrogates, self.day_first, self.names, self.own, self.rare.of(subject))
        return _Person(rewriter, datetime.timedelta(days))


@dataclass(frozen=True)
class _Person:
    rewriter: Rewriter
    shift: datetime.timedelta


class _OpenRecord:
    """One record on its way into the open zone."""

    def __init__(self, key: bytes, person: _Person, record: Mapping[str, Any], tally: Tally) -> None:
        self._key, self._person, self._record, self._tally = key, person, record, tally
        self._edited = False
        self._left = self._rare = False
        self.passages: list[Passage] = []

    def row(self) -> dict[str, Any]:
        record = self._record
        edits: dict[str, tuple[Edit, ...]] = {}
        row: dict[str, Any] = {}
        for column in TEXT_COLUMNS:
            row[column], edits[column] = self._rewritten(record[column], column)
        messages = record["messages"]
        row["messages"] = messages and [self._message(message, at) for at, message in enumerate(messages)]
        row["spans"] = record["spans"] and [self._span(span, edits) for span in record["spans"]]
        row |= self._identity()
        self._tally.touched += self._edited
        if self._left:
            self._tally.left.append(record["id"])
        if self._rare:
            self._tally.with_rare.append(row["id"])
        return row

    def _identity(self) -> dict[str, Any]:
        record = self._record
        subject, cluster, collected = record["subject_id"], record["cluster_id"], record["collected_at"]
        return {
            "id": record_hash(self._key, record["id"]),
            "subject_id": None if subject is None else subject_hash(self._key, subject),
            "cluster_id": None if cluster is None else record_hash(self._key, cluster),
            "parents": record["parents"] and [record_hash(self._key, parent) for parent in record["parents"]],
            "collected_at": collected and collected + self._person.shift,
        }

    def _rewritten(self, text: str | None, place: str) -> tuple[str | None, tuple[Edit, ...]]:
        if not text:
            return text, ()
        rewritten = self._person.rewriter.rewrite(text)
        self.passages.append(Passage(place, text, rewritten.edits))
        self._tally.by_class.update(edit.kind for edit in rewritten.edits)
        self._edited = self._edited or bool(rewritten.edits)
        self._left = self._left or bool(rewritten.leftovers)
        self._tally.rare.update(rewritten.rare)
        self._rare = self._rare or bool(rewritten.rare)
        return rewritten.text, rewritten.edits

    def _message(self, message: Mapping[str, Any], at: int) -> dict[str, Any]:
        place = f"messages[{at}]"
        return {
            **message,
            "speaker": self._rewritten(message["speaker"], f"{place}.speaker")[0],
            "content": self._rewritten(message["content"], f"{place}.content")[0],
            "tool_calls": self._tool_calls(message["tool_calls"], f"{place}.tool_calls"),
        }

    def _tool_calls(self, calls: str | None, place: str) -> str | None:
        """The calls with every text in them rewritten as a text of its own, so that the JSON stays JSON."""
        if not calls:
            return calls
        try:
            value = json.loads(calls)
        except ValueError:
            return self._rewritten(calls, place)[0]
        places = (f"{place}[{number}]" for number in itertools.count())
        changed = self._json(value, places)
        return calls if changed == value else json.dumps(changed, ensure_ascii=False)

    def _json(self, value: Any, places: Iterator[str]) -> Any:
        if isinstance(value, dict):
            return {self._rewritten(name, next(places))[0]: self._json(item, places) for name, item in value.items()}
        if isinstance(value, list):
            return [self._json(item, places) for item in value]
        if isinstance(value, str):
            return self._rewritten(value, next(places))[0]
        if isinstance(value, int) and not isinstance(value, bool):
            written = self._rewritten(str(value), next(places))[0] or ""
            return int(written) if written.removeprefix("-").isdecimal() else written
        return value

    def _span(self, span: Mapping[str, Any], edits: Mapping[str, Sequence[Edit]]) -> dict[str, Any]:
        if span["field"] not in edits:
            raise DataError(
                f"Record {self._record['id']} has a span in the field {span['field']!r}, which is not a text column, so "
                "that its place in the de-identified text is not known.",
                hint=f"spans may point into {', '.join(TEXT_COLUMNS)}",
            )
        stretch = moved_stretch(Stretch(span["start"], span["end"]), edits[span["field"]])
        return {**span, "start": stretch.start, "end": stretch.end}


def _with_columns(batch: pa.RecordBatch, rows: Sequence[Mapping[str, Any]]) -> pa.RecordBatch:
    columns = []
    for column in RECORD_SCHEMA:
        if column.name in EMPTIED:
            columns.append(pa.nulls(len(rows), column.type))
        elif column.name in _READ:
            columns.append(pa.array([row[column.name] for row in rows], column.type))
        else:
            columns.append(batch.column(column.name))
    return pa.RecordBatch.from_arrays(columns, schema=RECORD_SCHEMA)
