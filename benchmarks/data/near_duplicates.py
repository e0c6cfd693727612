"""Near duplicates: records a second and what is found, beside other libraries in the same run, on one core.

The texts are made here: words with Zipf frequencies, and in half of the texts a stretch of shared boilerplate. Copies
have a stated share of their words edited (replaced, deleted or followed by a new word, a third each, exact counts).
Ours is the whole stage, Parquet in and out. datasketch is run by the same method, its candidates verified by exact
Jaccard, from memory and writing nothing. Every peer is run as its users do, candidates unverified: at the usual settings
(word 5-grams, 14 bands of 8: datatrove's defaults) and at our shingle and bands.

Most peers are no part of the project's environment. Each is looked for in this Python and in those named by `--peers`,
and what is not found is said:

    python -m venv build/peers && build/peers/bin/pip install daft datatrove spacy tokenizers regex orjson 'xxhash<4'
    python -m venv build/juicer && build/juicer/bin/pip install py-data-juicer aiohttp
    python -m benchmarks.data.near_duplicates --peers build/peers/bin/python build/juicer/bin/python \\
        --output benchmarks/results/near_duplicates.json
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

os.environ.setdefault("POLARS_MAX_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import datasketch
import numpy as np
from benchmarks.data.made_words import vocabulary
from benchmarks.data.near_duplicate_peers import NOT_THERE, PEERS, Settings
from benchmarks.recording import result, write_results
from scipy.stats import binomtest

from acclimate.backends.engine import LocalEngine
from acclimate.core.artifacts import Artifact, Output
from acclimate.core.ports import Context
from acclimate.core.progress import no_progress
from acclimate.stages.dedup import STAGE
from acclimate.stages.dedup.similarity import choose_bands, jaccard_thresholds
from acclimate.testing import write_artifact

SHARES = (0.05, 0.1, 0.2)
RECALL = 0.99
USUAL = Settings(shingle=5, bands=14, rows=8)
GOALS = {0.05: ">= 0.99", 0.1: ">= 0.97", 0.2: ">= 0.85"}
"""What is to be found of the copies, by their share of edited words, where `max_edited` is 0.2."""

_PEERS = Path(__file__).with_name("near_duplicate_peers.py")


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
    known = vocabulary(20_000)
    frequencies = 1 / np.arange(10, 20_010)
    frequencies /= frequencies.sum()

    def words(count: int) -> list[str]:
        return [str(word) for word in random.choice(known, count, p=frequencies)]

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


def run_peer(peer: str, texts: Path, settings: Settings, pythons: Sequence[str]) -> tuple[str, Found] | None:
    """The version of a peer and what it found; None where no Python has it."""
    for python in pythons:
        given = ("--shingle", settings.shingle, "--bands", settings.bands, "--rows", settings.rows)
        command = [python, _PEERS, peer, "--texts", texts, *given]
        ran = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
        if ran.returncode == 0:
            answer = json.loads(ran.stdout.splitlines()[-1])
            print(f"{answer['version']} {settings}: {answer['seconds']:.1f} s", file=sys.stderr, flush=True)
            return answer["version"], Found(answer["survivors"], [answer["seconds"]])
        if ran.returncode != NOT_THERE:
            raise RuntimeError(f"{peer} failed in {python}:\n{ran.stderr[-2000:]}")
    print(f"not compared: {peer} is in none of {', '.join(pythons)}", file=sys.stderr, flush=True)
    return None


def run_peers(corpus: Corpus, settings: Settings, pythons: Sequence[str]) -> dict[str, Found]:
    """What each peer that is there found, by its version."""
    with tempfile.TemporaryDirectory() as folder:
        texts = Path(folder) / "texts.jsonl"
        rows = (json.dumps({"id": id, "text": text}) for id, text in corpus.texts.items())
        texts.write_text("".join(f"{row}\n" for row in rows))
        return dict(found for peer in PEERS if (found := run_peer(peer, texts, settings, pythons)))


def rate(corpus: Corpus, found: Found) -> float:
    """Records a second, of the fastest repetition."""
    return len(corpus.texts) / min(found.seconds)


def compare(
    corpus: Corpus, *, max_edited: float, repetitions: int, peers: dict[str, Found]
) -> Iterator[dict[str, Any]]:
    """Rows of results for one setting; the names of `peers` say what each is."""
    ours = find_ours(corpus, max_edited=max_edited, repetitions=repetitions)
    verified = f"datasketch {datasketch.__version__}, same method"
    peers = {verified: find_datasketch(corpus, max_edited=max_edited, repetitions=repetitions), **peers}
    name = f"near duplicates, max_edited {max_edited}"
    rates = sorted(len(corpus.texts) / seconds for seconds in ours.seconds)
    yield result(
        f"{name}: records a second, one core",
        round(rates[-1]),
        interval=[round(rates[0]), round(rates[-1])],
        peers={peer: round(rate(corpus, found)) for peer, found in peers.items()},
    )
    times = {peer: round(rates[-1] / rate(corpus, found), 1) for peer, found in peers.items()}
    yield result(f"{name}: times as fast as datasketch, same method", times[verified], goal=">= 5")
    for peer, faster in times.items():
        if peer.startswith("datatrove"):
            yield result(f"{name}: times as fast as {peer}", faster, goal=">= 50")
    wanted = max_edited == max(SHARES)
    shares = {peer: precision(corpus, found) for peer, found in peers.items()}
    yield result(
        f"{name}: precision of dropped", precision(corpus, ours), goal=">= 0.95" if wanted else "", peers=shares
    )
    for share in SHARES:
        row = recall(corpus, ours, share)
        found_by = {peer: recall(corpus, found, share)["value"] for peer, found in peers.items()}
        yield result(
            f"{name}: found at {share:.0%} edited",
            row["value"],
            interval=row["interval"],
            goal=GOALS[share] if wanted else "",
            peers=found_by,
        )


def main() -> None:
    """Runs the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--originals", type=int, default=10_000)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--peers", nargs="*", default=[], help="other Pythons, in which peers are looked for")
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    _keep_to_one_core()
    pythons = [sys.executable, *arguments.peers]
    corpus = make_corpus(arguments.originals, seed=0)
    usual = {f"{peer}, 5-grams, 14 x 8": found for peer, found in run_peers(corpus, USUAL, pythons).items()}
    rows: list[dict[str, Any]] = []
    for max_edited in (0.1, 0.2):
        bands = choose_bands(max_edited=max_edited, recall=RECALL)
        alike = run_peers(corpus, Settings(2, bands.bands, bands.rows), pythons)
        named = {f"{peer}, 2-grams, {bands.bands} x {bands.rows}": found for peer, found in alike.items()}
        peers = {**usual, **named}
        rows += compare(corpus, max_edited=max_edited, repetitions=arguments.repetitions, peers=peers)
    write_results(arguments.output, rows)


def _keep_to_one_core() -> None:
    """This process and those it starts, where the system can be told so."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


if __name__ == "__main__":
    main()
