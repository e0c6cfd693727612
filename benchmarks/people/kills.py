"""Many readers answer while the server is killed again and again: is every acknowledged label there, exactly once?

The real server over HTTP, killed by SIGKILL at random moments and started again. A reader whose request was cut off
sends the same answer with the same token until it is acknowledged, as the page does.

    python -m benchmarks.people.kills --output benchmarks/results/annotation_kills.json
"""

from __future__ import annotations

import argparse
import http.client
import random
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from acclimate.annotation import tables
from acclimate.annotation.store import Store, database_url
from benchmarks.people.served import LABELS, Reader, Server, make_project
from benchmarks.recording import result, write_results

PEER = {"Label Studio, as its users report": "up to half lost in an outage of two minutes"}


@dataclass
class Told:
    """What readers were told: (person, item) of each acknowledged answer, and how often one had to be sent again."""

    acknowledged: list[tuple[str, str]] = field(default_factory=list)
    sent_again: int = 0
    repeated: int = 0
    refused: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)


def main() -> None:
    """Kills the server so many times while readers work, then compares what they were told with the database."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder, "study")
        sessions = make_project(project, records=arguments.records, readings=2, readers=arguments.clients)
        told = read_while_killing(project, sessions, kills=arguments.kills)
        kept = kept_answers(project)
    if told.refused:
        raise SystemExit(f"{len(told.refused)} readers were refused, the first: {told.refused[0]}")
    lost = [pair for pair in told.acknowledged if kept[pair] == 0]
    doubled = [pair for pair, times in kept.items() if times > 1]
    twice_told = len(told.acknowledged) - len(set(told.acknowledged))
    of = f"{arguments.clients} clients, server killed {arguments.kills} times"
    peers = {
        "acknowledged": len(told.acknowledged),
        "kept": kept.total(),
        "sent again": told.sent_again,
        "of these kept before the kill, and not doubled": told.repeated,
        **PEER,
    }
    write_results(
        arguments.output,
        [
            result(f"acknowledged labels lost, {of}", len(lost), goal="0", peers=peers),
            result(f"labels doubled, {of}", len(doubled) + twice_told, goal="0"),
        ],
    )


def read_while_killing(project: Path, sessions: dict[str, str], *, kills: int) -> Told:
    """What the readers were told."""
    told, draw, server = Told(), random.Random(0), Server(project)
    server.start()
    readers = [
        threading.Thread(target=_read, args=(Reader(server.port, session, timeout=10), name, told))
        for name, session in sessions.items()
    ]
    for reader in readers:
        reader.start()
    for _ in range(kills):
        time.sleep(draw.uniform(0.2, 1.5))
        server.kill()
        server.start()
    time.sleep(1)
    told.ended.set()
    for reader in readers:
        reader.join()
    server.kill()
    return told


def _read(reader: Reader, name: str, told: Told) -> None:
    draw = random.Random(name)
    while not told.ended.is_set():
        try:
            item = reader.next_item()
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)
            continue
        if item is None:
            return
        try:
            _answer(reader, name, item, draw.choice(LABELS), told)
        except ValueError as error:
            told.refused.append(str(error))
            return


def _answer(reader: Reader, name: str, item: str, label: str, told: Told) -> None:
    """Sends an answer until it is acknowledged; also after the end, so that none is left in doubt."""
    while True:
        try:
            receipt = reader.answer(item, f"{name}-{item}", label)
        except (OSError, http.client.HTTPException):
            told.sent_again += 1
            time.sleep(0.1)
            continue
        told.repeated += receipt["repeated"]
        told.acknowledged.append((name, item))
        return


def kept_answers(project: Path) -> Counter[tuple[str, str]]:
    """How often each person's answer to each item stands in the database, which must be whole."""
    store = Store.open(database_url(project, None))
    store.verify()
    with store.read() as connection:
        rows = connection.execute(select(tables.answers.c.person, tables.answers.c.item)).all()
    store.close()
    return Counter((row.person, row.item) for row in rows)


if __name__ == "__main__":
    main()
