"""Passages that two texts share: a held-out item inside a longer text, which no similarity of whole texts shows.

A word 8-gram both have proposes the pair; then it is counted exactly how many of the item's words lie in such 8-grams.
Overlap by n-grams is how GPT-3 (Brown et al. 2020, appendix C: 8 to 13 words by length of the item) and PaLM
(Chowdhery et al. 2022: 8 words, a share of the item) look for contamination; the share keeps a single stock phrase from
counting, and 8 words rather than 13 find a copy of which every tenth word was changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from acclimate.core.schema import task_text
from acclimate.core.word_hashes import Hashes, HashSets, Sieve, hash_words, n_grams, neighbouring

PASSAGE_WORDS = 8
"""A text with fewer words has no passage and is not searched for."""

STOCK = 10
"""An n-gram that stands in more items than this, and in more than one of a hundred, is a stock phrase, an instruction
before each: it tells no item. In a large set many questions may be asked of one text, which is none."""

_POSTING = pl.Schema({"gram": pl.UInt64, "item": pl.Int32, "place": pl.Int32})


@dataclass(frozen=True)
class Passages:
    """The passages of some held-out items, each once and sorted: `telling` ones, and `stock` phrases."""

    telling: Hashes
    stock: Hashes


@dataclass(frozen=True)
class PassageIndex:
    """Where passages stand in the held-out items; `words` are those of each item that lie in a passage that tells it."""

    grams: Hashes
    postings: pl.DataFrame
    words: npt.NDArray[np.int64]

    @cached_property
    def sieve(self) -> Sieve:
        """All passages, to look others up in."""
        return Sieve(self.grams)

    @property
    def unsearched(self) -> int:
        """Items without a passage of their own: too short, or stock phrases from end to end."""
        return int((self.words == 0).sum())


def index_passages(batches: Iterable[Sequence[str]]) -> PassageIndex:
    """The index of items that come a batch at a time; an item is known by its place among all of them."""
    grams = [passages_of(texts) for texts in batches]
    passages = gather_passages(grams)
    return index_grams(grams, passages.telling, silent=passages.stock)


def gather_passages(batches: Iterable[HashSets]) -> Passages:
    """All passages of items that come a batch at a time, without where they stand: eight bytes for each."""
    parts, items = [np.empty(0, dtype=np.uint64)], 0
    for grams in batches:
        own = pl.DataFrame({"item": grams.texts, "gram": grams.hashes}).unique()
        parts.append(own["gram"].to_numpy())
        items += len(grams.sizes)
    every = np.concatenate(parts)
    parts.clear()
    every.sort()
    # Sorted, equal ones stand together: one that stands in more items than `most` is met again so many places on.
    most = max(STOCK, items // 100)
    stock = np.unique(every[most:][every[most:] == every[: max(len(every) - most, 0)]])
    once = every[np.append(True, every[1:] != every[:-1])[: len(every)]]
    return Passages(np.delete(once, np.searchsorted(once, stock)), stock)


def index_grams(batches: Iterable[HashSets], grams: Hashes, *, silent: Hashes) -> PassageIndex:
    """Where `grams`, sorted, stand in the items; all their passages count as words of theirs but the `silent` ones."""
    asked, unsaid = Sieve(grams), Sieve(silent)
    parts, words, items = [pl.DataFrame(schema=_POSTING)], [np.empty(0, dtype=np.int64)], 0
    for batch in batches:
        places = np.arange(len(batch.hashes)) - np.repeat(batch.offsets[:-1], batch.sizes)
        every = pl.DataFrame({"gram": batch.hashes, "item": batch.texts, "place": places}).cast(_POSTING)
        covered = _covered_words(_without(every, unsaid.find(batch.hashes)[0]), ["item"])
        words.append(np.zeros(len(batch.sizes), dtype=np.int64))
        words[-1][covered["item"].to_numpy()] = covered["words"].to_numpy()
        parts.append(every[asked.find(batch.hashes)[0]].with_columns(pl.col("item") + items))
        items += len(batch.sizes)
    return PassageIndex(grams, pl.concat(parts), np.concatenate(words))


def passages_of(texts: Sequence[str] | pl.Series) -> HashSets:
    """The passages of each text, to be looked up in any number of indexes."""
    return n_grams(hash_words(texts), PASSAGE_WORDS)


def read_passages(batch: pa.RecordBatch) -> tuple[list[str], HashSets]:
    """The ids of a batch of records, and the passages of each."""
    rows = batch.to_pylist()
    return [row["id"] for row in rows], passages_of([task_text(row) for row in rows])


def find_passages(index: PassageIndex, grams: HashSets, *, min_share: float) -> pl.DataFrame:
    """Which items the texts hold: `row` (the text's place), `item`, `share` of the item's words, from `min_share` up.

    >>> index = index_passages([["which of these drugs lowers the potassium of a patient most", "too short"]])
    >>> held = passages_of(["He asked which of these drugs lowers the potassium of him."])
    >>> find_passages(index, held, min_share=0.5).to_dicts()
    [{'row': 0, 'item': 0, 'share': 0.7272727272727273}]
    """
    return shares_held(index, look_up(index.sieve, grams), by="row", min_share=min_share)


def look_up(known: Sieve, grams: HashSets) -> pl.DataFrame:
    """Which of some known passages the texts have: `row` and `gram`, each pair once."""
    shared, _ = known.find(grams.hashes)
    rows = np.searchsorted(grams.offsets, shared, side="right") - 1
    found = {"row": pl.Series(rows, dtype=pl.Int64), "gram": pl.Series(grams.hashes[shared], dtype=pl.UInt64)}
    return pl.DataFrame(found).unique()


def look_up_words(known: Sieve, words: HashSets) -> pl.DataFrame:
    """The same from the words of the texts: few passages are known, so that only these are asked which text they are of."""
    shared, among = known.find(neighbouring(words.hashes, PASSAGE_WORDS))
    rows = np.searchsorted(words.offsets, shared, side="right") - 1
    within = shared + PASSAGE_WORDS <= words.offsets[rows + 1]
    found = {
        "row": pl.Series(rows[within], dtype=pl.Int64),
        "gram": pl.Series(known.known[among[within]], dtype=pl.UInt64),
    }
    return pl.DataFrame(found).unique()


def shares_held(index: PassageIndex, held: pl.DataFrame, *, by: str, min_share: float) -> pl.DataFrame:
    """`by`, `item` and the `share` of the item's words that lie in held passages (`by`, `gram`), from `min_share` up."""
    covered = _covered_words(held.join(index.postings, on="gram"), [by, "item"])
    words = pl.Series(index.words[covered["item"].to_numpy()], dtype=pl.Int64)
    found = covered.select(by, "item", share=covered["words"] / words)
    return found.filter(pl.col("share") >= min_share).sort(by, "item")


def _without(rows: pl.DataFrame, places: npt.NDArray[np.int64]) -> pl.DataFrame:
    stays = np.ones(rows.height, dtype=np.bool_)
    stays[places] = False
    return rows.filter(pl.Series(stays))


def _covered_words(places: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """How many words the passages that begin at these places cover, each word counted once."""
    ordered = places.select(*by, "place").unique().sort(*by, "place")
    goes_on = pl.all_horizontal(pl.col(by) == pl.col(by).shift()).fill_null(False)
    step = pl.when(goes_on).then(pl.col("place").diff().clip(upper_bound=PASSAGE_WORDS)).otherwise(PASSAGE_WORDS)
    return ordered.with_columns(step=step).group_by(by).agg(words=pl.col("step").sum())
