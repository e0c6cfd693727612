"""A stage as the corpus grows: seconds, peak memory, and how both grow from ten thousand documents to a million.

The texts are made here as in `near_duplicates`, about 2 kB each: a document in twenty is an edited copy (a tenth of its
words) of an earlier one. For deidentify three documents in a row are one subject's, whose name and record number
stand in its fields and at the beginning of each text. Each size is measured in a process of its own, the whole stage, Parquet in
and out, on two cores.

    python -m benchmarks.data.scale --output benchmarks/results/scale.json
    python -m benchmarks.data.scale --stage split --output benchmarks/results/scale_split.json
    python -m benchmarks.data.scale --stage clean --sizes 10000 30000 100000 --output benchmarks/results/scale_clean.json
    python -m benchmarks.data.scale --stage deidentify --sizes 10000 30000 100000 \\
        --output benchmarks/results/scale_deidentify.json
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
from benchmarks.data.made_words import vocabulary
from benchmarks.recording import result, write_results

NAMES = {"dedup": "near duplicates", "split": "split", "clean": "cleaning", "deidentify": "de-identification"}
"""The stages, and what their figures are called; the first two look at all records at once."""

GOALS = {("seconds", 100_000): "<= 60", ("peak", 1_000_000): "<= 3000", ("growth", 0): "<= 1.15"}
"""Of dedup."""

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
CORES = 2
PER_BATCH = 10_000
PER_SUBJECT = 3
KEY = bytes(range(32))
"""Of surrogates that nobody keeps."""
COPIES = 0.05
EDITED = 0.1
_MEASURE = "--measure"


def batches(documents: int, *, seed: int) -> Iterator[list[dict[str, str]]]:
    """The documents, ten thousand at a time: words with Zipf frequencies from a vocabulary of a million."""
    random = np.random.default_rng(seed)
    known = vocabulary(1_000_000)
    cumulative = np.cumsum(1 / np.arange(10, len(known) + 10))
    cumulative /= cumulative[-1]

    def words(count: int) -> np.ndarray:
        return known[np.searchsorted(cumulative, random.random(count))]

    for start in range(0, documents, PER_BATCH):
        lengths = random.integers(100, 460, min(PER_BATCH, documents - start))
        texts = np.split(words(int(lengths.sum())), np.cumsum(lengths)[:-1])
        for copy in range(1, int(len(texts) * COPIES) + 1):
            text = texts[copy - 1].copy()
            at = random.choice(len(text), round(EDITED * len(text)), replace=False)
            text[at] = words(len(at))
            texts[-copy] = text
        yield [{"id": f"d{start + number}", "text": " ".join(text)} for number, text in enumerate(texts)]


@cache
def _names() -> np.ndarray:
    return vocabulary(75_001)


def identified(number: int, row: dict[str, str]) -> dict[str, Any]:
    """A document as one of a subject's, with what the source's fields say of them."""
    known, subject = _names(), number // PER_SUBJECT
    name = f"{known[subject % 5_000].title()} {known[5_000 + subject % 70_001].title()}"
    identifiers = [{"name": "name", "value": name}, {"name": "mrn", "value": f"{40_000_000 + subject}"}]
    text = f"{name}, MRN {40_000_000 + subject}, seen 2024-03-0{1 + number % 9}. {row['text']}"
    return {"id": row["id"], "subject_id": f"p{subject}", "identifiers": identifiers, "text": text}


def write_corpus(folder: Path, documents: int, *, identify: bool) -> int:
    """Writes an artifact of this many documents; the bytes of their texts."""
    from acclimate.core.artifacts import Output
    from acclimate.core.schema import RECORD_SCHEMA

    folder.mkdir()
    size = 0
    with Output(folder, RECORD_SCHEMA) as output:
        for plain in batches(documents, seed=0):
            rows = [identified(int(row["id"][1:]), row) for row in plain] if identify else plain
            size += sum(len(row["text"]) for row in rows)
            output.keep(pa.Table.from_pylist(rows, schema=RECORD_SCHEMA))
    return size


def measure(folder: Path, stage_name: str) -> dict[str, Any]:
    """A stage over the artifact: seconds, the process's peak memory in bytes, and what it dropped."""
    from acclimate.backends.engine import LocalEngine
    from acclimate.core.artifacts import Artifact, Output
    from acclimate.core.ports import Context
    from acclimate.core.progress import no_progress

    stage = importlib.import_module(f"acclimate.stages.{stage_name}").STAGE
    made = folder / "made"
    made.mkdir()
    (folder / "work").mkdir()
    peak = [0]
    threading.Thread(target=_watch_memory, args=(peak,), daemon=True).start()
    start = time.perf_counter()
    with Output(made) as output:
        records = Artifact(folder / "records", "")
        context = Context(folder / "work", no_progress, LocalEngine(CORES), secrets={"surrogates": KEY})
        report = stage.run(stage.config(), {"records": records}, output, context)
    seconds = time.perf_counter() - start
    return {
        "seconds": seconds,
        "peak": peak[0],
        "dropped": sum(report.counts.dropped.values()),
    }


def _watch_memory(peak: list[int]) -> None:
    """Notes the largest sum of what this process and its workers hold; pages they share count once for each."""
    own = psutil.Process()
    while True:
        held = 0
        for process in [own, *own.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                held += process.memory_info().rss
        peak[0] = max(peak[0], held)
        time.sleep(0.1)


def measured(documents: int, stage: str) -> dict[str, Any]:
    """The measurement of one size, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        size = write_corpus(Path(folder) / "records", documents, identify=stage == "deidentify")
        command = [sys.executable, "-m", "benchmarks.data.scale", "--stage", stage, _MEASURE, folder]
        environment = {**os.environ, "POLARS_MAX_THREADS": str(CORES), "OMP_NUM_THREADS": str(CORES)}
        ran = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    found = {**json.loads(ran.stdout), "documents": documents, "bytes": size}
    print(json.dumps(found), file=sys.stderr, flush=True)
    return found


def growth(of: str, found: list[dict[str, Any]]) -> float:
    """The exponent of the power law through all sizes, by least squares of the logarithms."""
    sizes = [math.log(one["documents"]) for one in found]
    return round(float(np.polyfit(sizes, [math.log(one[of]) for one in found], 1)[0]), 2)


def rows(found: list[dict[str, Any]], stage: str) -> Iterator[dict[str, Any]]:
    """The rows of results."""
    goals = GOALS if stage == "dedup" else {}
    for one in found:
        documents = one["documents"]
        name = f"{NAMES[stage]} among {documents:,} documents ({one['bytes'] / 1e6:,.0f} MB), two cores"
        yield result(f"{name}: seconds", round(one["seconds"], 1), goal=goals.get(("seconds", documents), ""))
        peak = round(one["peak"] / 1e6)
        yield result(f"{name}: peak memory, all processes, MB", peak, goal=goals.get(("peak", documents), ""))
        if stage == "dedup":
            yield result(f"{name}: share dropped ({COPIES:.0%} are copies)", round(one["dropped"] / documents, 4))
    for part in (found, found[-3:]) if len(found) > 3 else (found,):
        span = f"from {part[0]['documents']:,} to {part[-1]['documents']:,} documents"
        exponent = growth("seconds", part)
        yield result(f"{NAMES[stage]}, growth exponent of seconds, {span}", exponent, goal=goals.get(("growth", 0), ""))
        yield result(f"{NAMES[stage]}, growth exponent of peak memory, {span}", growth("peak", part))


def main() -> None:
    """Measures each size and writes the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stage", choices=NAMES, default="dedup")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--output", type=Path)
    parser.add_argument(_MEASURE, type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(arguments.measure, arguments.stage)))
        return
    found = [measured(size, arguments.stage) for size in arguments.sizes]
    write_results(arguments.output, list(rows(found, arguments.stage)))


if __name__ == "__main__":
    main()
