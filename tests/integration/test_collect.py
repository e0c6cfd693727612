"""acclimate collect, and gc of what it landed, through the command line."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

CONFIG = """\
project: clinic
ingest:
  sources:
    - {path: a.jsonl, name: here}
    - sql: select id, text from notes
      name: clinic
      secrets: {url: CLINIC_DB}
      columns: {id: id, text: text}
"""


def acclimate(project: Path, *arguments: str) -> str:
    code = "from acclimate.cli.main import main; main()"
    environment = {**os.environ, "CLINIC_DB": f"sqlite:///{project}/clinic.db"}
    command = [sys.executable, "-c", code, *arguments, "--project", str(project)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def fill(project: Path, *texts: str) -> None:
    with sqlite3.connect(project / "clinic.db") as connection:
        connection.execute("create table if not exists notes (id integer primary key, text text)")
        connection.executemany("insert into notes (text) values (?)", [(text,) for text in texts])


def ingest(project: Path) -> int:
    [outcome] = json.loads(acclimate(project, "ingest", "--json"))
    return int(outcome["report"]["counts"]["kept"])


def test_a_database_is_read_once_and_again_by_collect_and_gc_leaves_what_is_needed(tmp_path: Path) -> None:
    (tmp_path / "acclimate.yaml").write_text(CONFIG)
    (tmp_path / "a.jsonl").write_text('{"text": "here"}\n')
    fill(tmp_path, "one", "two")
    assert ingest(tmp_path) == 3
    fill(tmp_path, "three")
    assert ingest(tmp_path) == 3
    landed = json.loads(acclimate(tmp_path, "collect", "clinic", "--json"))
    assert [(row["source"], row["files"], row["elsewhere"]) for row in landed] == [
        ("here", 1, False),
        ("clinic", 1, True),
    ]
    assert ingest(tmp_path) == 4
    copies = tmp_path / "restricted/snapshots/files"
    assert len(list(copies.iterdir())) == 3
    acclimate(tmp_path, "gc", "--yes")
    assert len(list(copies.iterdir())) == 2
    (tmp_path / "clinic.db").unlink()
    assert ingest(tmp_path) == 4
