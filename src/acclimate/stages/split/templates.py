"""Records filled in from one form: the same words around slots, whose fillers differ too much for near copies.

Numbers are slots, and so are words that few records have. Two records with the same words in the same order around the
same slots are of one template; a long text of prose shares its words and their order with no other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import partial

import numpy as np
import polars as pl
import pyarrow as pa

from acclimate.core.artifacts import Artifact
from acclimate.core.ports import Context
from acclimate.core.schema import TEXT_COLUMNS, task_text
from acclimate.core.word_hashes import Hashes, HashSets, hash_words

_FIXED = 5
"""A word that stands in fewer records fills a slot."""

_FEWEST_WORDS = 4
"""A template has at least so many words, and a slot: "Thank you" is none."""

_LEAST = 0.5
"""At least this share of the words are the form's: a heading over free text makes no template."""

_WORDS_WAITING = 1_000_000

_SLOT = np.uint64(0)


def find_templates(source: Artifact, context: Context) -> pl.Series:
    """The template of each record, in their order; null where no other record has the same."""
    texts = partial(source.batches, [*TEXT_COLUMNS, "messages"], batch_rows=context.batch_rows)
    fixed = _common_words(context.engine.map_batches(count_words, texts()))
    found = [
        template
        for part in context.engine.map_batches(partial(read_templates, fixed=fixed), texts())
        for template in part
    ]
    templates = pl.Series("template", found, dtype=pl.String)
    return templates.to_frame().select(pl.when(pl.len().over("template") > 1).then("template")).to_series()


def _common_words(batches: Iterator[pl.DataFrame]) -> Hashes:
    """The words that enough records have, sorted; held meanwhile are all words there are, about twice."""
    waiting = [pl.DataFrame(schema={"word": pl.UInt64, "records": pl.UInt32})]
    counted = 0
    for batch in batches:
        waiting.append(batch)
        if sum(part.height for part in waiting) > max(2 * counted, _WORDS_WAITING):
            waiting = [_add_up(waiting)]
            counted = waiting[0].height
    return _add_up(waiting).filter(pl.col("records") >= _FIXED)["word"].sort().to_numpy()


def _add_up(parts: list[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(parts).group_by("word").agg(pl.col("records").sum())


def count_words(batch: pa.RecordBatch) -> pl.DataFrame:
    """In how many records of a batch each `word` (its hash) stands: `records`."""
    words = _words(batch)
    distinct = pl.DataFrame({"text": words.texts, "word": words.hashes}).unique()
    return distinct.group_by("word").agg(records=pl.len())


def read_templates(batch: pa.RecordBatch, *, fixed: Hashes) -> list[str | None]:
    """The template of each record of a batch, None where it has too few of the fixed words or no slot."""
    return list(_templates(_words(batch), fixed))


def _words(batch: pa.RecordBatch) -> HashSets:
    """The words of each text; any number is the same one."""
    texts = pl.Series([task_text(row) for row in batch.to_pylist()], dtype=pl.String)
    return hash_words(texts.str.replace_all(r"\d+", "0").to_list())


def _templates(words: HashSets, fixed: Hashes) -> Iterator[str | None]:
    number = hash_words(["0"]).hashes[0]
    place = np.minimum(np.searchsorted(fixed, words.hashes), max(len(fixed) - 1, 0))
    is_fixed = fixed[place] == words.hashes if len(fixed) else np.zeros(len(words.hashes), dtype=bool)
    kept = np.where(is_fixed & (words.hashes != number), words.hashes, _SLOT)
    for start, end in zip(words.offsets[:-1].tolist(), words.offsets[1:].tolist(), strict=True):
        written = kept[start:end]
        words_of_form = int((written != _SLOT).sum())
        own = written[np.concatenate([[True], (written[1:] != _SLOT) | (written[:-1] != _SLOT)])[: len(written)]]
        has_slot = words_of_form < len(written)
        is_template = has_slot and words_of_form >= max(_FEWEST_WORDS, _LEAST * len(written))
        yield hashlib.blake2b(own.tobytes(), digest_size=8).hexdigest() if is_template else None
