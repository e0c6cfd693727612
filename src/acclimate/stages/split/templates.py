"""Records filled in from one form: the same words around slots, whose fillers differ too much for near copies.

Numbers are slots, and so are words that few records have. Two records with the same words in the same order around the
same slots are of one template; a long text of prose shares its words and their order with no other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
import polars as pl
import pyarrow as pa

from acclimate.core.word_hashes import Hashes, HashSets, number_form

_FIXED = 5
"""A word that stands in fewer records fills a slot."""

_FEWEST_WORDS = 4
"""A template has at least so many words, and a slot: "Thank you" is none."""

_LEAST = 0.5
"""At least this share of the words are the form's: a heading over free text makes no template."""

_WORDS_WAITING = 1_000_000

_SLOT = np.uint64(0)


class FormCounts:
    """In how many records each form of a word stands, added up batch by batch; held are all there are, about twice."""

    def __init__(self) -> None:
        self._waiting = [pl.DataFrame(schema={"word": pl.UInt64, "records": pl.UInt32})]
        self._counted = 0

    def add(self, counted: pl.DataFrame) -> None:
        """Adds what `count_forms` gave for a batch."""
        self._waiting.append(counted)
        if sum(part.height for part in self._waiting) > max(2 * self._counted, _WORDS_WAITING):
            self._waiting = [self._total()]
            self._counted = self._waiting[0].height

    def common(self) -> Hashes:
        """The forms that enough records have, sorted."""
        return self._total().filter(pl.col("records") >= _FIXED)["word"].sort().to_numpy()

    def _total(self) -> pl.DataFrame:
        return pl.concat(self._waiting).group_by("word").agg(pl.col("records").sum())


def count_forms(forms: HashSets) -> pl.DataFrame:
    """In how many records of a batch each `word` stands: `records`."""
    texts = pl.from_arrow(pa.LargeListArray.from_arrays(pa.array(forms.offsets), pa.array(forms.hashes)))
    # Sorted, equal ones stand together: a quarter of the time that grouping takes.
    words = np.sort(pl.Series(texts).list.unique().explode().drop_nulls().to_numpy())
    first = np.flatnonzero(np.concatenate([[True], words[1:] != words[:-1]])[: len(words)])
    records = np.diff(np.append(first, len(words)))
    return pl.DataFrame({"word": words[first], "records": records.astype(np.uint32)})


def find_templates(parts: Iterable[HashSets], common: Hashes) -> pl.Series:
    """The template of each text, whose forms come in parts, in their order; null where no other text has the same."""
    found = [template for forms in parts for template in read_templates(forms, common)]
    templates = pl.Series("template", found, dtype=pl.String)
    return templates.to_frame().select(pl.when(pl.len().over("template") > 1).then("template")).to_series()


def read_templates(forms: HashSets, common: Hashes) -> list[str | None]:
    """The template of each text, None where it has too few of the common words or no slot. A slot is one however long."""
    is_common = pl.Series(forms.hashes).is_in(pl.Series(common, dtype=pl.UInt64).implode()).to_numpy()
    written = np.where(is_common & (forms.hashes != number_form()), forms.hashes, _SLOT)
    is_word = written != _SLOT
    words_before = np.concatenate([[0], np.cumsum(is_word)])
    words_of_form = words_before[forms.offsets[1:]] - words_before[forms.offsets[:-1]]
    is_template = (words_of_form < forms.sizes) & (words_of_form >= np.maximum(_FEWEST_WORDS, _LEAST * forms.sizes))
    is_kept = is_word.copy()
    is_kept[1:] |= is_word[:-1]
    is_kept[forms.offsets[:-1][forms.sizes > 0]] = True
    found: list[str | None] = [None] * len(forms.sizes)
    for place in np.flatnonzero(is_template).tolist():
        of_text = slice(forms.offsets[place], forms.offsets[place + 1])
        own = written[of_text][is_kept[of_text]]
        found[place] = hashlib.blake2b(own.tobytes(), digest_size=8).hexdigest()
    return found
