"""Shingles of one, two, three and four words for near copies: what finding them costs, and what else they propose.

Texts have 60 to 400 words: answers of medquad, of which many are filled into one form, and dialogues of mts-dialog. Each
is copied once with a share of its words edited. For each length of shingle the bands are those with the most rows, in a
signature of 128, 256 or 512 values, that propose .99 of these copies. What else they propose is counted on pairs of
different texts: the longer one lacks more than three times that share of its words in the other, as near copies never do.

    python -m benchmarks.data.shingles --output benchmarks/results/shingles.json
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from benchmarks.data.near_duplicates import edit
from benchmarks.recording import needed, result, write_results

SHINGLES = (1, 2, 3, 4)
SHARES = (0.1, 0.2)
RECALL = 0.99
SIZES = (128, 256, 512)
TEXTS = 2000
TEXTS_OF = {"medquad": ("qa.jsonl.gz", "answer"), "mts-dialog": ("dialogue_to_section.jsonl.gz", "dialogue")}
"""File and field."""

PAIRS = 200_000

Floats = npt.NDArray[np.float64]


def shingles(words: Sequence[str], n: int) -> frozenset[tuple[str, ...]]:
    """The set of n words in a row."""
    return frozenset(zip(*(words[start:] for start in range(n)), strict=False))


def similarity(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> float:
    """Jaccard."""
    both = len(one & other)
    return both / (len(one) + len(other) - both)


def proposed(similarities: Floats, *, bands: int, rows: int) -> float:
    """The share of pairs of these similarities that agree in at least one band."""
    return float(np.mean(1 - (1 - similarities**rows) ** bands))


def cheapest(copies: Floats) -> tuple[int, int] | None:
    """Bands and rows, the smallest signature and in it the most rows, that propose enough of the copies."""
    for size in SIZES:
        for rows in range(8, 0, -1):
            if proposed(copies, bands=size // rows, rows=rows) >= RECALL:
                return size // rows, rows
    return None


def read_texts(file: Path, field: str, random: np.random.Generator) -> list[list[str]]:
    """The words of distinct texts, in a random order."""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        texts = dict.fromkeys(str(json.loads(line)[field]).lower() for line in lines)
    found = [text.split() for text in texts if 60 <= len(text.split()) <= 400]
    return [found[place] for place in random.permutation(len(found))[:TEXTS]]


def different_pairs(texts: Sequence[list[str]], share: float, random: np.random.Generator) -> list[tuple[int, int]]:
    """Places of two different texts."""
    counted = [Counter(words) for words in texts]
    drawn = random.integers(0, len(texts), (PAIRS, 2)).tolist()
    return [
        (one, other)
        for one, other in drawn
        if (counted[one] & counted[other]).total() < (1 - 3 * share) * max(len(texts[one]), len(texts[other]))
    ]


def rows_of(name: str, texts: Sequence[list[str]], share: float, random: np.random.Generator) -> list[dict[str, Any]]:
    """For each length of shingle the values of a signature and the pairs of different texts that it proposes."""
    vocabulary = np.array(sorted({word for words in texts for word in words}))
    copies = [edit(words, share, lambda count: random.choice(vocabulary, count).tolist(), random) for words in texts]
    pairs = different_pairs(texts, share, random)
    rows = []
    for n in SHINGLES:
        sets = [shingles(words, n) for words in texts]
        of_copies = np.array([similarity(one, shingles(copy, n)) for one, copy in zip(sets, copies, strict=True)])
        alike = np.array([similarity(sets[one], sets[other]) for one, other in pairs])
        found = cheapest(of_copies)
        if not found:
            raise SystemExit(f"{SIZES[-1]} values are too few for shingles of {n} at {share:.0%}")
        bands, height = found
        figure = f"{name}, {share:.0%} of the words edited, shingles of {n}: different pairs proposed, in a thousand"
        rows.append(
            result(
                f"{figure} (n={len(pairs)})",
                round(1000 * proposed(alike, bands=bands, rows=height), 2),
                peers={"bands": bands, "rows": height, "mean Jaccard of copies": round(float(of_copies.mean()), 3)},
            )
        )
    return rows


def main() -> None:
    """Measures both sets at both shares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    random = np.random.default_rng(0)
    texts_of = {name: read_texts(needed("data", name, file), field, random) for name, (file, field) in TEXTS_OF.items()}
    rows = [row for name, texts in texts_of.items() for share in SHARES for row in rows_of(name, texts, share, random)]
    write_results(arguments.output, rows)


if __name__ == "__main__":
    main()
