"""What dedup keeps of each record while it looks at all of them: a text digest, band keys, and what decides survival.

Texts themselves are read a batch at a time and let go.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
from rensa import RMinHash

from acclimate.core.schema import TEXT_COLUMNS, task_text
from acclimate.stages.dedup.similarity import Bands

PAYLOAD = ("id", *TEXT_COLUMNS, "messages", "label")
SURVIVAL = ("spans", "collected_at", "split")

Hashes = npt.NDArray[np.uint64]

_SIGNED_COLUMNS = {
    "id": pl.String(),
    "text_digest": pl.Binary(),
    "label": pl.String(),
    "words": pl.Int64(),
    "frozen": pl.Boolean(),
    "longest": pl.Int64(),
    "most_annotated": pl.Int64(),
    "collected_at": pl.Datetime("us", "UTC"),
}

# Scripts without spaces between words: each character counts as a word.
_WORD = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]|[\w]+"
_FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)  # odd: multiplication loses no bit


@dataclass(frozen=True)
class HashSets:
    """One set of hashes a text, end to end: text i has `hashes[offsets[i]:offsets[i + 1]]`; a hash may repeat."""

    hashes: Hashes
    offsets: npt.NDArray[np.int64]

    @property
    def sizes(self) -> npt.NDArray[np.int64]:
        """How many hashes each text has."""
        return np.diff(self.offsets)


def concatenate(parts: Sequence[HashSets]) -> HashSets:
    """The sets of several batches, in order."""
    sizes = np.concatenate([np.empty(0, dtype=np.int64), *(part.sizes for part in parts)])
    hashes = np.concatenate([np.empty(0, dtype=np.uint64), *(part.hashes for part in parts)])
    return HashSets(hashes, np.concatenate([[0], sizes.cumsum()]))


@dataclass(frozen=True)
class SignedBatch:
    """All that later steps need of one batch; `records` has a row each, `bands` a row each and a column a band."""

    records: pl.DataFrame
    bands: Hashes


def sign_batch(batch: pa.RecordBatch, *, bands: Bands, seed: int) -> SignedBatch:
    """Digests, lengths, band keys and survival criteria of one batch; other batches do not matter."""
    rows = batch.select([*PAYLOAD, *SURVIVAL]).to_pylist()
    texts = [task_text(row) for row in rows]
    words = hash_words(texts)
    records = pl.DataFrame(
        {
            "id": [row["id"] for row in rows],
            "text_digest": [text_digest(text) for text in texts],
            "label": [row["label"] for row in rows],
            "words": words.sizes,
            "frozen": [row["split"] == "test" for row in rows],
            "longest": [len(text) for text in texts],
            "most_annotated": [_annotations(row) for row in rows],
            "collected_at": [row["collected_at"] for row in rows],
        },
        schema=_SIGNED_COLUMNS,
    )
    return SignedBatch(records, band_keys(two_grams(words), bands=bands, seed=seed))


def text_digest(text: str) -> bytes:
    """Equal for texts that differ in case and white space alone; punctuation counts ("HIV+" is not "HIV-")."""
    return hashlib.blake2b(" ".join(text.lower().split()).encode(), digest_size=16).digest()


def answer_text(record: Mapping[str, Any]) -> str:
    """What a model is to learn to answer: completion, preferred answers or the assistant's turns; "" in plain text."""
    parts = [record[name] for name in ("completion", "chosen", "rejected") if record[name]]
    parts += [turn["content"] for turn in record["messages"] or () if turn["role"] == "assistant" and turn["content"]]
    return "\n".join(parts)


def hash_words(texts: Sequence[str]) -> HashSets:
    """The words of each text as 64-bit hashes, in order; case and punctuation do not count."""
    words = pl.Series(texts, dtype=pl.String).str.to_lowercase().str.extract_all(_WORD)
    offsets = np.concatenate([[0], words.list.len().to_numpy().astype(np.int64).cumsum()])
    return HashSets(words.explode().drop_nulls().hash(seed=0).to_numpy(), offsets)


def two_grams(words: HashSets) -> HashSets:
    """The word 2-grams of each text; a text of n words has n - 1."""
    starts, ends = words.offsets[:-1], words.offsets[1:]
    is_start = np.ones(len(words.hashes), dtype=bool)
    is_start[ends[ends > starts] - 1] = False
    first = np.flatnonzero(is_start)
    with np.errstate(over="ignore"):
        hashes = _mix(words.hashes[first] * _FIRST + _mix(words.hashes[first + 1]) * _SECOND)
    return HashSets(hashes, np.concatenate([[0], np.maximum(words.sizes - 1, 0).cumsum()]))


def band_keys(shingles: HashSets, *, bands: Bands, seed: int) -> Hashes:
    """One key a text and band; equal keys in a band make two texts candidates."""
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(
        shingles.hashes, shingles.offsets.astype(np.uint64), bands.size, seed
    )
    values = np.array(matrix.to_rows(), dtype=np.uint64).reshape(-1, bands.bands, bands.rows)
    keys = np.zeros(values.shape[:2], dtype=np.uint64)
    with np.errstate(over="ignore"):
        for row in range(bands.rows):
            keys = _mix(keys * _FIRST + values[:, :, row])
    return keys


def _mix(hashes: Hashes) -> Hashes:
    """Spreads every bit over all others (the finaliser of splitmix64)."""
    hashes = (hashes ^ (hashes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    hashes = (hashes ^ (hashes >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return hashes ^ (hashes >> np.uint64(31))


def _annotations(record: Mapping[str, Any]) -> int:
    return len(record["spans"] or ()) + (record["label"] is not None)
