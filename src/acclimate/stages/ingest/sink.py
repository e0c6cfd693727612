"""Gathers records one by one and writes them in batches, so that memory stays bounded whatever a record's size."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from acclimate.core.artifacts import Output
from acclimate.core.schema import RECORD_SCHEMA
from acclimate.stages.ingest.rows import Fault

_BATCH_BYTES = 16 * 1024 * 1024


@dataclass
class Sink:
    """The way into a stage's output."""

    output: Output
    batch_rows: int
    _kept: list[dict[str, Any]] = field(default_factory=list)
    _dropped: list[dict[str, Any]] = field(default_factory=list)
    _faults: list[Fault] = field(default_factory=list)
    _bytes: int = 0

    def keep(self, record: dict[str, Any], size: int) -> None:
        """Takes a record that goes on; `size` is about what it occupies, in bytes."""
        self._kept.append(record)
        self._grow(size)

    def keep_table(self, records: pa.Table) -> None:
        """Takes records that are columns already."""
        self.flush()
        self.output.keep(records)

    def drop(self, record: dict[str, Any], fault: Fault) -> None:
        """Takes a damaged row."""
        self._dropped.append(record)
        self._faults.append(fault)
        self._grow(len(fault.raw))

    def flush(self) -> None:
        """Writes what was gathered."""
        if self._kept:
            self.output.keep(pa.Table.from_pylist(self._kept, RECORD_SCHEMA))
        if self._dropped:
            table = pa.Table.from_pylist(self._dropped, RECORD_SCHEMA)
            self.output.drop(table, [one.reason for one in self._faults], [one.value for one in self._faults])
        self._kept, self._dropped, self._faults, self._bytes = [], [], [], 0

    def _grow(self, size: int) -> None:
        self._bytes += size
        if len(self._kept) + len(self._dropped) >= self.batch_rows or self._bytes >= _BATCH_BYTES:
            self.flush()
