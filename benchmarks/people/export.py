"""How long the export of annotated texts takes, and what it holds in memory: a tenth of the texts beside all of them.

Made-up notes of 100 words, each read by two people who give a label and four spans. Each export is a process of its
own; its time and memory are those of the export alone, after Python and the libraries are there.

    python -m benchmarks.people.export --output benchmarks/results/annotation_export.json
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from acclimate.annotation.formats.leaving import export_annotations
from acclimate.annotation.formats.taking import ImportSource, import_annotations
from acclimate.annotation.people import SYSTEM, Person, Role, save_person
from acclimate.annotation.store import Store, database_url
from benchmarks.recording import result, write_results

FORMATS = ("label-studio", "argilla", "hf")
READERS = ("ann", "bob")
WORDS = ("patient", "reports", "pain", "in", "her", "left", "arm", "since", "Monday", "took", "aspirin", "no", "fever")
GOAL = "< 5 s"
PEER = {"Label Studio, s, as its users report": 240}


def main() -> None:
    """Makes two projects and exports them in turn, or exports one where --export says so."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--export", nargs=3, metavar=("PROJECT", "FORMAT", "ANNOTATOR"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.export:
        print(json.dumps(measure(Path(arguments.export[0]), arguments.export[1], arguments.export[2].strip("*"))))
        return
    with tempfile.TemporaryDirectory() as folder:
        few, all_of_them = Path(folder, "few"), Path(folder, "all")
        make_project(few, arguments.texts // 10)
        seconds = make_project(all_of_them, arguments.texts)
        rows = [row for name in FORMATS for row in figures(name, few, all_of_them, arguments)]
    rate = round(2 * arguments.texts / seconds)
    write_results(arguments.output, [*rows, result("answers taken a second by the import (prodigy)", rate)])


def figures(name: str, few: Path, all_of_them: Path, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Seconds and memory of one format."""
    of = f"{arguments.texts} texts, {name}"
    alone = [in_own_process(all_of_them, name, "ann") for _ in range(arguments.rounds)]
    both = [in_own_process(all_of_them, name, "*") for _ in range(arguments.rounds)]
    tenth = in_own_process(few, name, "*")
    return [
        _seconds(f"export of {of}, one answer each, s", alone),
        _seconds(f"export of {of}, two answers each, s", both),
        result(
            f"memory the export of {of}, two answers each, adds, MB",
            round(statistics.median(one["megabytes"] for one in both), 1),
            peers={"a tenth of the texts, MB": round(tenth["megabytes"], 1)},
        ),
    ]


def _seconds(figure: str, runs: list[dict[str, float]]) -> dict[str, Any]:
    times = [one["seconds"] for one in runs]
    median = round(statistics.median(times), 2)
    # On a machine that does other work too, the processor's time says more than the clock's.
    peers = {"of it on the processor, s": round(statistics.median(one["processor"] for one in runs), 2), **PEER}
    return result(figure, median, interval=[round(min(times), 2), round(max(times), 2)], goal=GOAL, peers=peers)


def in_own_process(project: Path, name: str, annotator: str) -> dict[str, float]:
    """What one export measured; its folder is removed with the project."""
    command = [sys.executable, "-m", "benchmarks.people.export", "--export", str(project), name, annotator]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    measured: dict[str, float] = json.loads(ran.stdout)
    return measured


def measure(project: Path, name: str, annotator: str) -> dict[str, float]:
    """Exports a project into a new folder in it."""
    store = Store.open(database_url(project, None))
    folder = project / f"out-{time.monotonic_ns()}"
    started, worked = time.perf_counter(), time.process_time()
    with Memory() as memory:
        export_annotations(store, "notes", name, folder, annotator=annotator, by="mia")
    seconds = {"seconds": time.perf_counter() - started, "processor": time.process_time() - worked}
    return {**seconds, "megabytes": memory.added}


class Memory:
    """The most resident memory in a stretch of work beyond what was there before, looked at every 5 ms."""

    def __init__(self) -> None:
        self.added = 0.0
        self._process = psutil.Process()
        self._ended = threading.Event()
        self._looking = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Memory:
        self._before = self._process.memory_info().rss
        self._looking.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._ended.set()
        self._looking.join()

    def _look(self) -> None:
        while not self._ended.wait(0.005):
            self.added = max(self.added, (self._process.memory_info().rss - self._before) / 2**20)


def make_project(folder: Path, texts: int) -> float:
    """A database with answers of two people to each text; the seconds that taking them took."""
    folder.mkdir()
    source = folder / "db-out.jsonl"
    draw = random.Random(0)
    with source.open("w") as file:
        for number in range(texts):
            text = " ".join(draw.choices(WORDS, k=100))
            for person in READERS:
                file.write(json.dumps(answer(number, text, person, draw)) + "\n")
    store = Store.open(database_url(folder, None))
    save_person(store, Person("mia", (Role.MANAGER,)), by=SYSTEM)
    started = time.perf_counter()
    import_annotations(store, "notes", ImportSource("prodigy", source), by="mia")
    seconds = time.perf_counter() - started
    store.close()
    return seconds


def answer(number: int, text: str, person: str, draw: random.Random) -> dict[str, Any]:
    """What one person says of one text."""
    spans = [
        {"start": start, "end": start + draw.randint(3, 20), "label": draw.choice(["drug", "finding"])}
        for start in range(10, 410, 100)
    ]
    options = [{"id": "urgent", "text": "urgent"}, {"id": "later", "text": "later"}]
    said = {"options": options, "accept": [draw.choice(["urgent", "later"])], "spans": spans, "answer": "accept"}
    return {"text": text, **said, "_annotator_id": person, "meta": {"id": f"n{number}"}}


if __name__ == "__main__":
    main()
