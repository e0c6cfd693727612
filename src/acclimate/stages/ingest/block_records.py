"""A sound block of rows -> its records, column by column, equal to what `records.make_record` makes of each row.

Whatever is not plain here (a value that does not fit, an id that comes twice) is left to the reading of rows, which
knows what to say of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial, reduce
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from acclimate.core.schema import NAMED_VALUE, RECORD_SCHEMA
from acclimate.core.sources import SourceConfig
from acclimate.core.terms import Use
from acclimate.stages.ingest.answer_pairs import has_transcripts
from acclimate.stages.ingest.canonical_columns import NOTHING, as_text, canonical_rows
from acclimate.stages.ingest.conversations import read_conversations
from acclimate.stages.ingest.identity import Identities
from acclimate.stages.ingest.line_blocks import LineBlock
from acclimate.stages.ingest.recognise import Meaning
from acclimate.stages.ingest.records import TEXTS, TRAINED_ON, check_licence, read_moment, read_split, read_weight
from acclimate.stages.ingest.rows import RowError
from acclimate.stages.ingest.sound_lines import Layout, read_sound_lines

_PARTS = TEXTS | {"id", "instruction", "input", "messages", "collected_at", "split", "weight"}


@dataclass(frozen=True)
class BlockRecords:
    """The records of a block in the record schema, how many have no payload, and how many stand under each licence."""

    table: pa.Table
    without_payload: int
    licences: Counter[str]


@dataclass(frozen=True)
class BlockReading:
    """Makes records of the blocks of one source; `layout` is told of each row that was read alone."""

    meaning: Meaning
    source: SourceConfig
    use: Use
    keep_extra: bool
    max_bytes: int
    identities: Identities
    layout: Layout = field(default_factory=Layout)

    def read(self, block: LineBlock, file_name: str, *, most: int | None) -> BlockRecords | None:
        """The records of a block of at most so many rows; None, and nothing has happened, where it is not sound."""
        schema = self.layout.schema
        if schema is None or not _PARTS.issuperset(self.meaning.columns):
            return None
        if not self._has_only_messages_in_turns(schema):
            return None
        rows = read_sound_lines(block, schema, max_bytes=self.max_bytes)
        if rows is None or (most is not None and len(rows) > most):
            return None
        try:
            return self._records(rows, _locators(file_name, block.before, len(rows)))
        except RowError:
            return None

    def _records(self, rows: pa.RecordBatch, locators: pa.Array) -> BlockRecords | None:
        canonical = canonical_rows(rows) if self._needs_canonical(rows) else None
        if canonical is not None and pc.max(pc.binary_length(canonical)).as_py() > self.max_bytes:
            return None
        payload = self._payload(rows)
        if payload is None:
            return None
        columns = self._described(rows) | payload
        licences = Counter({one["values"]: one["counts"] for one in pc.value_counts(columns["licence"]).to_pylist()})
        for licence in licences:
            check_licence(licence, self.source, self.use)
        ids = self._ids(rows, canonical, locators)
        if ids is None:
            return None
        columns |= {"id": ids, "locator": locators}
        arrays = [columns.get(one.name, pa.nulls(len(rows), one.type)) for one in RECORD_SCHEMA]
        records = pa.Table.from_arrays(arrays, schema=RECORD_SCHEMA)
        return BlockRecords(records, _without_payload(records), licences)

    def _has_only_messages_in_turns(self, schema: pa.Schema) -> bool:
        """Whether the conversation is the one column of lists, or none is; as a text it is read row by row."""
        name = self.meaning.columns.get("messages")
        lists = [field.name for field in schema if pa.types.is_list(field.type)]
        named = {*self.source.attributes.values(), *self.source.identifiers.values()}
        return lists == ([name] if name else []) and named.isdisjoint(lists)

    def _payload(self, rows: pa.RecordBatch) -> dict[str, pa.Array] | None:
        """The columns that are the text of one cell, the prompt of alpaca, or a conversation; None where that is not
        plain."""
        cells = {part: _column(rows, column) for part, column in self.meaning.columns.items()}
        columns = {part: as_text(cell) for part, cell in cells.items() if part in TEXTS}
        if any(has_transcripts(columns[side]) for side in ("chosen", "rejected") if side in columns):
            return None
        for part, constant in (("site", self.source.site), ("licence", self.source.licence)):
            columns[part] = _else(columns.get(part, pa.nulls(len(rows), pa.string())), constant)
        if "instruction" in cells:
            columns["prompt"] = _alpaca_prompts(cells["instruction"], cells.get("input", pa.nulls(len(rows))))
        if "messages" in cells:
            columns["messages"] = read_conversations(cells["messages"])
        return None if any(column is None for column in columns.values()) else columns

    def _described(self, rows: pa.RecordBatch) -> dict[str, pa.Array]:
        """What stands beside the payload."""
        cell = partial(self._cell, rows)
        is_test = self.source.role == "test"
        columns = {
            "source": pa.repeat(self.source.name, len(rows)),
            "collected_at": _each_value(cell("collected_at"), read_moment, RECORD_SCHEMA.field("collected_at").type),
            "split": pa.repeat("test", len(rows)) if is_test else _each_value(cell("split"), read_split, pa.string()),
            "weight": _each_value(cell("weight"), read_weight, pa.float64()),
            "attributes": _named(rows, self.source.attributes),
            "identifiers": _named(rows, self.source.identifiers),
        }
        unused = [name for name in rows.schema.names if name not in self.meaning.used]
        if self.keep_extra and unused:
            extra = canonical_rows(rows.select(unused))
            columns["extra"] = pc.if_else(pc.equal(extra, NOTHING), pa.scalar(None, pa.string()), extra)
        return columns

    def _cell(self, rows: pa.RecordBatch, part: str) -> pa.Array:
        return _column(rows, self.meaning.columns[part]) if part in self.meaning.columns else pa.nulls(len(rows))

    def _needs_canonical(self, rows: pa.RecordBatch) -> bool:
        """Whether ids come from the content, or a row may become longer than its line: 1e-7 is written as 1e-07."""
        return "id" not in self.meaning.columns or any(pa.types.is_floating(one) for one in rows.schema.types)

    def _ids(self, rows: pa.RecordBatch, canonical: pa.Array | None, locators: pa.Array) -> pa.Array | None:
        """The ids of all rows; None where a row has none, or one that is taken."""
        if "id" not in self.meaning.columns:
            return pa.array(self.identities.of_contents(self.source.name, _views(canonical)), pa.string())
        values = self._cell(rows, "id").to_pylist()
        if None in values or "" in values:
            return None
        ids = self.identities.own_of_all(self.source.name, [str(value) for value in values], locators.to_pylist())
        return ids and pa.array(ids, pa.string())


def _locators(file_name: str, before: int, count: int) -> pa.Array:
    lines = pa.array(np.arange(before + 1, before + count + 1)).cast(pa.string())
    return pc.binary_join_element_wise(f"{file_name}:", lines, "")


def _views(texts: pa.Array) -> Iterator[memoryview]:
    """The bytes of each text, none of which is null, without a copy."""
    _, offsets, content = texts.buffers()
    ends = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1].tolist()
    view = memoryview(content)
    return (view[start:end] for start, end in pairwise(ends))


def _each_value(column: pa.Array, read: Callable[[Any], Any], kind: pa.DataType) -> pa.Array:
    """What a reader of cells makes of a column, asked once for each different value."""
    if pa.types.is_null(column.type):
        return pa.nulls(len(column), kind)
    different = column.dictionary_encode()
    made = pa.array([read(value) for value in different.dictionary.to_pylist()], kind)
    return made.take(different.indices)


def _else(texts: pa.Array, constant: str | None) -> pa.Array:
    """The texts, with the constant where there is none or an empty one."""
    return pc.if_else(pc.fill_null(pc.equal(texts, ""), True), pa.scalar(constant, pa.string()), texts)


def _alpaca_prompts(instructions: pa.Array, inputs: pa.Array) -> pa.Array:
    instruction, given = as_text(instructions), as_text(inputs)
    with_input = pc.binary_join_element_wise(pc.fill_null(instruction, ""), given, "\n\n")
    return pc.if_else(_is_filled(given), with_input, instruction)


def _is_filled(texts: pa.Array) -> pa.Array:
    return pc.fill_null(pc.greater(pc.binary_length(texts), 0), False)


def _named(rows: pa.RecordBatch, columns: Mapping[str, str]) -> pa.Array:
    """For each row the names with their values, in the order of the names, where there is a value."""
    if not columns:
        return pa.nulls(len(rows))
    values = [as_text(_column(rows, column)) for column in columns.values()]
    filled = np.stack([_is_filled(one).to_numpy(zero_copy_only=False) for one in values], axis=1)
    numbers, places = np.nonzero(filled)
    named = pa.StructArray.from_arrays(
        [
            pa.array(list(columns), pa.string()).take(pa.array(places)),
            pa.concat_arrays(values).take(pa.array(places * len(rows) + numbers)),
        ],
        fields=list(NAMED_VALUE),
    )
    counts = filled.sum(axis=1)
    offsets = pa.array(np.concatenate(([0], np.cumsum(counts))), pa.int32())
    return pa.ListArray.from_arrays(offsets, named, mask=pa.array(counts == 0))


def _without_payload(records: pa.Table) -> int:
    filled = [_is_filled(records.column(part)) for part in TRAINED_ON if part != "messages"]
    filled.append(records.column("messages").is_valid())
    return int(records.num_rows) - int(pc.sum(reduce(pc.or_, filled), min_count=0).as_py())


def _column(rows: pa.RecordBatch, name: str) -> pa.Array:
    """A source column; nothing but nulls where no row had it so far."""
    return rows.column(name) if name in rows.schema.names else pa.nulls(len(rows))
