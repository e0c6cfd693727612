"""The second pass over lines: takes them out of the records of one batch, and says which and how many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import pyarrow as pa

from acclimate.core.schema import RECORD_SCHEMA
from acclimate.stages.clean.boilerplate import PLACE
from acclimate.stages.clean.lines import Span, c4_rule_of, line_table, mark_boilerplate, without_lines

BOILERPLATE = "boilerplate"
REMOVED_LINE = {
    "row": pl.Int64,
    "source": pl.String,
    "site": pl.String,
    "column": pl.String,
    "rule": pl.String,
    "text": pl.String,
}
"""A line that went: of which row of the batch, from where, by which rule."""


@dataclass(frozen=True)
class LineRemoval:
    """Which lines go: those in `learnt` (see boilerplate.learn), and those that break one of the rules of C4."""

    columns: Sequence[str]
    learnt: pl.DataFrame
    edge_lines: int
    long_line: int
    c4_rules: frozenset[str]
    c4_min_words: float

    @property
    def does_nothing(self) -> bool:
        """Whether no text can change."""
        return self.learnt.is_empty() and not self.c4_rules

    def find(self, batch: pa.RecordBatch, column: str) -> pl.DataFrame:
        """The lines of one column that are to go: as REMOVED_LINE, with their `place` in the text."""
        records = pl.DataFrame(pl.from_arrow(batch.select(["source", "site", column])))
        origin = records.select("source", "site", row=pl.int_range(pl.len()), column=pl.lit(column))
        lines = line_table(records[column].cast(pl.String)).join(origin, on="row", maintain_order="left")
        known = self.learnt.select(*PLACE, "line", learnt=pl.lit(True))
        lines = lines.join(known, on=[*PLACE, "line"], how="left", nulls_equal=True, maintain_order="left")
        lines = lines.with_columns(learnt=pl.col("learnt").fill_null(False) & pl.col("may_be_boilerplate"))
        recurs = mark_boilerplate(lines, edge_lines=self.edge_lines, long_line=self.long_line)
        rule = (
            pl.when(recurs).then(pl.lit(BOILERPLATE)).otherwise(c4_rule_of(self.c4_rules, min_words=self.c4_min_words))
        )
        return lines.with_columns(rule=rule).filter(pl.col("rule").is_not_null()).select(*REMOVED_LINE, "place")


@dataclass(frozen=True)
class TrimmedBatch:
    """The batch without those lines, every line that went, and the rows that would have lost a whole text.

    The latter keep it: `nothing_left` says how many of its lines would have gone.
    """

    batch: pa.RecordBatch
    removed: pl.DataFrame
    nothing_left: dict[int, int]


def trim_batch(batch: pa.RecordBatch, removal: LineRemoval) -> TrimmedBatch:
    """Takes the lines out of all records of a batch; spans keep pointing at the same words."""
    removed, nothing_left = [pl.DataFrame(schema=REMOVED_LINE)], dict[int, int]()
    for column in () if removal.does_nothing else removal.columns:
        found = removal.find(batch, column)
        texts: list[Any] = batch.column(column).to_pylist()
        spans: list[list[Span] | None] = batch.column("spans").to_pylist()
        went: list[tuple[int, int]] = []
        for row, places in found.group_by("row", maintain_order=True).agg("place").iter_rows():
            trimmed = without_lines(texts[row], frozenset(places), spans[row] or (), field=column)
            if not trimmed.text:
                nothing_left[row] = len(trimmed.gone)
                continue
            texts[row], spans[row] = trimmed.text, trimmed.spans if spans[row] is not None else None
            went += [(row, place) for place in sorted(trimmed.gone)]
        gone = pl.DataFrame(went, schema={"row": pl.Int64, "place": pl.Int64}, orient="row")
        removed.append(found.join(gone, on=["row", "place"], how="semi").select(*REMOVED_LINE))
        batch = _replace(_replace(batch, column, texts), "spans", spans)
    return TrimmedBatch(batch, pl.concat(removed), nothing_left)


def _replace(batch: pa.RecordBatch, name: str, values: Sequence[Any]) -> pa.RecordBatch:
    field = RECORD_SCHEMA.field(name)
    return batch.set_column(batch.schema.get_field_index(name), field, pa.array(values, field.type))
