"""How a stage reads what others wrote and writes its own: tables in Parquet, a fixed layout, equal bytes for equal rows."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from acclimate.core.atomic import named_disk_errors, read_json
from acclimate.core.report import Report
from acclimate.core.schema import DROPPED_SCHEMA, RECORD_SCHEMA

LEDGER_FILE = "ledger.parquet"
"""Where an artifact of split keeps all assignments so far: keyed ids without content, which no erasure removes."""

ROWS_PER_GROUP = 16_384
"""Rows of one Parquet row group: fixed, so that a file's bytes do not depend on the batch size of who wrote it."""


@dataclass(frozen=True)
class Artifact:
    """A finished folder that nobody changes any more: an earlier stage's output, a model, a snapshot.

    `identity` is what a downstream key uses: the digest of the rows, or of a model's weights.
    """

    path: Path
    identity: str = ""

    @property
    def data_files(self) -> list[Path]:
        """The Parquet files of the kept rows, in order."""
        return sorted(self.path.glob("data-*.parquet"))

    def batches(self, columns: Sequence[str] | None = None, *, batch_rows: int = 1024) -> Iterator[pa.RecordBatch]:
        """The kept rows, a batch at a time."""
        for file in self.data_files:
            # Read ahead, every row group would stay in memory until the file is closed.
            with pq.ParquetFile(file, pre_buffer=False) as parquet:
                yield from parquet.iter_batches(batch_rows, columns=columns)

    def table(self, columns: Sequence[str] | None = None) -> pa.Table:
        """All kept rows at once; for stages that need a global view."""
        return pa.concat_tables([pq.read_table(file, columns=columns) for file in self.data_files])

    def rows(self, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
        """The kept rows as dictionaries; for small artifacts."""
        for batch in self.batches(columns):
            yield from batch.to_pylist()

    def chosen(self, ids: Set[str], columns: Sequence[str], *, batch_rows: int = 1024) -> Iterator[dict[str, Any]]:
        """The kept rows with these ids as dictionaries, in the order of the files; `columns` must hold the id."""
        for batch in self.batches(columns, batch_rows=batch_rows):
            yield from (row for row in batch.to_pylist() if row["id"] in ids)

    def dropped(self) -> pa.Table:
        """The dropped records with reason, value and threshold; empty where the stage drops nothing."""
        file = self.path / "dropped.parquet"
        return pq.read_table(file) if file.exists() else DROPPED_SCHEMA.empty_table()

    def report(self) -> Report:
        """What the stage said about its run."""
        return Report.from_json(read_json(self.path / "report.json"))

    @property
    def model_folder(self) -> Path:
        """Where a model or adapter lies: in `model/` of what a step wrote, at the top of one from elsewhere."""
        inside = self.path / "model"
        return inside if inside.is_dir() and not (self.path / "config.json").exists() else self.path

    @property
    def has_rows(self) -> bool:
        """Whether this artifact is a table (a model folder or a snapshot is not)."""
        return bool(self.data_files)


class TableWriter:
    """Writes batches of any size to one Parquet file whose bytes depend on the rows and their order alone."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path = path
        self.schema = schema
        self.rows = 0
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0
        self._file = pq.ParquetWriter(path, schema, compression="zstd")

    def write(self, batch: pa.RecordBatch | pa.Table) -> None:
        """Appends rows; their columns must be those of the schema, in any order."""
        table = pa.Table.from_batches([batch]) if isinstance(batch, pa.RecordBatch) else batch
        table = table.select(self.schema.names).cast(self.schema)
        self.rows += table.num_rows
        self._waiting.extend(table.to_batches())
        self._waiting_rows += table.num_rows
        while self._waiting_rows >= ROWS_PER_GROUP:
            self._write_group(ROWS_PER_GROUP)

    def _write_group(self, size: int) -> None:
        table = pa.Table.from_batches(self._waiting, self.schema)
        with named_disk_errors(self.path):
            self._file.write_table(table.slice(0, size).combine_chunks(), row_group_size=size)
        rest = table.slice(size)
        self._waiting, self._waiting_rows = rest.to_batches(), rest.num_rows

    def __enter__(self) -> TableWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with named_disk_errors(self.path):
            if error is None and self._waiting_rows:
                self._write_group(self._waiting_rows)
            self._file.close()


@dataclass
class Output:
    """The folder a stage writes; it becomes an artifact when the stage has ended well.

    Use as a context manager: the tables opened through it are closed, also when the stage fails.
    """

    path: Path
    schema: pa.Schema = RECORD_SCHEMA
    dropped_by_reason: Counter[str] = field(default_factory=Counter)
    _kept: TableWriter | None = None
    _dropped: TableWriter | None = None

    def keep(self, batch: pa.RecordBatch | pa.Table) -> None:
        """Writes rows that go on to the next stage."""
        if self._kept is None:
            self._kept = TableWriter(self.path / "data-00000.parquet", self.schema)
        self._kept.write(batch)

    def drop(
        self,
        batch: pa.RecordBatch | pa.Table,
        reasons: Sequence[str],
        values: Sequence[Any],
        *,
        thresholds: Sequence[str | None] | None = None,
    ) -> None:
        """Sets records aside, each with the rule that dropped it, the value that broke it, and its threshold if any."""
        if not batch.num_rows:
            return
        if self._dropped is None:
            self._dropped = TableWriter(self.path / "dropped.parquet", DROPPED_SCHEMA)
        table = pa.Table.from_batches([batch]) if isinstance(batch, pa.RecordBatch) else batch
        table = table.append_column("reason", pa.array(list(reasons), pa.string()))
        table = table.append_column("value", pa.array([str(value) for value in values], pa.string()))
        table = table.append_column("threshold", pa.array(thresholds or [None] * len(table), pa.string()))
        self._dropped.write(table)
        self.dropped_by_reason.update(reasons)

    @property
    def kept_rows(self) -> int:
        """Rows kept so far."""
        return self._kept.rows if self._kept else 0

    def __enter__(self) -> Output:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._kept is None and error is None:
            self.keep(self.schema.empty_table())
        for writer in (self._kept, self._dropped):
            if writer is not None:
                writer.__exit__(kind, error, traceback)


class RowDigest:
    """A digest of a set of rows that does not depend on their order, batch sizes or the Parquet writer.

    Each row's canonical JSON is hashed; the hashes are added modulo 2^256 (a multiset hash: Clarke et al. 2003,
    "Incremental multiset hash functions", MSet-Add-Hash).
    """

    def __init__(self) -> None:
        self._sum = 0
        self._rows = 0

    def update(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Adds rows."""
        for row in rows:
            canonical = json.dumps(row, sort_keys=True, ensure_ascii=False, default=str)
            self._sum += int.from_bytes(hashlib.sha256(canonical.encode()).digest(), "big")
        self._rows += len(rows)

    def hexdigest(self) -> str:
        """The digest, in hex."""
        total = (self._sum % 2**256).to_bytes(32, "big") + self._rows.to_bytes(8, "big")
        return hashlib.sha256(total).hexdigest()


def rows_digest(artifact: Artifact) -> str:
    """The order-free digest of all kept rows of an artifact."""
    digest = RowDigest()
    for batch in artifact.batches():
        digest.update(batch.to_pylist())
    return digest.hexdigest()
