"""Spans that several annotators marked in the same texts, kept apart from what was not read at all.

An annotator who read an item and marked nothing is a reading without spans; that is a statement, and counts as one.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import cast

import polars as pl

from acclimate.annotation.readings import Label, require_columns, with_clusters
from acclimate.core.errors import DataError

READING = ("item", "annotator")
PLACE = ("item", "field", "start", "end", "label")
TEXT = "text"
NO_SPANS = pl.List(pl.Struct({"start": pl.Int64, "end": pl.Int64, "label": pl.String}))
"""What a column of nothing but empty lists cannot say of itself."""


@dataclass(frozen=True)
class SpanReadings:
    """Who read which item, and which spans they marked.

    `readings` has item, annotator, cluster and length (null where not given), a row a reading. `spans` has item,
    annotator, field, start, end and label, a row a span; offsets count characters, or tokens after `on_tokens`.
    """

    readings: pl.DataFrame
    spans: pl.DataFrame

    @classmethod
    def from_table(cls, table: pl.DataFrame) -> SpanReadings:
        """The readings of a table with the columns item, annotator and spans, and on request cluster and length.

        `spans` is a list of structs with start, end and label as in the record schema, and field where texts have
        several; null means not read. `length` is the item's length in characters, which `span_alpha` needs. A span
        marked twice by one annotator counts once. Raises DataError for spans without extent or beyond the length,
        and for an item that one annotator read twice.
        """
        require_columns(table, (*READING, "spans"))
        read = with_clusters(table.drop_nulls("spans"))
        length = pl.col("length") if "length" in table.columns else pl.lit(None)
        readings = read.select(*READING, "cluster", length.cast(pl.Int64).alias("length")).sort(READING)
        _require_read_once(readings)
        if table.schema["spans"] == pl.List(pl.Null):
            read = read.with_columns(pl.col("spans").cast(NO_SPANS))
        spans = read.select(*READING, "spans").explode("spans").drop_nulls("spans").unnest("spans")
        require_columns(spans, ("start", "end", "label"))
        field = pl.col("field").fill_null(TEXT) if "field" in spans.columns else pl.lit(TEXT)
        offsets = pl.col("start", "end").cast(pl.Int64)
        placed = spans.select(*READING, field.alias("field"), offsets, "label").unique().sort("annotator", *PLACE)
        _require_extent(placed.join(readings, on=READING))
        return cls(readings, placed)

    @property
    def annotators(self) -> tuple[str, ...]:
        """Everyone who read anything."""
        return tuple(self.readings["annotator"].unique().sort())

    @property
    def labels(self) -> tuple[Label, ...]:
        """The labels that were used."""
        return tuple(self.spans["label"].unique().sort())

    def only_items(self, items: Collection[str]) -> SpanReadings:
        """The readings of these items."""
        return self._where(pl.col("item").is_in(list(items)))

    def only_annotators(self, annotators: Collection[str]) -> SpanReadings:
        """The readings by these annotators."""
        return self._where(pl.col("annotator").is_in(list(annotators)))

    def one_label(self, label: Label) -> SpanReadings:
        """All readings, with the spans of this label alone."""
        return replace(self, spans=self.spans.filter(pl.col("label") == label))

    def on_tokens(self, tokens: pl.DataFrame) -> SpanReadings:
        """The same spans counted in tokens, given a table of item, start and end of every token, and field if several.

        A token belongs to a span that covers any part of it. Raises DataError for a span that covers none.
        """
        require_columns(tokens, ("item", "start", "end"))
        field = pl.col("field") if "field" in tokens.columns else pl.lit(TEXT)
        numbered = (
            tokens.select("item", field.alias("field"), pl.col("start", "end").cast(pl.Int64).name.suffix("_token"))
            .sort("item", "field", "start_token")
            .with_columns(pl.int_range(pl.len()).over("item", "field").alias("token"))
        )
        covered = (
            self.spans.join(numbered, on=("item", "field"))
            .filter(pl.col("start_token") < pl.col("end"), pl.col("start") < pl.col("end_token"))
            .group_by("annotator", *PLACE)
            .agg(pl.col("token").min().alias("first"), pl.col("token").max().alias("last"))
        )
        lost = self.spans.join(covered, on=("annotator", *PLACE), how="anti")
        if lost.height:
            raise DataError(
                f"{lost.height} spans cover no token, the first is in item {lost['item'][0]}.",
                hint="give every token of every item, with offsets in the same characters as the spans",
            )
        spans = covered.with_columns(pl.col("first").alias("start"), (pl.col("last") + 1).alias("end"))
        lengths = numbered.group_by("item").agg(pl.len().cast(pl.Int64).alias("length"))
        readings = self.readings.drop("length").join(lengths, on="item", how="left", maintain_order="left")
        return SpanReadings(readings, spans.select(self.spans.columns).unique().sort("annotator", *PLACE))

    def positions(self) -> pl.DataFrame:
        """Every marked character, or token, as a span of its own; once for each label it carries."""
        each = self.spans.with_columns(pl.int_ranges("start", "end").alias("start")).explode("start")
        return each.with_columns((pl.col("start") + 1).alias("end")).unique()

    def _where(self, condition: pl.Expr) -> SpanReadings:
        return SpanReadings(self.readings.filter(condition), self.spans.filter(condition))


def _require_read_once(readings: pl.DataFrame) -> None:
    twice = readings.filter(pl.struct(READING).is_duplicated())
    if twice.height:
        item, annotator = twice.row(0)[:2]
        raise DataError(
            f"Annotator {annotator} read item {item} more than once.", hint="keep one reading of each annotator"
        )


def _require_extent(spans: pl.DataFrame) -> None:
    # A null length makes the last comparison null, which filter takes as false: any end is then allowed.
    wrong = spans.filter(
        (pl.col("start") < 0) | (pl.col("end") <= pl.col("start")) | (pl.col("end") > pl.col("length"))
    )
    if wrong.height:
        row = cast("dict[str, object]", wrong.row(0, named=True))
        raise DataError(
            f"{wrong.height} spans do not lie in their text, the first is {row['start']} to {row['end']} "
            f"in item {row['item']}.",
            hint="offsets count characters from 0, the end is exclusive",
        )
