"""Suggested spans from a dictionary: every place where one of its terms stands, with the term's label.

Terms are found as whole words, whatever their case; those written in capitals alone only in capitals (US, us). Of terms
that overlap the longest counts.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from acclimate.annotation.schema import LabelSchema, Spans
from acclimate.annotation.suggestions.proposals import Source, Suggested
from acclimate.core.csv_tables import plain_cell
from acclimate.core.errors import ConfigError, SourceError

_TOKEN = re.compile(r"\w+|[^\w\s]")
_UNUSED = "no"
"""What a project's glossary says under `use` of what is no term."""


@dataclass(frozen=True)
class Found:
    """Where a term stands: code points, the end exclusive."""

    start: int
    end: int
    label: str


@dataclass(frozen=True)
class Dictionary:
    """Labels by term, as lists of tokens without case."""

    source: Source
    labels: Mapping[str, str]
    _entries: dict[tuple[str, ...], dict[str, str]] = field(init=False, default_factory=dict)
    _lengths: dict[str, list[int]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for term, label in self.labels.items():
            words = tuple(word.lower() for word in _TOKEN.findall(term))
            self._entries.setdefault(words, {})[term if term.isupper() else ""] = label
            lengths = self._lengths.setdefault(words[0], [])
            if len(words) not in lengths:
                lengths.append(len(words))
                lengths.sort(reverse=True)

    def places_in(self, text: str) -> Iterator[Found]:
        """Where the terms stand in a text, none over another.

        >>> terms = Dictionary(Source("drugs", "1"), {"aspirin": "drug", "low dose aspirin": "dose", "IT": "team"})
        >>> [(found.start, found.end, found.label) for found in terms.places_in("Low dose  aspirin, it helps")]
        [(0, 17, 'dose')]
        """
        tokens = list(_TOKEN.finditer(text))
        words = [token.group().lower() for token in tokens]
        at = 0
        while at < len(words):
            size = next((size for size in self._lengths.get(words[at], ()) if self._label(text, tokens, at, size)), 0)
            if size:
                label = self._label(text, tokens, at, size)
                yield Found(tokens[at].start(), tokens[at + size - 1].end(), label)
            at += size or 1

    def _label(self, text: str, tokens: list[re.Match[str]], at: int, size: int) -> str:
        """The label of the term that stands there; empty where none does."""
        here = tokens[at : at + size]
        entry = self._entries.get(tuple(token.group().lower() for token in here))
        if entry is None or len(here) < size:
            return ""
        written = " ".join(text[here[0].start() : here[-1].end()].split())
        return entry.get(written) or entry.get("", "")


def read_dictionary(content: bytes, name: str, *, label: str = "", labels: Collection[str]) -> Dictionary:
    """The dictionary of a CSV file with the columns `term` and `label`; `label` is that of terms that have none.

    A project's glossary is such a file: terms whose `use` is no are left out, and an `expansion` is a term too. Raises
    SourceError for a line without a term or with a label that is not among `labels`, naming the line.
    """
    try:
        rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        found = dict(_terms(rows, name, label, labels))
    except (UnicodeDecodeError, csv.Error):
        raise SourceError(f"{name} is no CSV file in UTF-8.", hint="save it as CSV, UTF-8") from None
    if not found:
        raise SourceError(f"{name} holds no term.", hint="give a line a term, with the columns term and label")
    version = hashlib.sha256(content + label.encode()).hexdigest()[:16]
    return Dictionary(Source(f"dictionary {name}", version), found)


def suggested_spans(
    dictionary: Dictionary, records: Iterable[Mapping[str, Any]], question: Spans
) -> Iterator[Suggested]:
    """A suggestion for each record in whose marked fields a term stands."""
    for record in records:
        spans = [
            {"field": name, "start": found.start, "end": found.end, "label": found.label}
            for name in question.fields
            for found in dictionary.places_in(record.get(name) or "")
        ]
        if spans:
            yield Suggested(str(record["id"]), {question.name: {"spans": spans, "relations": []}})


def spans_question(schema: LabelSchema, name: str = "") -> Spans:
    """The question for spans, the first unless one is named; raises ConfigError where there is none."""
    asked = [schema.question(name)] if name else list(schema.questions)
    found = next((question for question in asked if isinstance(question, Spans)), None)
    if found is None:
        raise ConfigError("A dictionary suggests spans, and no such question is asked.", hint="use another source")
    return found


def _terms(rows: csv.DictReader[str], name: str, label: str, labels: Collection[str]) -> Iterator[tuple[str, str]]:
    if "term" not in (rows.fieldnames or ()):
        raise SourceError(f"{name} has no column term.", hint="begin with the line term,label")
    for row in rows:
        term, given, expansion, use = (
            plain_cell(" ".join((row.get(column) or "").split())) for column in ("term", "label", "expansion", "use")
        )
        if use == _UNUSED:
            continue
        chosen = given or label
        if not _TOKEN.search(term) or chosen not in labels:
            raise SourceError(
                f"{name}, line {rows.line_num}: no term, or a label that the task does not ask for.",
                hint=f"labels are {', '.join(sorted(labels))[:200]}; name the label of terms that have none",
            )
        yield term, chosen
        if _TOKEN.search(expansion):
            yield expansion, chosen
