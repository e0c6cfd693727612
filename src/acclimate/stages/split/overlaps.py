"""Records to learn from that hold the passages of held-out ones: of test records, also of earlier rounds, and of
evaluation sets.

Ties of subject, cluster and text do not show a note that quotes another. Here the texts themselves are compared, after
the division is made. A passage that many records to learn from share is a form or a greeting, and tells nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from acclimate.core.artifacts import Artifact, TableWriter
from acclimate.core.passages import (
    PASSAGE_WORDS,
    STOCK,
    gather_passages,
    index_grams,
    look_up_words,
    passages_of,
    shares_held,
)
from acclimate.core.ports import Context
from acclimate.core.schema import TEXT_COLUMNS
from acclimate.core.stage import Inputs
from acclimate.core.task_texts import task_texts
from acclimate.core.word_hashes import Hashes, HashSets, SetsOnDisk, Sieve, n_grams
from acclimate.stages.split.earlier_tests import EarlierTests, find_earlier_tests

LEAKS_FILE = "leaks.parquet"
"""Which record to learn from holds which held-out item, in the artifact of split."""

TEST, EARLIER_TEST, EVALUATION = "test", "earlier test", "evaluation set "

_TEXTS_AT_ONCE = 1024
_PAYLOAD = (*TEXT_COLUMNS, "messages")
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
class Overlaps:
    """`found` names record, split, set and item with the share of the item's words that the record holds; `items` and
    `short` count each set's items and those without a passage of their own, `without_text` earlier test records that
    could not be looked for."""

    found: pl.DataFrame
    items: Mapping[str, int]
    short: Mapping[str, int]
    without_text: int


@dataclass(frozen=True)
class HeldOut:
    """What must not be learnt: the test records of now (`tested`, with their `words`), those of earlier rounds that are
    not among them, and the items of evaluation sets."""

    tested: pl.DataFrame
    words: SetsOnDisk
    earlier: EarlierTests
    evaluation: Artifact | None
    batch_rows: int

    def items(self) -> pl.DataFrame:
        """`held_out` (of which set) and `held_out_id` of each."""
        parts = [self.tested.select(held_out=pl.lit(TEST), held_out_id="id")]
        for batch in self.earlier.batches(["id"], batch_rows=self.batch_rows):
            parts.append(pl.DataFrame(pl.from_arrow(batch)).select(held_out=pl.lit(EARLIER_TEST), held_out_id="id"))
        for batch in self._evaluation(["source"]):
            held_out = pl.lit(EVALUATION) + pl.col("source").fill_null("")
            nameless = pl.lit(None, dtype=pl.String)
            parts.append(pl.DataFrame(pl.from_arrow(batch)).select(held_out=held_out, held_out_id=nameless))
        return pl.concat(parts)

    def grams(self) -> Iterator[HashSets]:
        """The passages of the same items, in the same order."""
        is_tested = _marked(self.tested, self.words.texts)
        start = 0
        for part in self.words.parts(_TEXTS_AT_ONCE):
            end = start + len(part.sizes)
            yield n_grams(part.take(np.flatnonzero(is_tested[start:end])), PASSAGE_WORDS)
            start = end
        for batch in self.earlier.batches(["id", *_PAYLOAD], batch_rows=self.batch_rows):
            yield passages_of(task_texts(batch))
        for batch in self._evaluation(_PAYLOAD):
            yield passages_of(task_texts(batch))

    def _evaluation(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        return self.evaluation.batches(columns, batch_rows=self.batch_rows) if self.evaluation else iter(())


def find_overlaps(
    inputs: Inputs, divided: pl.DataFrame, words: SetsOnDisk, *, min_share: float, context: Context
) -> Overlaps:
    """What of the held-out items stands in the records to learn from, from `min_share` of an item's words up.

    `divided` has `position`, `id`, `text_digest` and `split` of every record that has one, `words` the words of all
    records by position; the inputs `previous`, `earlier.…` (splits of earlier rounds) and `evaluation` are optional.
    Held-out items are read twice: where a passage stands is asked only of those that records to learn from hold.
    """
    divided = divided.sort("position")
    tested = divided.filter(split="test")
    learning = divided.filter(pl.col("split") != "test").select(pl.col("position").cast(pl.Int64), "id", "split")
    earlier = find_earlier_tests(inputs, tested, batch_rows=context.batch_rows)
    held_out = HeldOut(tested, words, earlier, inputs.get("evaluation"), context.batch_rows)
    passages = gather_passages(held_out.grams())
    held, common = _passages_held(words, Sieve(passages.telling), learning, context)
    known = held["gram"].unique().sort().to_numpy()
    index = index_grams(held_out.grams(), known, silent=np.union1d(passages.stock, common))
    items = held_out.items()
    named = items.with_row_index("item").with_columns(pl.col("item").cast(pl.Int32))
    shares = shares_held(index, held, by="position", min_share=min_share)
    found = shares.join(named, on="item").join(learning, on="position")
    found = found.sort("id", "held_out", "held_out_id", "share")
    short = _by_set(items.filter(pl.Series(index.words == 0)))
    return Overlaps(found, _by_set(items), short, earlier.without_text)


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


def _passages_held(
    words: SetsOnDisk, known: Sieve, learning: pl.DataFrame, context: Context
) -> tuple[pl.DataFrame, Hashes]:
    """`position` and `gram` of the known passages in records to learn from, and which of all known ones are stock phrases.

    No more lines are kept of a passage than make it a stock phrase, however many records hold it.
    """
    records = np.zeros(len(known.known), dtype=np.int32)
    is_learning = _marked(learning, words.texts)
    parts = [pl.DataFrame(schema={"gram": pl.UInt64, "position": pl.Int64})]
    start = 0
    with context.progress("looking for held-out passages", words.texts) as progress:
        for batch in words.parts(_TEXTS_AT_ONCE):
            at = look_up_words(known, batch).select("gram", position=pl.col("row") + start)
            part = at.filter(pl.Series(is_learning[at["position"].to_numpy()]))
            place = np.searchsorted(known.known, part["gram"].to_numpy())
            np.add.at(records, place, 1)
            parts.append(part.filter(pl.Series(records[place] <= STOCK)))
            start += len(batch.sizes)
            progress.advance(len(batch.sizes))
    every = pl.concat(parts)
    is_stock = records > STOCK
    held = every.filter(pl.Series(~is_stock[np.searchsorted(known.known, every["gram"].to_numpy())]))
    return held, known.known[is_stock]


def _marked(records: pl.DataFrame, texts: int) -> npt.NDArray[np.bool_]:
    """Which of all texts are those of these records, by position."""
    marked = np.zeros(texts, dtype=np.bool_)
    marked[records["position"].to_numpy()] = True
    return marked


def _by_set(items: pl.DataFrame) -> dict[str, int]:
    return dict(items.group_by("held_out").len().sort("held_out").iter_rows())
