"""The example of preferred replies: equal seeds, equal bytes; length alone does not tell which reply is preferred."""

from __future__ import annotations

import json
from pathlib import Path

from acclimate.core.preferences import preference_fault
from acclimate.examples.replies import write_project
from acclimate.pipeline.config import read_config


def written(folder: Path, seed: int) -> dict[str, bytes]:
    folder.mkdir()
    return {path.name: path.read_bytes() for path in write_project(folder, seed=seed)}


def test_equal_seeds_give_equal_files(tmp_path: Path) -> None:
    assert written(tmp_path / "a", 1) == written(tmp_path / "b", 1)
    assert written(tmp_path / "c", 2) != written(tmp_path / "d", 1)


def test_all_pairs_are_preferences_and_neither_length_is_preferred(tmp_path: Path) -> None:
    files = written(tmp_path / "a", 7)
    assert read_config(tmp_path / "a").task == "preference"
    rows = [json.loads(line) for name in files if name.endswith(".jsonl") for line in files[name].splitlines()]
    assert not any(preference_fault(row) for row in rows)
    longer = sum(len(row["chosen"]) > len(row["rejected"]) for row in rows) / len(rows)
    assert 0.4 < longer < 0.6
