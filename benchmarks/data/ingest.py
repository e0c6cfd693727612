"""JSON lines to Parquet: megabytes a second beside peers, and the peak memory for a large file.

The files are made here: records of a dialogue, a note and five short fields, about 1.3 kB each, and the same text as
conversations of two turns. Ours is collect and the whole
ingest stage, in and out: a copy with its digest, strict parsing, ids, provenance, `extra`. `datasets` loads the file and
writes Parquet; polars and Daft (where it is there) scan it and write Parquet; "row by row" is Python's `json` and pyarrow,
ten thousand rows at a time. None of them makes ids. Each run is a process of its own, in turn; the best of the rounds is told, with all as interval.
Processor seconds count all threads together, so that other work on the machine says less; seconds by the clock
are what a user waits on the cores there are, of which both use more than one.

    python -m benchmarks.data.ingest --output benchmarks/results/ingest.json
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.recording import result, write_results

from acclimate.backends.memory import peak_memory

DESCRIBED = {"subject_id": "patient", "collected_at": "written"}
NOTES = {"prompt": "dialogue", "completion": "note", **DESCRIBED}
COLUMNS = {
    "content_ids": NOTES,
    "own_ids": {**NOTES, "id": "id"},
    "conversations": {"messages": "messages", **DESCRIBED},
}
"""What our reader is told of the columns, by what is measured."""

MEGABYTE = 1_000_000
ROW_BY_ROW = "row by row"


def note(said: str, written: str) -> dict[str, Any]:
    """The text of a record as prompt and completion."""
    return {"dialogue": said, "note": written}


def conversation(said: str, written: str) -> dict[str, Any]:
    """The same as two turns."""
    return {"messages": [{"role": "user", "content": said}, {"role": "assistant", "content": written}]}


def write_lines(path: Path, text_of: Callable[[str, str], dict[str, Any]], *, megabytes: int) -> None:
    """Records until the file has that size."""
    chance = random.Random(0)
    vocabulary = ["".join(chance.choices("etaoinshrdlu", k=chance.randint(2, 9))) for _ in range(5000)]
    texts = [" ".join(chance.choices(vocabulary, k=190)) for _ in range(2000)]
    size = number = 0
    with path.open("w") as file:
        while size < megabytes * MEGABYTE:
            text, cut = texts[chance.randrange(2000)], chance.randint(600, 1000)
            row = {
                "id": f"n{number}",
                "patient": f"p{number // 3}",
                **text_of(f"{number} {text[:cut]}", text[cut:]),
                "age_band": "40-60",
                "ward": "the third ward",
                "written": "2024-03-01T10:00:00Z",
            }
            size += file.write(json.dumps(row) + "\n")
            number += 1


def read_with_acclimate(path: Path, work: Path, columns: Mapping[str, str]) -> None:
    """Collects and ingests as the pipeline does."""
    from acclimate.backends.engine import LocalEngine
    from acclimate.collect.snapshots import collect
    from acclimate.core.artifacts import Output
    from acclimate.core.ports import Context
    from acclimate.core.progress import no_progress
    from acclimate.stages.ingest import STAGE, IngestConfig

    source = {"path": str(path), "site": "north", "licence": "MIT", "columns": columns, "attributes": ["age_band"]}
    config = IngestConfig.model_validate({"sources": [source]})
    snapshot = collect(config.sources, folder=work, snapshots=work / "snapshots").artifact()
    (work / "output").mkdir()
    with Output(work / "output") as output:
        STAGE.run(config, {"snapshot": snapshot}, output, Context(work / "partial", no_progress, LocalEngine()))


def read_with_datasets(path: Path, work: Path) -> None:
    """Loads the file, which writes Arrow, and writes that as Parquet."""
    import datasets

    datasets.disable_progress_bars()
    loaded = datasets.load_dataset("json", data_files=str(path), cache_dir=str(work / "cache"), split="train")
    loaded.to_parquet(str(work / "output.parquet"))


def read_with_polars(path: Path, work: Path) -> None:
    """Scans the file and writes Parquet as it goes."""
    import polars as pl

    pl.scan_ndjson(path).sink_parquet(work / "output.parquet")


def read_with_daft(path: Path, work: Path) -> None:
    """The same with Daft, on threads of this process."""
    import daft

    daft.read_json(str(path)).write_parquet(str(work / "output"))


def read_row_by_row(path: Path, work: Path) -> None:
    """Python's own reader, and a row group for every ten thousand rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer = None
    with path.open() as file:
        while lines := list(islice(file, 10_000)):
            table = pa.Table.from_pylist([json.loads(line) for line in lines])
            writer = writer or pq.ParquetWriter(work / "output.parquet", table.schema)
            writer.write_table(table)
    if writer:
        writer.close()


PEERS = {
    "datasets": read_with_datasets,
    "polars": read_with_polars,
    "daft": read_with_daft,
    ROW_BY_ROW: read_row_by_row,
}
"""Each under the name of its package; the last needs none of its own."""


def measure(reader: str, path: Path) -> dict[str, float]:
    """One run in a process of its own: seconds of the processor and by the clock without the imports', and peak memory
    in bytes."""
    command = [sys.executable, "-m", "benchmarks.data.ingest", "--reader", reader, "--file", str(path)]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1"}
    ran = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return dict(json.loads(ran.stdout.splitlines()[-1]))


def run_reader(reader: str, path: Path) -> None:
    """What the process of one run does; imports are done before the clock starts."""
    with tempfile.TemporaryDirectory() as folder:
        if reader in PEERS:
            import_module("pyarrow.parquet" if reader == ROW_BY_ROW else reader)
        else:
            import pandas  # noqa: F401 - pyarrow loads it when it makes its first array, datasets when it is loaded

            import acclimate.backends.engine
            import acclimate.collect.snapshots
            import acclimate.stages.ingest  # noqa: F401
        start, clock_start = time.process_time(), time.perf_counter()
        if reader in PEERS:
            PEERS[reader](path, Path(folder))
        else:
            read_with_acclimate(path, Path(folder), COLUMNS[reader])
        seconds, clock = time.process_time() - start, time.perf_counter() - clock_start
    print(json.dumps({"seconds": seconds, "clock": clock, "peak": peak_memory()}))


def compare_speed(path: Path, kinds: Sequence[str], *, rounds: int) -> list[dict[str, Any]]:
    """Rows of results: our reader in each of these ways, and the peers, in turn."""
    size = path.stat().st_size / MEGABYTE
    peers = {peer: peer if peer == ROW_BY_ROW else f"{peer} {version(peer)}" for peer in PEERS if is_there(peer)}
    readers = (*kinds, *peers)
    runs: dict[str, list[dict[str, float]]] = {reader: [] for reader in readers}
    for _ in range(rounds):
        for reader in readers:
            runs[reader].append(measure(reader, path))
    rows = []
    for taken, unit in (("seconds", "processor second"), ("clock", "second")):
        rates = {reader: sorted(size / run[taken] for run in runs[reader]) for reader in readers}
        best = {name: rates[peer][-1] for peer, name in peers.items()}
        rows += [row for kind in kinds for row in _speed_rows(kind, rates[kind], best, unit=unit)]
    return rows


def is_there(peer: str) -> bool:
    """Whether its package is installed."""
    return peer == ROW_BY_ROW or find_spec(peer) is not None


def _speed_rows(kind: str, ours: Sequence[float], best: Mapping[str, float], *, unit: str) -> list[dict[str, Any]]:
    """The rate, of sorted ones, and its ratio to the best one of `datasets`."""
    measured = f"ingest of JSON lines, {kind.replace('_', ' ')}"
    by_the_clock = ", by the clock" if unit == "second" else ""
    peers = {name: round(rate, 1) for name, rate in best.items()}
    interval = [round(ours[0], 1), round(ours[-1], 1)]
    ratio = round(ours[-1] / next(iter(best.values())), 2)
    return [
        result(f"{measured}: MB a {unit}", round(ours[-1], 1), interval=interval, peers=peers),
        result(f"{measured}: times as fast as datasets{by_the_clock}", ratio, goal=">= 1.5", peers=peers),
    ]


def main() -> None:
    """Runs the comparison, then the large file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=100, help="of the file for speed")
    parser.add_argument("--large", type=int, default=2000, help="megabytes of the file for memory")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--reader", choices=[*COLUMNS, *PEERS], help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    if arguments.reader:
        run_reader(arguments.reader, arguments.file)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "notes.jsonl"
        write_lines(path, conversation, megabytes=arguments.megabytes)
        talks = compare_speed(path, ["conversations"], rounds=arguments.rounds)
        write_lines(path, note, megabytes=arguments.megabytes)
        rows = [*compare_speed(path, ["content_ids", "own_ids"], rounds=arguments.rounds), *talks]
        write_lines(path, note, megabytes=arguments.large)
        for reader in ("content_ids", "own_ids"):
            peak = measure(reader, path)["peak"] / MEGABYTE
            figure = f"ingest of {arguments.large} MB of JSON lines, {reader.replace('_', ' ')}: peak memory, MB"
            rows.append(result(figure, round(peak), goal="<= 1000"))
    write_results(arguments.output, rows)


if __name__ == "__main__":
    main()
