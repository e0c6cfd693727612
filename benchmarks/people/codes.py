"""How long a search in a list of 100,000 codes takes, beside SQLite's own full-text index of the same list.

Made-up names of three to eight words. A search is one of what people type on the way to a code: beginnings of one to
three words, and of codes.

    python -m benchmarks.people.codes --output benchmarks/results/codes.json
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from acclimate.annotation.code_search import search_codes
from acclimate.annotation.people import SYSTEM, Person, Role, save_person
from acclimate.annotation.store import Store, database_url
from acclimate.annotation.tasks import save_codes
from benchmarks.recording import result, write_results

CODES, SEARCHES = 100_000, 300
STEMS = (
    "acut",
    "chron",
    "my",
    "cardi",
    "infarct",
    "pulmon",
    "ren",
    "hepat",
    "fractur",
    "neo",
    "diabet",
    "hyper",
    "throm",
)
ENDINGS = ("e", "ic", "al", "ion", "osis", "itis", "ia", "y", "ed", "oid")


def main() -> None:
    """Makes the list, searches it, and does the same with FTS5."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    draw = random.Random(0)
    titles = {f"{chr(65 + n % 26)}{n // 26:04}.{n % 10}": title(draw) for n in range(CODES)}
    asked = [words(draw, titles) for _ in range(SEARCHES)]
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(database_url(Path(folder), None))
        save_person(store, Person("mia", (Role.MANAGER,)), by=SYSTEM)
        save_codes(store, "icd", titles, by="mia")
        started = time.perf_counter()
        search_codes(store, "icd", "first")
        first = 1000 * (time.perf_counter() - started)
        times = timed(lambda query: search_codes(store, "icd", query), asked)
        # On a machine that does other work too, the processor's time says more than the clock's.
        worked = timed(lambda query: search_codes(store, "icd", query), asked, time.thread_time)
    peer = timed(full_text(titles), asked)
    peers = {
        "of it on the processor, p95, ms": round(float(np.percentile(worked, 95)), 1),
        "SQLite FTS5, p95, ms": round(float(np.percentile(peer, 95)), 1),
        "the first search, which reads the list, ms": round(first),
    }
    figure = f"search in {CODES:,} codes, p95, ms"
    spread = [round(float(np.percentile(times, share)), 1) for share in (5, 99)]
    row = result(figure, round(float(np.percentile(times, 95)), 1), interval=spread, goal="< 50 ms", peers=peers)
    write_results(arguments.output, [row])


def title(draw: random.Random) -> str:
    """A name of some words."""
    return " ".join(draw.choice(STEMS) + draw.choice(ENDINGS) for _ in range(draw.randint(3, 8)))


def words(draw: random.Random, titles: dict[str, str]) -> str:
    """What somebody who looks for one of the codes has typed so far."""
    code = draw.choice(list(titles))
    if draw.random() < 0.2:
        return code[: draw.randint(2, len(code))]
    some = draw.sample(titles[code].split(), draw.randint(1, 3))
    return " ".join(word[: draw.randint(2, len(word))] for word in some)


def full_text(titles: dict[str, str]) -> Callable[[str], object]:
    """The same search by FTS5, best first."""
    database = sqlite3.connect(":memory:")
    database.execute("CREATE VIRTUAL TABLE codes USING fts5(code, title, prefix='2 3 4')")
    database.executemany("INSERT INTO codes VALUES (?, ?)", titles.items())

    def search(query: str) -> object:
        match = " ".join(f'"{word}"*' for word in query.split())
        return database.execute("SELECT * FROM codes WHERE codes MATCH ? ORDER BY rank LIMIT 20", (match,)).fetchall()

    return search


def timed(
    search: Callable[[str], object], asked: Sequence[str], clock: Callable[[], float] = time.perf_counter
) -> list[float]:
    """Milliseconds of each search."""
    times = []
    for query in asked:
        started = clock()
        search(query)
        times.append(1000 * (clock() - started))
    return times


if __name__ == "__main__":
    main()
