"""How much of a text its most frequent word n-gram takes, and how much stands in n-grams that stood in it before.

Rae et al. 2021, appendix A.1.1. Words are compared as 64-bit hashes; a batch of texts is one run of arrays.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

TOP_SIZES = (2, 3, 4)
DUPLICATE_SIZES = (5, 6, 7, 8, 9, 10)


@dataclass(frozen=True)
class _Words:
    """The words of all texts in one row: the text each is of, its hash, its characters, and what comes before it."""

    text: npt.NDArray[np.int64]
    hashes: npt.NDArray[np.uint64]
    characters: npt.NDArray[np.float64]
    before: npt.NDArray[np.float64]
    """Characters of all words before each word; one entry more than words."""

    def starts(self, n: int) -> npt.NDArray[np.int64]:
        """Where an n-gram begins that ends in the same text."""
        last = max(len(self.text) - n + 1, 0)
        return np.flatnonzero(self.text[:last] == self.text[n - 1 :][:last])

    def keys(self, starts: npt.NDArray[np.int64], n: int) -> pl.Series:
        """One number an n-gram, equal only for equal n-grams of one text."""
        columns = {f"word{place}": self.hashes[starts + place] for place in range(n)}
        return pl.DataFrame({"text": self.text[starts], **columns}).hash_rows(seed=0)


def ngram_shares(texts: pl.Series, *, top: Collection[int], duplicate: Collection[int]) -> pl.DataFrame:
    """Shares of the characters of a text's words, a row a text: columns `top_<n>gram` and `duplicate_<n>grams`.

    `top` is the most frequent n-gram, 0 where none occurs twice. `duplicate` counts the words inside any n-gram that
    stood earlier in the text, each once, and none of a first occurrence: what could go without a loss.

    >>> ngram_shares(pl.Series(["a b c d", "a b a b"]), top=[2], duplicate=[])["top_2gram"].to_list()
    [0.0, 1.0]
    """
    words = _words(texts)
    total = _sums(words, len(texts))
    columns = {f"top_{n}gram": _top(words, n, len(texts)) for n in top}
    columns |= {f"duplicate_{n}grams": _duplicate(words, n, len(texts)) for n in duplicate}
    shares = {name: np.divide(sums, total, out=np.zeros_like(total), where=total > 0) for name, sums in columns.items()}
    return pl.DataFrame(shares)


def _words(texts: pl.Series) -> _Words:
    lists = texts.fill_null("").str.extract_all(r"\S+")
    sizes = lists.list.len().to_numpy().astype(np.int64)
    words = lists.explode().drop_nulls()
    characters = words.str.len_chars().to_numpy().astype(np.float64)
    before = np.concatenate([[0.0], characters.cumsum()])
    return _Words(np.repeat(np.arange(len(texts)), sizes), words.hash(seed=0).to_numpy(), characters, before)


def _top(words: _Words, n: int, texts: int) -> npt.NDArray[np.float64]:
    starts = words.starts(n)
    grams = pl.DataFrame(
        {
            "key": words.keys(starts, n),
            "text": words.text[starts],
            "characters": words.before[starts + n] - words.before[starts],
        }
    )
    counted = grams.group_by("key").agg(pl.first("text"), pl.first("characters"), pl.len().alias("count"))
    several = counted.filter(pl.col("count") > 1).sort(["text", "count", "characters"], descending=[False, True, True])
    first = several.unique("text", keep="first", maintain_order=True)
    sums = np.zeros(texts)
    sums[first["text"].to_numpy()] = (first["characters"] * first["count"]).to_numpy()
    # Occurrences may overlap ("a a a" holds "a a" twice), and no n-gram takes more than the whole text.
    return np.minimum(sums, _sums(words, texts))


def _duplicate(words: _Words, n: int, texts: int) -> npt.NDArray[np.float64]:
    starts = words.starts(n)
    seen_before = starts[~words.keys(starts, n).is_first_distinct().to_numpy()]
    edges = np.zeros(len(words.text) + 1, dtype=np.int64)
    np.add.at(edges, seen_before, 1)
    np.add.at(edges, seen_before + n, -1)
    return _sums(words, texts, edges.cumsum()[:-1] > 0)


def _sums(words: _Words, texts: int, chosen: npt.NDArray[np.bool_] | slice = slice(None)) -> npt.NDArray[np.float64]:
    """The characters of the chosen words of each text; numpy counts nothing in whole numbers, whatever is weighed."""
    return np.bincount(words.text[chosen], words.characters[chosen], texts).astype(np.float64)
