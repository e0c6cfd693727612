"""Serves readers, imports, erasures, exports and backups in forks, killed or not: `python -m tests.integration.annotating`.

A reader writes each receipt to a file of its own, durably, once the answer was acknowledged.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from tests.unit.annotation.project_of_four import TASK

from acclimate.annotation.active.renewal import ask_where_due
from acclimate.annotation.answering import Submission, submit
from acclimate.annotation.backup import back_up, restore
from acclimate.annotation.erasure import AnnotationDatabase
from acclimate.annotation.export import export_snapshot
from acclimate.annotation.formats.taking import ImportSource, import_annotations
from acclimate.annotation.jobs import claim, end
from acclimate.annotation.queue import next_item
from acclimate.annotation.store import Store, database_url, utc_now
from acclimate.app.jobs import Surroundings, do
from acclimate.core import crash_points
from acclimate.core.ports import Vectors
from acclimate.testing.forks import serve


def read_everything(folder: Path, person: str, *, url: str | None = None) -> None:
    """Answers until nothing is left; the token is the item's, so that what follows a kill is a retry."""
    store = Store.open(database_url(folder, url))
    with (folder / f"{person}.receipts").open("a") as receipts:
        while (lease := next_item(store, TASK, person)) is not None:
            answer = {"urgency": "low" if int(lease.item[1:]) % 2 else "high"}
            sent = Submission(TASK, lease.item, person, f"{person}-{lease.item}", answer)
            receipt = submit(store, sent)
            assert submit(store, sent).number == receipt.number
            receipts.write(f"{receipt.number} {lease.item}\n")
            receipts.flush()
            os.fsync(receipts.fileno())


class Lengths:
    """Stands in for an encoder: texts by their lengths."""

    digest = "lengths-1"

    def encode(self, texts: Sequence[str], *, progress: object = None) -> Vectors:
        rows = np.array([[1.0, len(text) % 7, len(text) % 3] for text in texts], dtype=np.float32)
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def rank_when_due(folder: Path, minutes: int) -> None:
    """Looks once for what a server has to do, so many minutes from now, and does it."""
    store = Store.open(database_url(folder, None), clock=lambda: utc_now() + timedelta(minutes=minutes))
    ask_where_due(store)
    while (job := claim(store)) is not None:
        end(store, job.number, do(store, job, Surroundings(folder, encoder=Lengths)))


def work(request: dict[str, Any]) -> None:
    """Reads as a person, imports, forgets somebody, exports, backs up or restores; killed at a crash point or not."""
    folder = Path(request["folder"])
    if request.get("fatal_visit"):
        crash_points.arm(request["fatal_visit"])
    if "rank_at" in request:
        rank_when_due(folder, request["rank_at"])
    elif "backup" in request:
        back_up(Store.open(database_url(folder, None)), Path(request["backup"]))
    elif "restore" in request:
        restore(Path(request["restore"]), database_url(Path(request["into"]), None))
    elif "person" in request:
        read_everything(folder, request["person"])
    elif "source" in request:
        source = ImportSource("prodigy", Path(request["source"]))
        import_annotations(Store.open(database_url(folder, None)), TASK, source, by="mia")
    elif "forget" in request:
        database = AnnotationDatabase(database_url(folder, None))
        database.forget(frozenset(request["forget"]), subject="s1", receipt="r1")
    else:
        export_snapshot(Store.open(database_url(folder, None)), TASK, folder / "out", by="mia")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        read_everything(Path(sys.argv[1]), sys.argv[2], url=sys.argv[3] or None)
    else:
        serve(work)
