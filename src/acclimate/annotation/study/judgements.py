"""What readers said when two outputs stood side by side, one row a comparison; arms are named, so blinding is over."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from acclimate.annotation.study.protocol import Protocol

SCHEMA: Mapping[str, pl.DataType] = {
    "item": pl.String(),
    "repeats": pl.String(),
    "known_bad": pl.Boolean(),
    "cluster": pl.String(),
    "reader": pl.String(),
    "axis": pl.String(),
    "arm": pl.String(),
    "other": pl.String(),
    "outcome": pl.Int8(),
    "first": pl.Boolean(),
    "length": pl.Float64(),
    "seconds": pl.Float64(),
}
"""One reader's comparison of `arm` with `other` on an axis.

`outcome` is 1 where `arm` is better, -1 where it is worse, 0 for a tie; `first` says whether it stood before the other;
`length` is the natural logarithm of how many times as long it is; `repeats` names the item that this one shows again.
"""


@dataclass(frozen=True)
class Shown:
    """An item as one reader saw it: its outputs in the order of the page, each with the arm that made it."""

    item: str
    cluster: str
    reader: str
    arms: Sequence[str]
    texts: Sequence[str]
    seconds: float = 0.0
    repeats: str | None = None
    known_bad: bool = False


def compared(
    shown: Shown, rankings: Mapping[str, Sequence[Sequence[str]]], order: Sequence[str]
) -> Iterator[dict[str, object]]:
    """The rows that a reader's rankings (by axis, groups of arms, the best first) give; arms pair up in this order.

    >>> shown = Shown("i", "p", "ann", arms=["base", "adapted"], texts=["ab", "abcd"])
    >>> [row] = compared(shown, {"better": [["adapted"], ["base"]]}, ["adapted", "base"])
    >>> row["outcome"], row["first"], round(row["length"], 2)
    (1, False, 0.51)
    """
    lengths = {arm: math.log(len(text) + 1) for arm, text in zip(shown.arms, shown.texts, strict=True)}
    place = {arm: at for at, arm in enumerate(shown.arms)}
    here = [arm for arm in order if arm in place]
    for axis, groups in rankings.items():
        rank = {arm: at for at, group in enumerate(groups) for arm in group}
        for arm, other in itertools.combinations(here, 2):
            difference = rank[other] - rank[arm]
            yield {
                "item": shown.item,
                "repeats": shown.repeats,
                "known_bad": shown.known_bad,
                "cluster": shown.cluster,
                "reader": shown.reader,
                "axis": axis,
                "arm": arm,
                "other": other,
                "outcome": (difference > 0) - (difference < 0),
                "first": place[arm] < place[other],
                "length": lengths[arm] - lengths[other],
                "seconds": shown.seconds,
            }


def judgement_table(rows: Iterator[dict[str, object]]) -> pl.DataFrame:
    """The rows as a table in `SCHEMA`, in an order that does not depend on who clicked first."""
    table = pl.DataFrame(list(rows), schema=SCHEMA, orient="row")
    return table.sort("item", "reader", "axis", "arm", "other")


def counted(table: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    """The rows that preferences are counted from: no repeats, no known-bad outputs, the protocol's comparisons alone."""
    pairs = pl.DataFrame([pair.model_dump() for pair in protocol.pairs], schema={"arm": pl.String, "other": pl.String})
    own = table.filter(pl.col("repeats").is_null() & ~pl.col("known_bad"))
    return own.join(pairs, on=["arm", "other"], how="semi", maintain_order="left")
