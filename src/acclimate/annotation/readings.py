"""Labels that several annotators gave the same items, as codes that all statistics of agreement and truth share.

A reading is one annotator's label for one item. What an annotator did not read is simply absent.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from acclimate.core.errors import DataError

Codes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Label = str | int | float

REST = "(any other label)"


@dataclass(frozen=True)
class Readings:
    """Who gave which item which label.

    `item`, `annotator` and `label` have one entry a reading: the place in `items`, `annotators` and `labels`.
    `labels` is the scale in its order, labels that nobody gave included. `clusters` names each item's cluster
    (its subject, say); whole clusters are resampled.
    """

    items: tuple[str, ...]
    clusters: tuple[str, ...]
    annotators: tuple[str, ...]
    labels: tuple[Label, ...]
    item: Codes
    annotator: Codes
    label: Codes

    @classmethod
    def from_table(cls, table: pl.DataFrame, *, labels: Sequence[Label] | None = None) -> Readings:
        """The readings of a table with the columns item, annotator, label and, where items are tied, cluster.

        A label that is null or NaN means not read. `labels` is the whole scale in its order; without it, the scale is the labels that
        occur, sorted. Raises DataError for missing columns, labels outside the scale, a scale that repeats a
        label, and an item in two clusters.

        >>> table = pl.DataFrame({"item": ["a", "a"], "annotator": ["ann", "bob"], "label": ["yes", "no"]})
        >>> Readings.from_table(table).labels
        ('no', 'yes')
        """
        require_columns(table, ("item", "annotator", "label"))
        read = with_clusters(table.with_columns(pl.col(pl.Float32, pl.Float64).fill_nan(None)).drop_nulls("label"))
        scale = tuple(labels) if labels is not None else tuple(read["label"].unique().sort())
        codes = {label: place for place, label in enumerate(scale)}
        _require_scale(read, scale)
        items = read.unique("item").sort("item")
        return cls(
            items=tuple(items["item"]),
            clusters=tuple(items["cluster"]),
            annotators=tuple(read["annotator"].unique().sort()),
            labels=scale,
            item=_places(read["item"]),
            annotator=_places(read["annotator"]),
            label=np.array([codes[label] for label in read["label"].to_list()], dtype=np.int64),
        )

    @cached_property
    def counts(self) -> Floats:
        """Items × labels: how many annotators gave the item this label."""
        cells = np.bincount(self.item * len(self.labels) + self.label, minlength=len(self.items) * len(self.labels))
        return cells.reshape(len(self.items), len(self.labels)).astype(np.float64)

    def only_items(self, items: Collection[str]) -> Readings:
        """The readings of these items."""
        return self._only(_among(self.items, items)[self.item])

    def only_annotators(self, annotators: Collection[str]) -> Readings:
        """The readings by these annotators."""
        return self._only(_among(self.annotators, annotators)[self.annotator])

    def one_label(self, label: Label) -> Readings:
        """Every reading as this label or any other."""
        if label not in self.labels:
            raise DataError("The label is not on the scale of the readings.", hint="name the whole scale as labels")
        is_label = (self.label == self.labels.index(label)).astype(np.int64)
        return replace(self, labels=(REST, label), label=is_label)

    def _only(self, kept: npt.NDArray[np.bool_]) -> Readings:
        items, item = np.unique(self.item[kept], return_inverse=True)
        annotators, annotator = np.unique(self.annotator[kept], return_inverse=True)
        return Readings(
            items=tuple(self.items[place] for place in items),
            clusters=tuple(self.clusters[place] for place in items),
            annotators=tuple(self.annotators[place] for place in annotators),
            labels=self.labels,
            item=item,
            annotator=annotator,
            label=self.label[kept],
        )


def require_columns(table: pl.DataFrame, columns: Sequence[str]) -> None:
    """Raises DataError where a column is missing."""
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise DataError(
            f"The table of readings lacks the column {', '.join(missing)}.",
            hint=f"it needs {', '.join(columns)}, and cluster where items belong together",
        )


def with_clusters(readings: pl.DataFrame) -> pl.DataFrame:
    """The readings with names as text and a cluster for each: the given one, else the item itself."""
    cluster = pl.coalesce("cluster", "item") if "cluster" in readings.columns else pl.col("item")
    named = readings.with_columns(pl.col("item", "annotator").cast(pl.String), cluster.cast(pl.String).alias("cluster"))
    torn = named.group_by("item").agg(pl.col("cluster").n_unique()).filter(pl.col("cluster") > 1)["item"].sort()
    if len(torn):
        raise DataError(
            f"{len(torn)} items are in more than one cluster, the first is {torn[0]}.",
            hint="an item has one cluster, such as its subject",
        )
    return named


def _require_scale(read: pl.DataFrame, scale: Sequence[Label]) -> None:
    if len(set(scale)) < len(scale):
        raise DataError(f"The scale of {len(scale)} labels repeats a label.", hint="name each label once")
    known = set(scale)
    # A stray label may be text of a record, from a column taken for another, so the item is named instead.
    strays = [item for item, label in read.select("item", "label").iter_rows() if label not in known]
    if strays:
        raise DataError(
            f"{len(strays)} labels are not on the scale of {len(scale)} labels, the first is that of item {min(strays)}.",
            hint="name every label of the scale, or correct the readings",
        )


def _places(names: pl.Series) -> Codes:
    """Each name's place in the sorted list of all names."""
    return names.rank("dense").cast(pl.Int64).to_numpy() - 1


def _among(names: Sequence[str], wanted: Collection[str]) -> npt.NDArray[np.bool_]:
    chosen = set(wanted)
    return np.array([name in chosen for name in names], dtype=np.bool_)
