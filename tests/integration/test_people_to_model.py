"""From people to a model: the example's notes are read by two in two browsers, decided by a third, and learnt from."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.integration import test_annotate_pages as pages
from tests.integration.test_annotate_pages import (
    Served,
    add_records,
    answer_with,
    draw,
    follow,
    invite,
    join,
    new_page,
)
from tests.labelled_project import CONFIG

from acclimate.api import Project
from acclimate.examples.clinical.write import write_project
from acclimate.testing.models import write_tiny_encoder

pytestmark = pytest.mark.slow
served, browser = pages.served, pages.browser

ITEMS = 40
MISREAD = frozenset({7, 21})
"""Places at which Bob does not see a dose, or sees one."""


def notes(folder: Path) -> list[dict[str, object]]:
    """The first notes of the clinical example, two of each patient where there are two."""
    write_project(folder)
    lines = [line for file in sorted(folder.glob("data/north/*.jsonl")) for line in file.read_text().splitlines()]
    rows = sorted((json.loads(line) for line in lines), key=lambda row: row["patient"])
    said = [row for row in rows if row["summary"]][:ITEMS]
    return [{"id": row["note_id"], "text": row["summary"], "subject_id": row["patient"]} for row in said]


def names_a_dose(text: str) -> bool:
    return "mg" in text


def read_all(page: Page, labels: dict[str, str]) -> None:
    """Reads what the page hands out, by keys, until nothing is left."""
    follow(page, "Annotate")
    for _ in labels:
        item = page.locator("#card").get_attribute("data-item") or ""
        answer_with(page, "1" if labels[item] == "yes" else "2", "Enter")
    expect(page.get_by_role("heading", name="Nothing is left for you")).to_be_visible()


def test_what_two_read_and_a_third_decided_trains_the_next_model(
    browser: Browser, served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCLIMATE_KEYS", str(tmp_path / "keys"))
    records = notes(tmp_path / "example")
    truth = {str(row["id"]): "yes" if names_a_dose(str(row["text"])) else "no" for row in records}
    assert len(truth) == ITEMS and 8 < sum(label == "yes" for label in truth.values()) < ITEMS - 8
    other = {"yes": "no", "no": "yes"}
    misread = {item: other[label] if at in MISREAD else label for at, (item, label) in enumerate(truth.items())}
    manager = join(new_page(browser, served), served.first_link)
    draw(manager, served, "doses", {"name": "dose", "prompt": "Does the note name a dose?", "labels": "yes\nno"})
    add_records(manager, records, readings=2)
    ann, bob, rae = (
        join(new_page(browser, served), invite(manager, served, name, role))
        for name, role in (("ann", "annotator"), ("bob", "annotator"), ("rae", "reviewer"))
    )
    read_all(ann, truth)
    read_all(bob, misread)
    manager.goto(f"{served.address}/tasks/doses/agreement/parts")
    for item in (item for item in truth if truth[item] != misread[item]):
        expect(manager.get_by_role("button", name=item, exact=True)).to_be_visible()
    follow(rae, "Decide disputes")
    for _ in MISREAD:
        item = rae.locator("#card").get_attribute("data-item") or ""
        assert truth[item] != misread[item]
        answer_with(rae, "1" if truth[item] == "yes" else "2", "Enter")
    manager.goto(f"{served.address}/tasks/doses")
    expect(manager.get_by_text(f"{ITEMS} of {ITEMS} items are settled.")).to_be_visible()
    manager.get_by_role("button", name="Export a snapshot").click()
    snapshot = served.folder / manager.locator("code").inner_text()
    assert learnt_from(snapshot, tmp_path / "next") == {row["text"]: truth[str(row["id"])] for row in records}


def learnt_from(snapshot: Path, folder: Path) -> dict[str, str]:
    """Trains on the snapshot by the command line; the label of every text that went in."""
    folder.mkdir()
    write_tiny_encoder(folder / "tiny-encoder")
    start, end = CONFIG.index("    - path: data/north.csv"), CONFIG.index("split:")
    source = f"    - {{path: '{snapshot}/data-*.parquet', name: people}}\n"
    (folder / "acclimate.yaml").write_text(CONFIG[:start] + source + CONFIG[end:])
    for words in (("key", "new"), ("run", "--until", "train")):
        command = [
            sys.executable,
            "-c",
            "from acclimate.cli.main import main; main()",
            *words,
            "--project",
            str(folder),
        ]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
        assert ran.returncode == 0, ran.stderr
    project = Project.open(folder)
    assert all(project.report("train").metrics["labels"].values())
    return {row["text"]: row["label"] for row in project.artifact("ingest").rows()}
