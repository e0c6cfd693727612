"""Whom to look for in tables: a person by every id that stands for them, plain or hashed, and where their records came from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from acclimate.core.erased import ERASED_SUBJECT
from acclimate.core.surrogates import record_hash, subject_hash

_OPEN_SUBJECT = re.compile("s[0-9a-f]{32}")
_OWN = ("id", "subject_id", "parents")
_NAMING = (*_OWN, "cluster_id", "value")
_BATCH = 65_536


@dataclass(frozen=True, order=True)
class Place:
    """Where a record of the person came from: a source, the file and line in it, and the record's plain id."""

    source: str
    locator: str
    id: str


@dataclass(frozen=True)
class Person:
    """`subject` is the keyed hash that goes on the list, `ids` are all ids of the person and of their records."""

    subject: str
    ids: frozenset[str]
    records: frozenset[str]
    """The open ids of their records."""


def listed_hash(key: bytes, given: str) -> str:
    """The hash by which a person is listed; `given` is a source's subject id, or the id of the open zone itself."""
    return given if _OPEN_SUBJECT.fullmatch(given) else subject_hash(key, given)


def gather_person(
    tables: Iterable[Path], *, key: bytes, subject: str, records: Iterable[Mapping[str, Any]] = ()
) -> Person:
    """The person with all ids under which the tables and further `records` know them.

    A record without a subject is a person of its own, listed by the hash of its record id; a piece of a cut document
    by that of the document's.
    """
    ids, plain = {subject}, set[str]()
    for row in chain(_rows(tables), records):
        name, whole = row["subject_id"], (row.get("parents") or [row["id"]])[0]
        own = subject in (name, subject_hash(key, whole if name is None else name))
        if own and name is not None:
            ids.add(name)
        if own:
            plain.add(row["id"])
    hashed = {one if _is_open(one) else record_hash(key, one) for one in plain}
    return Person(subject, frozenset(ids | plain | hashed), frozenset(hashed))


def _rows(tables: Iterable[Path]) -> Iterator[Mapping[str, Any]]:
    for table in tables:
        for batch in _batches(table, ("id", "subject_id", "parents")):
            if "subject_id" in batch.schema.names:
                yield from batch.to_pylist()


def naming_rows(table: Path, person: Person) -> int:
    """How many rows of a table name the person or one of their records, as a cluster or a survivor too."""
    ids = pa.array(sorted(person.ids), pa.string())
    return sum(pc.sum(_names(batch, _NAMING, ids)).as_py() or 0 for batch in _batches(table, _NAMING))


def own_rows(table: Path, person: Person, columns: Iterable[str] = ()) -> pa.Table:
    """The rows that are the person's own, with the columns of those asked for that the table has."""
    ids = pa.array(sorted(person.ids), pa.string())
    wanted = [*_OWN, *columns]
    found = [batch.filter(_names(batch, _OWN, ids)) for batch in _batches(table, wanted)]
    kept = [name for name in pq.read_schema(table).names if name in wanted]
    return pa.Table.from_batches(found).select(kept) if found else pa.table({name: [] for name in kept})


def copies_under_others(tables: Iterable[Path], person: Person) -> Iterator[Place]:
    """Records of other subjects that dedup put into one cluster with a record of the person."""
    tables = list(tables)
    own = [own_rows(table, person, ("cluster_id",)).column("cluster_id").to_pylist() for table in tables]
    clusters = pa.array(sorted({cluster for column in own for cluster in column if cluster}), pa.string())
    for table in tables:
        for batch in _batches(table, ("id", "subject_id", "cluster_id", "source", "locator")):
            for row in batch.filter(pc.is_in(batch.column("cluster_id"), clusters)).to_pylist():
                if not person.ids.intersection((row["id"], row["subject_id"])):
                    yield Place(row["source"] or "", row["locator"] or "", row["id"])


def has_unnamed_rows(dropped: Path) -> bool:
    """Whether damaged rows were kept with their content: whose they are cannot be told."""
    return any(
        (row["subject_id"] is None and row["extra"] is not None)
        for batch in _batches(dropped, ("subject_id", "extra"))
        for row in batch.to_pylist()
    )


def _is_open(record_id: str) -> bool:
    return re.fullmatch("d[0-9a-f]{32}", record_id) is not None


def _batches(table: Path, columns: Iterable[str]) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(table, pre_buffer=False) as parquet:
        present = [name for name in dict.fromkeys(columns) if name in parquet.schema_arrow.names]
        if not present:
            return
        if "reason" not in parquet.schema_arrow.names:
            yield from parquet.iter_batches(_BATCH, columns=present)
            return
        # What ingest refused names the erased by their hash and holds nothing else of them.
        for batch in parquet.iter_batches(_BATCH, columns=[*present, "reason"]):
            yield batch.filter(pc.not_equal(batch.column("reason"), ERASED_SUBJECT))


def _names(batch: pa.RecordBatch, columns: Iterable[str], ids: pa.Array) -> pa.Array:
    """For each row whether one of the columns holds one of the ids."""
    named = pa.array([False] * batch.num_rows, pa.bool_())
    for name in columns:
        if name not in batch.schema.names:
            continue
        column = batch.column(name)
        if pa.types.is_list(column.type):
            holding = pc.list_parent_indices(column).filter(pc.is_in(pc.list_flatten(column), ids))
            matches = pc.is_in(pa.array(range(batch.num_rows), pa.int64()), holding.cast(pa.int64()))
        else:
            matches = pc.is_in(column, ids)
        named = pc.or_(named, matches)
    return named
