from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.annotation.study.test_marks import closed_study
from tests.unit.annotation.study.test_study import ANSWERED
from tests.unit.stages.ingest.conftest import ingest_files

from acclimate.annotation.study.confirmed import export_confirmed
from acclimate.stages.split import STAGE as SPLIT


@pytest.mark.parametrize("columns", [{}, {"prompt": "prompt", "completion": "completion"}])
def test_no_project_that_ingests_what_is_exported_trains_on_it(
    tmp_path: Path, run_stage: Callable[..., Any], columns: dict[str, str]
) -> None:
    made = export_confirmed(closed_study(tmp_path), "review", tmp_path / "out", records=ANSWERED, by="mia")
    others = [{"prompt": f"Other {number}?", "completion": f"yes {number}"} for number in range(20)]
    (tmp_path / "others.jsonl").write_text("".join(json.dumps(row) + "\n" for row in others))
    exported = {"path": f"out/{made.folder.name}/data-*.parquet", "name": "candidates", "columns": columns}
    ingested = ingest_files(tmp_path, {}, {"path": "others.jsonl", "name": "others"}, exported)
    kept = run_stage(SPLIT, ingested.records, {"fractions": {"train": 0.5, "validation": 0.25, "test": 0.25}}).kept
    found = {(row["source"], row["split"]) for row in kept.values()}
    assert found == {("candidates", "test"), ("others", "train"), ("others", "validation")}
