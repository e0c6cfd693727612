"""Annotated records as text for training: what people marked as names, in the form of the generated examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from acclimate.core.errors import DataError
from acclimate.core.folding import fold
from acclimate.core.schema import TEXT_COLUMNS
from acclimate.stages.deidentify.gather import person_of
from acclimate.stages.deidentify.tagger.annotated_lines import check_spans, is_json_lines, read_json_lines
from acclimate.stages.deidentify.tagger.generate import Example
from acclimate.stages.deidentify.tagger.words import pieces

LABELS: Mapping[str, str] = {
    "per": "PER", "person": "PER", "name": "PER", "adr": "ADR", "address": "ADR", "street": "ADR",
    "loc": "LOC", "gpe": "LOC", "place": "LOC", "location": "LOC", "org": "ORG", "organisation": "ORG",
    "organization": "ORG",
}  # fmt: skip
"""Usual names of labels, in small letters, and the tagger's own."""

_COLUMNS = ("id", "subject_id", "parents", "spans", *TEXT_COLUMNS)
_FEWEST_PEOPLE = 3


@dataclass(frozen=True)
class Annotated:
    """A text of a person with its labelled stretches; `person` is that of `person_of`."""

    person: str
    example: Example

    @property
    def named(self) -> str:
        """The person's id: the subject's, or the document's where no subject is named."""
        return self.person.partition(" ")[2]


@dataclass(frozen=True)
class Annotations:
    """Texts that people read, and how many spans had a label that the tagger does not have."""

    texts: tuple[Annotated, ...]
    unused: Mapping[str, int]


def read_annotations(places: Iterable[Path], *, labels: Mapping[str, str]) -> Annotations:
    """The texts of exported snapshots (folders with `data-*.parquet`, or such files) and of JSON Lines.

    A column of a place counts as read where any record has a span in it: there, a text without spans says that it
    holds no name. `labels` maps further labels to PER, ADR, LOC or ORG. Fails where no span can be used.
    """
    known = {**LABELS, **{name.lower(): label for name, label in labels.items()}}
    texts: list[Annotated] = []
    unused = Counter[str]()
    for place in places:
        rows = _rows(place)
        read = {span["field"] for row in rows for span in row["spans"] or ()}
        unused.update(
            span["label"] for row in rows for span in row["spans"] or () if span["label"].lower() not in known
        )
        texts += [
            Annotated(person_of(row), Example(row[column], _stretches(row["spans"] or (), column, known)))
            for row in rows
            for column in TEXT_COLUMNS
            if column in read and row[column]
        ]
    if not any(text.example.stretches for text in texts):
        raise DataError(
            f"No span has a label that the tagger learns (found: {', '.join(sorted(unused)) or 'no spans'}).",
            hint="say what a label means with --label NAME=PER (or ADR, LOC, ORG)",
        )
    return Annotations(tuple(texts), dict(sorted(unused.items())))


def shared_words(texts: Iterable[Annotated]) -> frozenset[str]:
    """Words outside names that several people's texts have: what a model may know by themselves without naming anybody."""
    people: dict[str, set[str]] = {}
    inside: set[str] = set()
    for text in texts:
        for piece in pieces(text.example.text):
            named = any(start <= piece.start < end for start, end, _ in text.example.stretches)
            if named:
                inside.add(fold(piece.text))
            else:
                people.setdefault(fold(piece.text), set()).add(text.person)
    return frozenset(word for word, who in people.items() if len(who) >= _FEWEST_PEOPLE and word.isalpha()) - inside


def _rows(place: Path) -> list[dict[str, Any]]:
    files = sorted(place.glob("data-*.parquet")) if place.is_dir() else [place]
    if not files or not all(file.is_file() for file in files):
        raise DataError(
            f"{place} holds no annotated records.",
            hint="name the folder of an exported snapshot, which holds data-*.parquet, or a file of JSON Lines (.jsonl)",
        )
    if is_json_lines(files[0]):
        return read_json_lines(files[0])
    try:
        tables = [pq.read_table(file, columns=list(_COLUMNS)) for file in files]
    except (OSError, ValueError, KeyError) as error:
        raise DataError(
            f"{place} cannot be read as annotated records ({type(error).__name__}).",
            hint="name the folder of an exported snapshot, or a file of JSON Lines (.jsonl)",
        ) from error
    rows = [row for table in tables for row in table.to_pylist()]
    for row in rows:
        check_spans(row, f"{place}, record {row['id']}")
    return rows


def _stretches(
    spans: Sequence[Mapping[str, Any]], column: str, known: Mapping[str, str]
) -> tuple[tuple[int, int, str], ...]:
    """The column's stretches in text order; of two that overlap, the longer."""
    wanted = [
        (span["start"], span["end"], known[span["label"].lower()])
        for span in spans
        if span["field"] == column and span["label"].lower() in known
    ]
    kept: list[tuple[int, int, str]] = []
    for start, end, label in sorted(wanted, key=lambda stretch: (stretch[0] - stretch[1], stretch)):
        if all(end <= first or last <= start for first, last, _ in kept):
            kept.append((start, end, label))
    return tuple(sorted(kept))
