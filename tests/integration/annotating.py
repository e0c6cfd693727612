"""Serves readers, imports, erasures, exports and backups in forks, killed or not: `python -m tests.integration.annotating`.

A reader writes each receipt to a file of its own, durably, once the answer was acknowledged.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from tests.unit.annotation.project_of_four import TASK

from acclimate.annotation.answering import Submission, submit
from acclimate.annotation.backup import back_up, restore
from acclimate.annotation.erasure import AnnotationDatabase
from acclimate.annotation.export import export_snapshot
from acclimate.annotation.formats.taking import ImportSource, import_annotations
from acclimate.annotation.queue import next_item
from acclimate.annotation.store import Store, database_url
from acclimate.core import crash_points
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


def work(request: dict[str, Any]) -> None:
    """Reads as a person, imports, forgets somebody, exports, backs up or restores; killed at a crash point or not."""
    folder = Path(request["folder"])
    if request.get("fatal_visit"):
        crash_points.arm(request["fatal_visit"])
    if "backup" in request:
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
