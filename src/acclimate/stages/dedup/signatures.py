"""What dedup keeps of each record while it looks at all of them: a text digest, band keys, and what decides survival.

Texts themselves are read a batch at a time and let go.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from rensa import RMinHash

from acclimate.core.schema import TEXT_COLUMNS
from acclimate.core.task_texts import task_texts
from acclimate.core.word_hashes import Hashes, HashSets, hash_words, mix_pair, n_grams
from acclimate.stages.dedup.similarity import Bands

PAYLOAD = ("id", *TEXT_COLUMNS, "messages", "label", "label_weights")
SURVIVAL = ("spans", "collected_at", "split", "source", "site")

_SIGNED_COLUMNS = {
    "id": pl.String(),
    "text_digest": pl.Binary(),
    "label": pl.String(),
    "source": pl.String(),
    "site": pl.String(),
    "words": pl.Int64(),
    "frozen": pl.Boolean(),
    "longest": pl.Int64(),
    "most_annotated": pl.Int64(),
    "collected_at": pl.Datetime("us", "UTC"),
}


@dataclass(frozen=True)
class SignedBatch:
    """All that later steps need of one batch; `records` has a row each, `bands` a row each and a column a band."""

    records: pl.DataFrame
    bands: Hashes


def sign_batch(batch: pa.RecordBatch, *, bands: Bands, seed: int) -> SignedBatch:
    """Digests, lengths, band keys and survival criteria of one batch; other batches do not matter."""
    texts = task_texts(batch)
    words = hash_words(texts)
    labels = labels_of(batch)
    annotations = pl.col("spans").list.len().fill_null(0).cast(pl.Int64) + labels.is_not_null()
    records = pl.DataFrame(pl.from_arrow(batch.select(["id", *SURVIVAL]))).with_columns(
        labels,
        pl.Series("text_digest", [text_digest(text) for text in texts], pl.Binary),
        pl.Series("words", words.sizes),
        longest=texts.str.len_chars(),
        frozen=pl.col("split").eq_missing(pl.lit("test")),
        most_annotated=annotations,
    )
    signed = records.select(list(_SIGNED_COLUMNS)).cast(pl.Schema(_SIGNED_COLUMNS))
    return SignedBatch(signed, band_keys(n_grams(words, 2), bands=bands, seed=seed))


def labels_of(batch: pa.RecordBatch) -> pl.Series:
    """`label`: the plain one, else all label weights as one text, in an order of their own; null where there are none."""
    plain, weights = batch.column("label").to_pylist(), batch.column("label_weights").to_pylist()
    labels = [
        label or (None if given is None else json.dumps(sorted([one["label"], one["weight"]] for one in given)))
        for label, given in zip(plain, weights, strict=True)
    ]
    return pl.Series("label", labels, pl.String)


def text_digest(text: str) -> bytes:
    """Equal for texts that differ in case and white space alone; punctuation counts ("HIV+" is not "HIV-")."""
    return hashlib.blake2b(" ".join(text.lower().split()).encode(), digest_size=16).digest()


def answer_text(record: Mapping[str, Any]) -> str:
    """What a model is to learn to answer: completion, preferred answer or the assistant's turns; "" in plain text."""
    parts = [record[name] for name in ("completion", "chosen") if record[name]]
    parts += [turn["content"] for turn in record["messages"] or () if turn["role"] == "assistant" and turn["content"]]
    return "\n".join(parts)


def band_keys(shingles: HashSets, *, bands: Bands, seed: int) -> Hashes:
    """One key a text and band; equal keys in a band make two texts candidates."""
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(
        shingles.hashes, shingles.offsets.astype(np.uint64), bands.size, seed
    )
    values = np.array(matrix.to_rows(), dtype=np.uint64).reshape(-1, bands.bands, bands.rows)
    keys = np.zeros(values.shape[:2], dtype=np.uint64)
    for row in range(bands.rows):
        keys = mix_pair(keys, values[:, :, row])
    return keys
