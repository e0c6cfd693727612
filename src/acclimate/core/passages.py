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

_POSTING: dict[str, type[pl.DataType]] = {"gram": pl.UInt64, "item": pl.Int32, "place": pl.Int32}


@dataclass(frozen=True)
class PassageIndex:
    """All passages of some held-out items; `words` are those of each item that lie in a passage that tells it."""

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

    def only(self, telling: npt.NDArray[np.bool_]) -> PassageIndex:
        """The index of the passages for which `telling`, aligned with `grams`, is true."""
        if telling.all():
            return self
        grams = self.grams[telling]
        return _index(self.postings.filter(pl.col("gram").is_in(pl.Series(grams).implode())), items=len(self.words))


def index_passages(batches: Iterable[Sequence[str]]) -> PassageIndex:
    """The index of items that come a batch at a time; an item is known by its place among all of them."""
    return index_grams(passages_of(texts) for texts in batches)


def index_grams(batches: Iterable[HashSets]) -> PassageIndex:
    """The same of the passages of items."""
    parts, items = [pl.DataFrame(schema=_POSTING)], 0
    for grams in batches:
        places = np.arange(len(grams.hashes)) - np.repeat(grams.offsets[:-1], grams.sizes)
        postings = pl.DataFrame({"gram": grams.hashes, "item": grams.texts + items, "place": places})
        parts.append(postings.cast({name: _POSTING[name] for name in postings.columns}))
        items += len(grams.sizes)
    every = pl.concat(parts)
    stock = (
        every.select("gram", "item").unique().group_by("gram").len().filter(pl.col("len") > max(STOCK, items // 100))
    )
    return _index(every.join(stock, on="gram", how="anti").sort("gram", "item", "place"), items=items)


def passages_of(texts: Sequence[str]) -> HashSets:
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


def _index(postings: pl.DataFrame, *, items: int) -> PassageIndex:
    words = np.zeros(items, dtype=np.int64)
    covered = _covered_words(postings, ["item"])
    words[covered["item"].to_numpy()] = covered["words"].to_numpy()
    return PassageIndex(postings["gram"].unique().sort().to_numpy(), postings, words)


def _covered_words(places: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """How many words the passages that begin at these places cover, each word counted once."""
    ordered = places.select(*by, "place").unique().sort(*by, "place")
    goes_on = pl.all_horizontal(pl.col(by) == pl.col(by).shift()).fill_null(False)
    step = pl.when(goes_on).then(pl.col("place").diff().clip(upper_bound=PASSAGE_WORDS)).otherwise(PASSAGE_WORDS)
    return ordered.with_columns(step=step).group_by(by).agg(words=pl.col("step").sum())
