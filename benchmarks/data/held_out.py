"""Held-out text in what is learnt: items found inside longer records, and records told to be of one template.

Items are answers of medquad with 40 to 300 words. Half of the items are planted: a stated share of their words is edited
(replaced, deleted or followed by a new word, a third each), and they are put into the middle of another answer, whose
own words are more than theirs. The peer is the rule of GPT-3 with 13 words: any shared run of 13 words. Both see the
same texts; medquad's answers share passages of their own, so that a record without a planted item may rightly be found.

Templates are those of presidio-synth-pii, 1,500 sentences that were filled in from known ones. How much of other real
sets is filled into forms, and into the largest one, says what tying forms would keep in one split.

    python -m benchmarks.data.held_out --output benchmarks/results/held_out.json
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from benchmarks.data.near_duplicates import edit
from benchmarks.recording import needed, result, write_results
from scipy.stats import binomtest

from acclimate.core.passages import find_passages, index_passages, passages_of
from acclimate.core.word_hashes import hash_words_and_forms
from acclimate.stages.dedup import DedupConfig
from acclimate.stages.split.templates import FormCounts, count_forms, find_templates

SHARES = (0.0, 0.05, 0.1, 0.2)
GPT3_WORDS = 13
FORMS = {
    "medquad": ("qa.jsonl.gz", "answer"),
    "meqsum": ("meqsum.jsonl.gz", "CHQ"),
    "mts-dialog": ("dialogue_to_section.jsonl.gz", "section_text"),
    "plain-english-contracts": ("all.jsonl.gz", "original_text"),
    "banking77": ("train.jsonl.gz", "text"),
    "hwu64": ("full.jsonl.gz", "text"),
}
"""File and field of the texts in which forms are counted."""

MIN_SHARE = DedupConfig().contaminated_share


@dataclass(frozen=True)
class Planted:
    """Records, of which the first hold an item each, in the order of the items; the last items stand nowhere."""

    records: list[str]
    items: list[str]
    holding: int


def read_lines(file: Path) -> Iterator[dict[str, Any]]:
    """The rows of a packed JSONL file."""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def plant(answers: list[list[str]], share: float, *, items: int, seed: int) -> Planted:
    """Half of the items, edited, each in the middle of an answer that is longer."""
    random = np.random.default_rng(seed)
    order = [answers[place] for place in random.permutation(len(answers))]
    held = [words for words in order if 40 <= len(words) <= 300][:items]
    others = [words for words in order if len(words) > 300]
    vocabulary = np.array(sorted({word for words in others for word in words}))
    records = []
    for item, other in zip(held[: items // 2], others, strict=False):
        edited = edit(item, share, lambda count: random.choice(vocabulary, count).tolist(), random)
        middle = len(other) // 2
        records.append(" ".join([*other[:middle], *edited, *other[middle:]]))
    return Planted([*records, *map(" ".join, others[len(records) :])], list(map(" ".join, held)), len(records))


def found_by_passages(planted: Planted) -> set[tuple[int, int]]:
    """Record and item, by our rule."""
    index = index_passages([planted.items])
    found = find_passages(index, passages_of(planted.records), min_share=MIN_SHARE)
    return set(found.select("row", "item").rows())


def found_by_any_run(planted: Planted) -> set[tuple[int, int]]:
    """Record and item, by any shared run of 13 words."""
    items_of: dict[tuple[str, ...], set[int]] = {}
    for item, text in enumerate(planted.items):
        for run in runs(text):
            items_of.setdefault(run, set()).add(item)
    return {
        (row, item) for row, text in enumerate(planted.records) for run in runs(text) for item in items_of.get(run, ())
    }


def runs(text: str) -> Iterator[tuple[str, ...]]:
    """All runs of 13 words, without case and punctuation."""
    words = "".join(letter if letter.isalnum() else " " for letter in text.lower()).split()
    return (tuple(words[start : start + GPT3_WORDS]) for start in range(len(words) - GPT3_WORDS + 1))


def passage_rows(file: Path) -> list[dict[str, Any]]:
    """What is found of planted items, and what else."""
    answers = [row["answer"].split() for row in read_lines(file)]
    rows = []
    for share in SHARES:
        planted = plant(answers, share, items=1000, seed=0)
        ours, peer = found_by_passages(planted), found_by_any_run(planted)
        hits, peer_hits = (sum((row, row) in found for row in range(planted.holding)) for found in (ours, peer))
        rows.append(
            result(
                f"held-out items inside longer records, {share:.0%} of their words edited: found (n={planted.holding})",
                round(hits / planted.holding, 3),
                interval=interval(hits, planted.holding),
                peers={"any run of 13 words": round(peer_hits / planted.holding, 3)},
            )
        )
    clean = range(planted.holding, len(planted.records))
    wrong, peer_wrong = (len({row for row, _ in found if row in clean}) for found in (ours, peer))
    rows.append(
        result(
            f"records without a planted item that are said to hold one (n={len(clean)})",
            round(wrong / len(clean), 3),
            interval=interval(wrong, len(clean)),
            peers={"any run of 13 words": round(peer_wrong / len(clean), 3)},
        )
    )
    return rows


def templates_of(texts: Sequence[str]) -> pl.Series:
    """The template of each text as `split` finds them."""
    forms = hash_words_and_forms(texts)[1]
    counts = FormCounts()
    counts.add(count_forms(forms))
    return find_templates([forms], counts.common())


def form_rows(texts_of: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """How much of real sets is filled into forms, and how much into the largest one of each: what `tie` would tie."""
    rows = []
    for name, texts in texts_of.items():
        forms = templates_of(texts).drop_nulls()
        largest = max(forms.value_counts()["count"], default=0)
        of = f"of {name} (n={len(texts)})"
        rows.append(result(f"records {of} filled into a form that another has too", round(len(forms) / len(texts), 4)))
        rows.append(result(f"records {of} in its largest form", round(largest / len(texts), 4)))
    return rows


def template_rows(file: Path) -> list[dict[str, Any]]:
    """How well the known templates are found again."""
    known = [(str(row["template_id"]), row["full_text"]) for row in read_lines(file)]
    found = templates_of([text for _, text in known]).to_list()
    pairs = [
        (one[0] == other[0], a is not None and a == b)
        for (one, a), (other, b) in combinations(zip(known, found, strict=True), 2)
    ]
    same = sum(truth for truth, _ in pairs)
    said = sum(said for _, said in pairs)
    right = sum(truth and said for truth, said in pairs)
    return [
        result(
            f"pairs said to be of one template that are (n={said})",
            round(right / said, 3),
            interval=interval(right, said),
        ),
        result(
            f"pairs of one template that are found (n={same})", round(right / same, 3), interval=interval(right, same)
        ),
    ]


def interval(hits: int, of: int) -> list[float]:
    """Wilson's, at 95 %."""
    bounds = binomtest(hits, of).proportion_ci(method="wilson")
    return [round(float(bounds.low), 3), round(float(bounds.high), 3)]


def main() -> None:
    """Runs all three."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    questions = needed("data", "medquad", "qa.jsonl.gz")
    sentences = needed("data", "presidio-synth-pii", "synth_v2.jsonl.gz")
    texts_of = {
        name: [str(row[field]) for row in read_lines(needed("data", name, file))]
        for name, (file, field) in FORMS.items()
    }
    write_results(arguments.output, [*passage_rows(questions), *template_rows(sentences), *form_rows(texts_of)])


if __name__ == "__main__":
    main()
