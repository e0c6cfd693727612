"""What pages of the docs find where they begin: annotations of a small project, and readers who read a study."""

from __future__ import annotations

import json
import re
from pathlib import Path

from acclimate.annotation.answering import Submission, submit
from acclimate.annotation.people import SYSTEM, Person, Role, save_person
from acclimate.annotation.queue import next_item
from acclimate.annotation.schema import LabelSchema, Option, Spans, Text
from acclimate.annotation.store import Store, database_url
from acclimate.annotation.study.protocol import PHYSICIAN_AXES
from acclimate.annotation.tasks import NewItem, Overlap, add_items, create_task
from acclimate.api import Project
from acclimate.app.server import open_office

MARKS = Spans(
    name="marks", fields=("prompt",), options=(Option(name="drug"), Option(name="term")), required=False, prompt="Mark."
)


def write_annotations(folder: Path) -> None:
    """The task `notes` over the project's test records, made by whom the server makes the first manager."""
    open_office(folder, manager="manager", port=8765, public_url=None).office.store.close()
    rows = [row for row in Project.open(folder).table("split").to_pylist() if row["split"] == "test"]
    store = Store.open(database_url(folder, None))
    create_task(store, "notes", LabelSchema(questions=(MARKS, Text(name="note", required=False))), by="manager")
    items = [NewItem({name: row[name] for name in ("id", "prompt", "site")}) for row in rows]
    add_items(store, "notes", items, overlap=Overlap(readings=2), by="manager")
    store.close()
    (folder.parent / "drugs.csv").write_text("term,label\nheadache,drug\n")
    (folder / "glossary.csv").write_text("term\nDoctor\n")
    answer = {"id": rows[0]["id"], "answer": {"note": "Rest."}, "score": 0.97}
    (folder.parent / "answers.jsonl").write_text(json.dumps(answer) + "\n")


def write_protocol(page: Path, folder: Path) -> None:
    """The protocol that the page shows, with as few items as a small project has answers, and a guideline."""
    shown = re.search(r"```yaml\n(name: .*?)```", page.read_text(), re.DOTALL)
    assert shown is not None
    (folder / "notes-review.yaml").write_text(re.sub(r"items: \d+", "items: 4", shown[1]))
    (folder / "guideline.txt").write_text("Put the safer one first.\n")


def read_study(folder: Path, name: str) -> None:
    """Three readers take the outputs as they come, on every axis, until nothing is left."""
    store = Store.open(database_url(folder, None))
    for reader in ("ann", "bob", "cem"):
        save_person(store, Person(reader, (Role.ANNOTATOR,), sites=("north", "south")), by=SYSTEM)
        while (lease := next_item(store, name, reader)) is not None:
            order = [[output.key] for output in lease.candidates]
            content = {**{axis.name: order for axis in PHYSICIAN_AXES}, "marks": []}
            submit(store, Submission(name, lease.item, reader, f"{reader}-{lease.item}", content))
    store.close()
