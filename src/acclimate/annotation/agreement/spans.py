"""Agreement on spans: mean pairwise F1, and an alpha over characters or tokens that takes out chance.

Where most text is unmarked, agreement on what is not a span has no natural count. F1 leaves it out; and tends to kappa
as the unmarked part grows (Hripcsak and Rothschild 2005).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
import polars as pl
from scipy import sparse
from scipy.sparse import csgraph

from acclimate.annotation.agreement.figure import (
    DEFAULT_BOOTSTRAP,
    Agreement,
    Bootstrap,
    Disagreement,
    Figure,
    TooFewReadingsError,
)
from acclimate.annotation.readings import Floats
from acclimate.annotation.span_readings import PLACE, SpanReadings
from acclimate.core.errors import ConfigError, DataError

Match = Literal["exact", "overlap", "position"]

PAIR = ("item", "annotator", "annotator_other")
NO_SPANS = "Nobody marked a span, so there is nothing to agree on."


def span_f1(readings: SpanReadings, *, match: Match = "exact", bootstrap: Bootstrap = DEFAULT_BOOTSTRAP) -> Agreement:
    """The F1 of the spans of every two annotators, averaged over pairs of annotators who marked any.

    Labels must agree. `exact` wants the same start and end; `overlap` any common character, each span matched once
    (maximum matching); `position` counts characters, or tokens after `on_tokens`, instead of spans. NaN where nobody
    marked anything.
    """
    if match not in get_args(Match):
        raise ConfigError(f"match is {match!r}.", hint=f"take one of {', '.join(get_args(Match))}")
    paired = _paired(readings)
    spans = paired.positions() if match == "position" else paired.spans
    matched = _overlapping(spans) if match == "overlap" else _identical(spans)
    columns, pairs = _pair_columns(paired, spans, matched)

    def disagreement(sums: Floats) -> Disagreement:
        both, sizes = sums[:, :pairs], sums[:, pairs:]
        f1 = np.divide(2 * both, sizes, out=np.zeros_like(both), where=sizes > 0)
        marked = (sizes > 0).sum(axis=1)
        mean = np.full(len(sums), np.nan)
        np.divide(f1.sum(axis=1), marked, out=mean, where=marked > 0)
        return Disagreement(1 - mean, np.ones(len(sums)))

    return _figure(f"span_f1_{match}", paired, columns, disagreement).agreement(bootstrap)


def span_alpha(readings: SpanReadings, *, bootstrap: Bootstrap = DEFAULT_BOOTSTRAP) -> Agreement:
    """Krippendorff's alpha over characters, or tokens after `on_tokens`: how far annotators mark the same places.

    Each character is a unit, its value the set of labels that cover it, so spans may overlap; two values differ by
    the number of labels that only one of them has. With one label this is the binary alpha of the text as marked and
    unmarked, and follows the idea of Krippendorff et al. 2016 ("On the reliability of unitizing textual continua"),
    but a boundary off by one character costs one character, and how many spans cover a place is not seen. Whole items
    are resampled. Raises DataError where lengths are missing.
    """
    paired = _paired(readings)
    if paired.readings["length"].null_count():
        raise DataError(
            "The length of an item is missing, so unmarked text cannot be counted.",
            hint="give the column length, or call on_tokens",
        )
    columns = _position_columns(paired)

    def disagreement(sums: Floats) -> Disagreement:
        values, marked = sums[:, 1:2], sums[:, 2:]
        by_chance = 2 * marked * (values - marked) / (values * (values - 1))
        return Disagreement(sums[:, 0] / values[:, 0], np.asarray(by_chance.sum(axis=1)))

    return _figure("span_alpha", paired, columns, disagreement).agreement(bootstrap)


def _figure(
    name: str,
    paired: SpanReadings,
    columns: Floats | sparse.csr_array,
    disagreement: Callable[[Floats], Disagreement],
) -> Figure:
    items = _items(paired)
    return Figure(
        coefficient=name,
        columns=columns,
        disagreement=disagreement,
        clusters=items["cluster"].to_list(),
        items=items.height,
        readings=paired.readings.height,
        annotators=len(paired.annotators),
        no_variation=NO_SPANS,
    )


def _items(paired: SpanReadings) -> pl.DataFrame:
    """Each item's cluster, length and number of readings, in the order of all columns."""
    summary = paired.readings.group_by("item").agg(
        pl.col("cluster").first(), pl.col("length").max(), pl.len().cast(pl.Int64).alias("annotators")
    )
    return summary.sort("item").with_row_index("row")


def _paired(readings: SpanReadings) -> SpanReadings:
    """The readings of items that two or more annotators read."""
    shared = readings.readings.filter(pl.len().over("item") > 1)["item"]
    if shared.is_empty():
        raise TooFewReadingsError(
            f"No item of {readings.readings['item'].n_unique()} has two readings, so there is nothing to compare.",
            hint="let a second annotator read some of the same items",
        )
    return readings.only_items(set(shared))


def _identical(spans: pl.DataFrame) -> pl.DataFrame:
    """How many spans of each two annotators are the same, a row for each item and pair that has any."""
    both = spans.join(spans, on=PLACE, suffix="_other").filter(pl.col("annotator") < pl.col("annotator_other"))
    return both.group_by(PAIR).agg(pl.len().alias("matched"))


def _overlapping(spans: pl.DataFrame) -> pl.DataFrame:
    """How many spans of each two annotators overlap when each is matched once, as many as possible."""
    numbered = spans.with_row_index("span")
    both = numbered.join(numbered, on=("item", "field", "label"), suffix="_other").filter(
        pl.col("annotator") < pl.col("annotator_other"),
        pl.col("start") < pl.col("end_other"),
        pl.col("start_other") < pl.col("end"),
    )
    # One graph for all: a span stands in it once for every annotator it is compared with.
    left = pl.struct("span", "annotator_other").rank("dense").cast(pl.Int64) - 1
    right = pl.struct("span_other", "annotator").rank("dense").cast(pl.Int64) - 1
    edges = both.select(*PAIR, left.alias("left"), right.alias("right"))
    owners = edges.unique("left").sort("left")
    if owners.is_empty():
        return owners.select(*PAIR, pl.lit(0).alias("matched"))
    graph = sparse.csr_array((np.ones(edges.height), (edges["left"].to_numpy(), edges["right"].to_numpy())))
    partner = csgraph.maximum_bipartite_matching(graph, perm_type="column")
    return owners.filter(pl.Series(partner >= 0)).group_by(PAIR).agg(pl.len().alias("matched"))


def _pair_columns(paired: SpanReadings, spans: pl.DataFrame, matched: pl.DataFrame) -> tuple[sparse.csr_array, int]:
    """Items × (matches of each pair, then spans of both of each pair), and the number of pairs."""
    counted = spans.group_by("item", "annotator").agg(pl.len().alias("spans"))
    marked = paired.readings.join(counted, on=("item", "annotator"), how="left").select(
        "item", "annotator", pl.col("spans").fill_null(0)
    )
    both = (
        marked.join(marked, on="item", suffix="_other")
        .filter(pl.col("annotator") < pl.col("annotator_other"))
        .join(matched, on=PAIR, how="left")
        .join(_items(paired), on="item")
        .with_columns(pl.struct("annotator", "annotator_other").rank("dense").cast(pl.Int64).alias("pair") - 1)
    )
    row, pair = both["row"].to_numpy(), both["pair"].to_numpy()
    pairs = int(pair.max()) + 1
    matches = both["matched"].fill_null(0).to_numpy()
    sizes = (both["spans"] + both["spans_other"]).to_numpy()
    values = np.concatenate([matches, sizes]).astype(np.float64)
    places = (np.concatenate([row, row]), np.concatenate([pair, pair + pairs]))
    return sparse.csr_array((values, places), shape=(paired.readings["item"].n_unique(), 2 * pairs)), pairs


def _position_columns(paired: SpanReadings) -> Floats:
    """Items × (disagreeing pairs, readings of all positions, readings that mark the position with each label)."""
    items = _items(paired)
    covered = paired.positions().group_by("item", "field", "start", "label").agg(pl.len().alias("marking"))
    disagreeing = 2 * pl.col("marking") * (pl.col("annotators") - pl.col("marking")) / (pl.col("annotators") - 1)
    of_label = (
        covered.join(items, on="item")
        .with_columns(disagreeing.alias("disagreeing"), pl.col("label").rank("dense").cast(pl.Int64) - 1)
        .group_by("row", "label")
        .agg(pl.col("disagreeing").sum(), pl.col("marking").sum())
    )
    columns = np.zeros((items.height, 2 + len(paired.labels)))
    columns[:, 1] = (items["annotators"] * items["length"]).to_numpy()
    np.add.at(columns[:, 0], of_label["row"].to_numpy(), of_label["disagreeing"].to_numpy())
    columns[of_label["row"].to_numpy(), 2 + of_label["label"].to_numpy()] = of_label["marking"].to_numpy()
    return columns
