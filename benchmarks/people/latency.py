"""How long a reader waits for the next card and for the receipt of an answer, with many records and readers at once.

The real server over HTTP on this machine, its SQLite database with every answer synced to disk. Readers work without
haste: each waits a while, drawn anew, before the answer, as people who read do. What they and the server take from the
processor is taken from the same cores.

    python -m benchmarks.people.latency --output benchmarks/results/annotation_latency.json
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks.people.served import LABELS, Reader, make_project, served
from benchmarks.recording import result, write_results

PEER = {"Label Studio at 10,000 records, pages, s, as its users report": "> 15"}


@dataclass
class Waits:
    """Seconds that readers waited."""

    cards: list[float] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def main() -> None:
    """Makes the project, lets the readers work, and records what they waited and what the server held in memory."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--readers", type=int, default=20)
    parser.add_argument("--answers", type=int, default=50, help="by each reader")
    parser.add_argument("--think", type=float, default=2.0, help="mean seconds before an answer")
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder, "study")
        sessions = make_project(project, records=arguments.records, readings=2, readers=arguments.readers)
        with served(project) as server:
            process = psutil.Process(server.process.pid)
            work(server.port, sessions, answers=2, think=0.1)
            before = process.memory_info().rss
            waits = work(server.port, sessions, answers=arguments.answers, think=arguments.think)
            grown = (process.memory_info().rss - before) / 2**20
    if waits.faults:
        raise SystemExit(f"{len(waits.faults)} requests failed, the first: {waits.faults[0]}")
    of = f"{arguments.records:,} records, {arguments.readers} annotators"
    write_results(
        arguments.output,
        [
            _row(f"next card p95, {of}, ms", waits.cards, "< 100 ms"),
            _row(f"submit p95, durable, {of}, ms", waits.answers, "< 150 ms"),
            result(
                f"memory the server grew by in {len(waits.answers)} answers, {of}, MB", round(grown, 1), goal="flat"
            ),
        ],
    )


def _row(figure: str, seconds: list[float], goal: str) -> dict[str, object]:
    at = statistics.quantiles(seconds, n=100)
    peers = {"median, ms": round(at[49] * 1000, 1), "p99, ms": round(at[98] * 1000, 1), **PEER}
    return result(figure, round(at[94] * 1000, 1), goal=goal, peers=peers)


def work(port: int, sessions: dict[str, str], *, answers: int, think: float) -> Waits:
    """All readers at once, each in a thread of its own."""
    waits = Waits()
    threads = [
        threading.Thread(target=_read, args=(Reader(port, session), name, waits, answers, think))
        for name, session in sessions.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return waits


def _read(reader: Reader, name: str, waits: Waits, answers: int, think: float) -> None:
    draw = random.Random(name)
    try:
        for number in range(answers):
            asked = time.perf_counter()
            item = reader.next_item()
            waits.cards.append(time.perf_counter() - asked)
            if item is None:
                return
            time.sleep(draw.expovariate(1 / think))
            asked = time.perf_counter()
            reader.answer(item, f"{item}-{number}", draw.choice(LABELS))
            waits.answers.append(time.perf_counter() - asked)
    except (OSError, ValueError) as error:
        waits.faults.append(str(error))


if __name__ == "__main__":
    main()
