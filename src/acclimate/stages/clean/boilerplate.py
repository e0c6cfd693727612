"""The first pass: which lines recur in the texts of most subjects of a source, where headers and footers stand.

What is counted is a line of one column of one source and site, once a subject. Of a large source a sample of the
records tells the shares, so that memory is bounded by the number of sources, not by the corpus.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from acclimate.core.artifacts import Artifact
from acclimate.core.hash_order import hash_rank
from acclimate.core.ports import Context
from acclimate.stages.clean.config import BoilerplateConfig
from acclimate.stages.clean.lines import line_table
from acclimate.stages.clean.repair import repair, strip

SAMPLE = 20_000
"""Records of one source and site that are looked at; at this size a share is known to within a hundredth."""

PLACE = ("source", "site", "column")
_ORIGIN = ("source", "site")
_COUNTED = {"source": pl.String, "site": pl.String, "column": pl.String, "subject": pl.UInt64, "line": pl.UInt64}
_BATCHES_AT_ONCE = 32
_RANKS = 16**64


@dataclass(frozen=True)
class CountedLines:
    """Each subject once for each of its telling lines, and once without a line for each column it has a text in."""

    lines: pl.DataFrame
    rows: int


@dataclass(frozen=True)
class LineCounter:
    """Counts the lines of one batch. `cutoffs` says up to which rank of their ids records are in the sample."""

    columns: Sequence[str]
    edge_lines: int
    long_line: int
    cutoffs: pl.DataFrame

    def __call__(self, batch: pa.RecordBatch) -> CountedLines:
        """The counted lines of one batch; other batches do not matter."""
        records = _sampled(pl.DataFrame(pl.from_arrow(batch)), self.cutoffs)
        subject = pl.coalesce(pl.format("subject {}", "subject_id"), pl.format("record {}", "id")).hash(seed=0)
        origin = records.select(*_ORIGIN, subject=subject, row=pl.int_range(pl.len()))
        parts = [self._of_column(records[name], origin, name) for name in self.columns]
        return CountedLines(pl.concat([pl.DataFrame(schema=_COUNTED), *parts]).unique(), batch.num_rows)

    def _of_column(self, texts: pl.Series, origin: pl.DataFrame, column: str) -> pl.DataFrame:
        lines = line_table(strip(repair(texts.cast(pl.String))).texts)
        at_edge = (pl.col("before") < self.edge_lines) | (pl.col("after") < self.edge_lines)
        telling = lines.filter(pl.col("may_be_boilerplate") & (at_edge | (pl.col("characters") >= self.long_line)))
        present = lines.select("row", line=pl.lit(None, pl.UInt64)).unique()
        counted = pl.concat([present, telling.select("row", "line")]).join(origin, on="row")
        return counted.with_columns(column=pl.lit(column)).select(*_COUNTED)


def learn(records: Artifact, config: BoilerplateConfig, columns: Sequence[str], context: Context) -> pl.DataFrame:
    """The lines that recur: `source`, `site`, `column`, hash of the `line`, its `subjects` and their `share`."""
    if config.min_share is None or not columns:
        return _recurring(pl.DataFrame(schema=_COUNTED), min_subjects=1, min_share=1.0)
    cutoffs = _cutoffs(records.batches(_ORIGIN, batch_rows=context.batch_rows))
    counter = LineCounter(columns, config.edge_lines, config.long_line, cutoffs)
    batches = records.batches(["id", "subject_id", *_ORIGIN, *columns], batch_rows=context.batch_rows)
    gathered, waiting = pl.DataFrame(schema=_COUNTED), []
    with context.progress("learning boilerplate", records.table(["id"]).num_rows) as progress:
        for counted in context.engine.map_batches(counter, batches):
            waiting.append(counted.lines)
            if len(waiting) == _BATCHES_AT_ONCE:
                gathered, waiting = pl.concat([gathered, *waiting]).unique(), []
            progress.advance(counted.rows)
    counted_lines = pl.concat([gathered, *waiting]).unique()
    return _recurring(counted_lines, min_subjects=config.min_subjects, min_share=config.min_share)


def _recurring(counted: pl.DataFrame, *, min_subjects: int, min_share: float) -> pl.DataFrame:
    known = pl.col("line").is_not_null()
    totals = counted.filter(~known).group_by(PLACE).agg(pl.len().alias("total"))
    lines = counted.filter(known).group_by(*PLACE, "line").agg(pl.len().alias("subjects"))
    shares = lines.join(totals, on=PLACE, nulls_equal=True).with_columns(share=pl.col("subjects") / pl.col("total"))
    return shares.filter((pl.col("total") >= min_subjects) & (pl.col("share") >= min_share)).drop("total")


def _cutoffs(batches: Iterable[pa.RecordBatch]) -> pl.DataFrame:
    """The largest rank in the sample, for those origins that have more records than it needs."""
    sizes = pl.concat(
        [pl.DataFrame(schema={"source": pl.String, "site": pl.String, "len": pl.UInt32})]
        + [pl.DataFrame(pl.from_arrow(batch)).group_by(_ORIGIN).len() for batch in batches]
    )
    large = sizes.group_by(_ORIGIN).agg(pl.col("len").cast(pl.Int64).sum()).filter(pl.col("len") > SAMPLE)
    ranks = [f"{_RANKS * SAMPLE // rows:064x}" for rows in large["len"]]
    return large.select(_ORIGIN).with_columns(cutoff=pl.Series(ranks, dtype=pl.String))


def _sampled(records: pl.DataFrame, cutoffs: pl.DataFrame) -> pl.DataFrame:
    if cutoffs.is_empty():
        return records
    rank = pl.Series("rank", [hash_rank(name) for name in records["id"]], dtype=pl.String)
    ranked = records.with_columns(rank).join(cutoffs, on=_ORIGIN, how="left", nulls_equal=True, maintain_order="left")
    return ranked.filter(pl.col("cutoff").is_null() | (pl.col("rank") <= pl.col("cutoff")))
