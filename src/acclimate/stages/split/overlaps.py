"""Records to learn from that hold the passages of held-out ones: of test records, also of earlier rounds, and of
evaluation sets.

Ties of subject, cluster and text do not show a note that quotes another. Here the texts themselves are compared, after
the division is made. A passage that many records to learn from share is a form or a greeting, and tells nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from acclimate.core.artifacts import TableWriter
from acclimate.core.passages import (
    PASSAGE_WORDS,
    STOCK,
    PassageIndex,
    index_grams,
    look_up_words,
    passages_of,
    shares_held,
)
from acclimate.core.ports import Context
from acclimate.core.schema import TEXT_COLUMNS, task_text
from acclimate.core.stage import Inputs
from acclimate.core.word_hashes import HashSets, Sieve, n_grams

LEAKS_FILE = "leaks.parquet"
"""Which record to learn from holds which held-out item, in the artifact of split."""

TEST, EARLIER_TEST, EVALUATION = "test", "earlier test", "evaluation set "

_TEXTS_AT_ONCE = 1024
_READ = ("id", *TEXT_COLUMNS, "messages", "split", "source")
_LEAKS_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("split", pa.string(), nullable=False),
        pa.field("held_out", pa.string(), nullable=False),
        pa.field("held_out_id", pa.string()),
        pa.field("share", pa.float64(), nullable=False),
    ]
)
"""`held_out_id` is null for items of evaluation sets: their ids may hold identifiers, and this is the open zone."""


@dataclass(frozen=True)
class HeldOut:
    """All that must not be learnt: `items` has `held_out` (of which set) and `held_out_id`, in the order of the index."""

    items: pl.DataFrame
    index: PassageIndex


@dataclass(frozen=True)
class Overlaps:
    """`found` names record, split, set and item with the share of the item's words that the record holds; `items` and
    `short` count each set's items and those without a passage of their own."""

    found: pl.DataFrame
    items: Mapping[str, int]
    short: Mapping[str, int]


def find_overlaps(
    inputs: Inputs, divided: pl.DataFrame, words: HashSets, *, min_share: float, context: Context
) -> Overlaps:
    """What of the held-out items stands in the records to learn from, from `min_share` of an item's words up.

    `divided` has `position`, `id` and `split` of every record that has one, `words` the words of all records by position;
    the inputs `previous` (an earlier split) and `evaluation` are optional.
    """
    divided = divided.sort("position")
    held_out = hold_out(inputs, divided.filter(split="test"), words, batch_rows=context.batch_rows)
    learning = divided.filter(pl.col("split") != "test").select(pl.col("position").cast(pl.Int64), "id", "split")
    held, telling = _passages_held(words, held_out.index.sieve, learning, context)
    index = held_out.index.only(telling)
    named = held_out.items.with_row_index("item").with_columns(pl.col("item").cast(pl.Int32))
    shares = shares_held(index, held, by="id", min_share=min_share)
    found = shares.join(named, on="item").join(learning.select("id", "split"), on="id")
    found = found.sort("id", "held_out", "held_out_id", "share")
    return Overlaps(found, _by_set(held_out.items), _by_set(held_out.items.filter(pl.Series(index.words == 0))))


def hold_out(inputs: Inputs, tested: pl.DataFrame, words: HashSets, *, batch_rows: int) -> HeldOut:
    """The test records of now, those of the earlier split that are not among them, and the items of evaluation sets."""
    items: list[tuple[str, str | None]] = [(TEST, name) for name in tested["id"]]
    names = frozenset(tested["id"])

    def grams() -> Iterator[HashSets]:
        for positions in _in_parts(tested["position"].to_numpy().astype(np.int64)):
            yield n_grams(words.take(positions), PASSAGE_WORDS)
        for role in ("previous", "evaluation"):
            for batch in inputs[role].batches(_READ, batch_rows=batch_rows) if role in inputs else ():
                chosen = [(item, row) for row in batch.to_pylist() if (item := _held_out(role, row, names))]
                items.extend(item for item, _ in chosen)
                yield passages_of([task_text(row) for _, row in chosen])

    index = index_grams(grams())
    schema = {"held_out": pl.String, "held_out_id": pl.String}
    return HeldOut(pl.DataFrame(items, schema=schema, orient="row"), index)


def drop_overlaps(decided: pl.DataFrame, overlaps: Overlaps) -> pl.DataFrame:
    """The division without the records that were found, each with the set whose item it holds most of."""
    first = overlaps.found.sort(["share", "held_out"], descending=[True, False]).unique("id", maintain_order=True)
    marked = decided.join(first.select("id", "held_out"), on="id", how="left", maintain_order="left")
    is_found = pl.col("held_out").is_not_null()
    return marked.with_columns(
        split=pl.when(~is_found).then("split"),
        reason=pl.when(is_found).then(pl.lit("leak_passage")).otherwise("reason"),
        value=pl.when(is_found).then("held_out").otherwise("value"),
    ).drop("held_out")


def overlap_metrics(overlaps: Overlaps) -> dict[str, dict[str, int]]:
    """For each held-out set its items, those too short to be looked for, those found, and the records that hold any."""
    metrics = {}
    for name, items in overlaps.items.items():
        found = overlaps.found.filter(held_out=name)
        metrics[name] = {
            "items": items,
            "items_without_passage": overlaps.short.get(name, 0),
            "items_found": found["item"].n_unique(),
            "records": found["id"].n_unique(),
        }
    return metrics


def overlap_warnings(overlaps: Overlaps, *, min_share: float) -> Iterator[str]:
    """Where figures on a held-out set mean less, as its items were learnt from."""
    for name, counts in overlap_metrics(overlaps).items():
        if counts["records"]:
            yield (
                f"{counts['records']} records to learn from hold at least {min_share:.0%} of the words of {name} items"
                f" ({counts['items_found']} of {counts['items']}): {LEAKS_FILE} in this step's artifact says which,"
                " split.shared_passages: drop leaves them out."
            )


def write_leaks(folder: Path, overlaps: Overlaps) -> None:
    """Writes every finding into a folder."""
    with TableWriter(folder / LEAKS_FILE, _LEAKS_SCHEMA) as writer:
        writer.write(overlaps.found.select(_LEAKS_SCHEMA.names).to_arrow())


def _held_out(role: str, row: Mapping[str, Any], tested: frozenset[str]) -> tuple[str, str | None] | None:
    """The set that a row of another input is held out in, and its id; None where it is not."""
    if role == "evaluation":
        return f"{EVALUATION}{row['source'] or ''}", None
    return (EARLIER_TEST, row["id"]) if row["split"] == "test" and row["id"] not in tested else None


def _passages_held(
    words: HashSets, known: Sieve, learning: pl.DataFrame, context: Context
) -> tuple[pl.DataFrame, npt.NDArray[np.bool_]]:
    """`id` and `gram` of the known passages in records to learn from, and which of all known ones are no stock phrase.

    No more lines are kept of a passage than make it a stock phrase, however many records hold it.
    """
    records = np.zeros(len(known.known), dtype=np.int64)
    parts = [pl.DataFrame(schema={"gram": pl.UInt64, "id": pl.String})]
    texts = len(words.sizes)
    with context.progress("looking for held-out passages", texts) as progress:
        for start in range(0, texts, _TEXTS_AT_ONCE):
            end = min(start + _TEXTS_AT_ONCE, texts)
            found = look_up_words(known, words.slice(start, end))
            at = found.select("gram", position=pl.col("row") + start)
            part = at.join(learning.select("position", "id"), on="position", how="inner")
            place = np.searchsorted(known.known, part["gram"].to_numpy())
            np.add.at(records, place, 1)
            parts.append(part.select("gram", "id").filter(pl.Series(records[place] <= STOCK)))
            progress.advance(end - start)
    telling = records <= STOCK
    every = pl.concat(parts)
    return every.filter(pl.Series(telling[np.searchsorted(known.known, every["gram"].to_numpy())])), telling


def _in_parts(positions: npt.NDArray[np.int64]) -> Iterator[npt.NDArray[np.int64]]:
    """So many at a time that their passages are held at once."""
    for start in range(0, len(positions), _TEXTS_AT_ONCE):
        yield positions[start : start + _TEXTS_AT_ONCE]


def _by_set(items: pl.DataFrame) -> dict[str, int]:
    return dict(items.group_by("held_out").len().sort("held_out").iter_rows())
