"""What split needs to know of each record: what ties it to others, what it is declared to be, and its stratum."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from acclimate.core.artifacts import Artifact
from acclimate.core.errors import DataError
from acclimate.core.ports import Context
from acclimate.core.preferences import prompt_digest
from acclimate.core.schema import TEXT_COLUMNS
from acclimate.core.task_texts import task_texts
from acclimate.core.word_hashes import Hashes, HashSets, SetsOnDisk, hash_words_and_forms
from acclimate.stages.split.templates import FormCounts, count_forms

_COLUMNS = ("id", "subject_id", "cluster_id", "site", "collected_at", "parents")
_DIVIDES = ("split", "label", "attributes", *TEXT_COLUMNS, "messages")
_OWN = ("site", "label")
"""What can be stratified by and is no declared attribute."""

_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "id": pl.String,
    "subject_id": pl.String,
    "cluster_id": pl.String,
    "site": pl.String,
    "collected_at": pl.Datetime("us", "UTC"),
    "parents": pl.List(pl.String),
    "declared": pl.String,
    "text_digest": pl.String,
    "prompt_digest": pl.String,
    "together": pl.List(pl.String),
    "stratum": pl.String,
}


@dataclass(frozen=True)
class Read:
    """The records as far as split needs them.

    `facts` has one row a record, in order, with its `position`. `words` are the words of their texts, and `forms` the same
    with all numbers alike, both on disk; `common` are the forms that enough records have.
    """

    facts: pl.DataFrame
    words: SetsOnDisk
    forms: SetsOnDisk
    common: Hashes


@dataclass(frozen=True)
class ReadBatch:
    """The same of one batch, with the attributes that it declares; `counted` says in how many records each form stands."""

    facts: pl.DataFrame
    declared: frozenset[str]
    words: HashSets
    forms: HashSets
    counted: pl.DataFrame


def read_records(source: Artifact, *, together: tuple[str, ...], stratify: tuple[str, ...], context: Context) -> Read:
    """Reads every text once; fails where an attribute is named that no record has."""
    read = partial(read_batch, together=together, stratify=stratify)
    parts, declared, counts = [pl.DataFrame(schema=_SCHEMA)], set[str](), FormCounts()
    words, forms = (SetsOnDisk(context.partial / name) for name in ("words", "forms"))
    batches = source.batches([*_COLUMNS, *_DIVIDES], batch_rows=context.batch_rows)
    total = sum(pq.read_metadata(file).num_rows for file in source.data_files)
    with context.progress("reading records", total) as progress, words, forms:
        for part in context.engine.map_batches(read, batches):
            declared |= part.declared
            parts.append(part.facts)
            words.append(part.words)
            forms.append(part.forms)
            counts.add(part.counted)
            progress.advance(part.facts.height)
    for setting, names in (("together", together), ("stratify", set(stratify) - set(_OWN))):
        _check_declared(f"split.{setting}", sorted(names), declared)
    facts = pl.concat(parts).with_row_index("position")
    return Read(facts, words, forms, counts.common())


def read_batch(batch: pa.RecordBatch, *, together: tuple[str, ...], stratify: tuple[str, ...]) -> ReadBatch:
    """What there is to know of each record of a batch."""
    frame = pl.DataFrame(pl.from_arrow(batch.select([*_COLUMNS, "split", "label"])))
    attributes = [{one["name"]: one["value"] for one in row or ()} for row in batch.column("attributes").to_pylist()]
    tying = [_tying(values, together) for values in attributes] if together else [None] * frame.height
    texts = task_texts(batch)
    facts = frame.select(*_COLUMNS, declared="split").with_columns(
        text_digests(texts),
        pl.Series("prompt_digest", _prompts(batch), pl.String),
        pl.Series("together", tying, pl.List(pl.String)),
        pl.Series("stratum", _strata(frame, attributes, stratify), pl.String),
    )
    words, forms = hash_words_and_forms(texts)
    declared = frozenset(name for values in attributes for name in values)
    return ReadBatch(facts.select(list(_SCHEMA)).cast(pl.Schema(_SCHEMA)), declared, words, forms, count_forms(forms))


def text_digests(texts: pl.Series) -> pl.Series:
    """`text_digest`: equal ones are of equal texts."""
    return pl.Series("text_digest", [hashlib.sha256(text.encode()).hexdigest() for text in texts.to_list()], pl.String)


def _prompts(batch: pa.RecordBatch) -> list[str | None]:
    """What ties two preferences: the prompt that they are about."""
    if batch.column("chosen").null_count == batch.num_rows:
        return [None] * batch.num_rows
    asked = batch.select(["prompt", "messages", "chosen", "rejected"])
    return [prompt_digest(record) for record in asked.to_pylist()]


def _strata(frame: pl.DataFrame, attributes: Sequence[Mapping[str, Any]], stratify: tuple[str, ...]) -> list[str]:
    """What each record is spread over the splits by, as one text."""
    columns = [
        frame[name].to_list() if name in _OWN else [values.get(name) for values in attributes] for name in stratify
    ]
    rows = list(zip(*columns, strict=True)) if columns else [()] * frame.height
    written = {row: json.dumps(row) for row in set(rows)}
    return [written[row] for row in rows]


def _tying(attributes: Mapping[str, Any], together: tuple[str, ...]) -> list[str] | None:
    """The attributes that tie a record, as digests: the ledger that keeps them outlives the record."""
    tying = {name: attributes[name] for name in together if attributes.get(name) is not None}
    return [f"{name} {hashlib.sha256(value.encode()).hexdigest()[:16]}" for name, value in tying.items()] or None


def _check_declared(setting: str, names: list[str], declared: set[str]) -> None:
    for name in names:
        if name not in declared:
            raise DataError(
                f"{setting} names the attribute {name!r}, which no record has.",
                hint=f"declare it under attributes: of a source; declared are: {', '.join(sorted(declared)) or 'none'}",
            )
