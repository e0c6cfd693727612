"""Near duplicates: records a second and what is found, beside datasketch at the same settings in the same run.

The texts are made here: words with Zipf frequencies, and in half of the texts a stretch of shared boilerplate. Copies
have a stated share of their words edited (replaced, deleted or followed by a new word, a third each, exact counts).
One thread each. Ours is the whole stage, Parquet in and out; datasketch gets its texts in memory and writes nothing.

    POLARS_MAX_THREADS=1 python benchmarks/data/near_duplicates.py --output benchmarks/results/near_duplicates.json
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

os.environ.setdefault("POLARS_MAX_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import datasketch
import numpy as np
from scipy.stats import binomtest

from acclimate.backends.engine import LocalEngine
from acclimate.core.artifacts import Artifact, Output
from acclimate.core.ports import Context
from acclimate.core.progress import no_progress
from acclimate.stages.dedup import STAGE
from acclimate.stages.dedup.similarity import choose_bands, jaccard_thresholds
from acclimate.testing import write_artifact
from recording import result, write_results

SHARES = (0.05, 0.1, 0.2)
RECALL = 0.99


@dataclass(frozen=True)
class Corpus:
    """Texts by id, and for each planted copy its original and the share of edited words."""

    texts: dict[str, str]
    copies: dict[str, tuple[str, float]]

    def family(self, id: str) -> str:
        """The original that a text comes from."""
        return self.copies[id][0] if id in self.copies else id


@dataclass(frozen=True)
class Found:
    """The text that stands for each dropped one, and the seconds of each repetition."""

    survivors: dict[str, str]
    seconds: list[float]


def make_corpus(originals: int, *, seed: int) -> Corpus:
    """Texts of 40 to 400 words; a tenth of the originals is copied once for each share."""
    random = np.random.default_rng(seed)
    vocabulary = np.array([f"{'bcdfglmnprst'[i % 12]}{'aeiou'[i % 5]}w{i}" for i in range(20_000)])
    frequencies = 1 / np.arange(10, 20_010)
    frequencies /= frequencies.sum()

    def words(count: int) -> list[str]:
        return random.choice(vocabulary, count, p=frequencies).tolist()

    boilerplate = [words(30) for _ in range(20)]
    texts: dict[str, str] = {}
    copies: dict[str, tuple[str, float]] = {}
    for number in range(originals):
        shared = boilerplate[number % 20] if number % 2 else []
        text = [*shared, *words(int(random.integers(40, 400)) - len(shared) // 2)]
        texts[f"o{number}"] = " ".join(text)
        if number % 10 < 1:
            for share in SHARES:
                copy = f"c{number}-{share}"
                texts[copy] = " ".join(edit(text, share, words, random))
                copies[copy] = (f"o{number}", share)
    return Corpus(texts, copies)


def edit(text: list[str], share: float, words: Callable[[int], list[str]], random: np.random.Generator) -> list[str]:
    """The text with this share of its words replaced, deleted or followed by a new one."""
    positions = random.choice(len(text), round(share * len(text)), replace=False)
    kinds = dict(zip(positions.tolist(), random.integers(0, 3, len(positions)).tolist(), strict=True))
    edited: list[str] = []
    for position, word in enumerate(text):
        kind = kinds.get(position)
        edited += {None: [word], 0: words(1), 1: [], 2: [word, *words(1)]}[kind]
    return edited


def find_ours(corpus: Corpus, *, max_edited: float, repetitions: int) -> Found:
    """The stage as the pipeline runs it, files and all."""
    with tempfile.TemporaryDirectory() as folder:
        records = write_artifact(Path(folder) / "in", [{"id": id, "text": text} for id, text in corpus.texts.items()])
        config, seconds = STAGE.config.model_validate({"max_edited": max_edited, "recall": RECALL}), []
        for repetition in range(repetitions):
            path = Path(folder) / f"out{repetition}"
            path.mkdir()
            start = time.perf_counter()
            with Output(path) as output:
                STAGE.run(config, {"records": records}, output, Context(path, no_progress, LocalEngine()))
            seconds.append(time.perf_counter() - start)
        dropped = Artifact(path).dropped().to_pylist()
    return Found({row["id"]: row["value"] for row in dropped}, seconds)


def find_datasketch(corpus: Corpus, *, max_edited: float, repetitions: int) -> Found:
    """The same method with datasketch: word 2-grams, equal bands, candidates verified by exact Jaccard."""
    bands, seconds = choose_bands(max_edited=max_edited, recall=RECALL), []
    for _ in range(repetitions):
        start = time.perf_counter()
        index = datasketch.MinHashLSH(num_perm=bands.size, params=(bands.bands, bands.rows))
        seen: dict[str, set[bytes]] = {}
        survivors: dict[str, str] = {}
        for id, text in corpus.texts.items():
            split = text.lower().split()
            shingles = {f"{one} {two}".encode() for one, two in pairwise(split)}
            signature = datasketch.MinHash(num_perm=bands.size)
            signature.update_batch(shingles)
            least = jaccard_thresholds(np.array([len(split)]), max_edited=max_edited, recall=RECALL)[0]
            for other in sorted(index.query(signature)):
                if len(shingles & seen[other]) / len(shingles | seen[other]) >= least:
                    survivors[id] = other
                    break
            index.insert(id, signature)
            seen[id] = shingles
        seconds.append(time.perf_counter() - start)
    return Found(survivors, seconds)


def recall(corpus: Corpus, found: Found, share: float) -> dict[str, Any]:
    """The share of planted copies that stand for, or are represented by, another text of the same original."""
    linked = {id for pair in found.survivors.items() if corpus.family(pair[0]) == corpus.family(pair[1]) for id in pair}
    planted = [copy for copy, (_, edited) in corpus.copies.items() if edited == share]
    hits = sum(copy in linked for copy in planted)
    interval = binomtest(hits, len(planted)).proportion_ci(method="wilson")
    return {
        "value": round(hits / len(planted), 4),
        "interval": [round(float(interval.low), 4), round(float(interval.high), 4)],
    }


def precision(corpus: Corpus, found: Found) -> float:
    """The share of dropped texts whose survivor comes from the same original."""
    right = sum(corpus.family(id) == corpus.family(survivor) for id, survivor in found.survivors.items())
    return round(right / max(len(found.survivors), 1), 4)


def compare(corpus: Corpus, *, max_edited: float, repetitions: int) -> list[dict[str, Any]]:
    """Rows of results for one setting."""
    ours = find_ours(corpus, max_edited=max_edited, repetitions=repetitions)
    peer = find_datasketch(corpus, max_edited=max_edited, repetitions=repetitions)
    version = f"datasketch {datasketch.__version__}"
    rates = sorted(len(corpus.texts) / seconds for seconds in ours.seconds)
    peer_rates = sorted(len(corpus.texts) / seconds for seconds in peer.seconds)
    name = f"near duplicates, max_edited {max_edited}"
    rows = [
        result(
            f"{name}: records a second, one thread",
            round(rates[-1]),
            interval=[round(rates[0]), round(rates[-1])],
            peers={version: round(peer_rates[-1])},
        ),
        result(f"{name}: times as fast as datasketch", round(rates[-1] / peer_rates[-1], 1), peers={version: 1.0}),
        result(f"{name}: precision of dropped", precision(corpus, ours), peers={version: precision(corpus, peer)}),
    ]
    for share in SHARES:
        row = recall(corpus, ours, share)
        goal = ">= 0.95" if share == max_edited == 0.1 else ""
        peers = {version: recall(corpus, peer, share)["value"]}
        rows.append(
            result(
                f"{name}: found at {share:.0%} edited", row["value"], interval=row["interval"], goal=goal, peers=peers
            )
        )
    return rows


def main() -> None:
    """Runs the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--originals", type=int, default=10_000)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    corpus = make_corpus(arguments.originals, seed=0)
    rows = [
        row
        for max_edited in (0.1, 0.2)
        for row in compare(corpus, max_edited=max_edited, repetitions=arguments.repetitions)
    ]
    write_results(arguments.output, rows)


if __name__ == "__main__":
    main()
