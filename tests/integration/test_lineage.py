"""One identity from the source line to the prediction, and from the model back to the source files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from acclimate.api import Project
from acclimate.core.errors import WorkspaceError
from acclimate.pipeline.lineage import ancestors, record_way
from acclimate.project.keys import new_key


def test_a_test_records_way_ends_in_its_predictions(finished: Path) -> None:
    project = Project.open(finished)
    test_id = next(row["id"] for row in project.table("split").to_pylist() if row["split"] == "test")
    way = record_way(project.workspace, project.config, test_id)
    steps = [sighting.step for sighting in way]
    assert steps[:5] == ["ingest", "clean", "dedup", "deidentify", "split"]
    assert {"predict.base", "predict.adapted", "evaluate"} <= set(steps)
    assert way[0].id.startswith(("north:", "south:"))
    assert way[0].facts["locator"].startswith(("north.jsonl:", "south.csv:"))


def test_a_restricted_id_finds_the_same_way(finished: Path) -> None:
    project = Project.open(finished)
    by_source = record_way(project.workspace, project.config, "north:n0")
    by_open_id = record_way(project.workspace, project.config, by_source[-1].id)
    assert by_open_id == by_source


def test_a_training_record_is_found_in_the_training_rows(finished: Path) -> None:
    project = Project.open(finished)
    trained = next(row["id"] for row in project.table("train").to_pylist() if row["split"] == "train" and row["site"])
    assert "train" in [sighting.step for sighting in record_way(project.workspace, project.config, trained)]


def test_reading_the_restricted_zone_is_an_audit_event(finished: Path) -> None:
    project = Project.open(finished)
    record_way(project.workspace, project.config, "north:n0")
    events = [event for event in project.workspace.audit.events() if event.get("by") == "show"]
    assert [event["step"] for event in events] == ["ingest", "ingest", "clean", "dedup"]


def test_without_the_key_the_two_zones_are_not_joined(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "ACCLIMATE_KEYS", str(tmp_path / "no-keys"))
    project = Project.open(finished)
    way = record_way(project.workspace, project.config, "north:n0")
    assert {sighting.step for sighting in way} <= {"ingest", "clean", "dedup"}


def test_another_key_makes_what_uses_it_stale(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "ACCLIMATE_KEYS", str(tmp_path / "other-keys"))
    new_key("tiny", "surrogates")
    planned = {step.step.name: step for step in Project.open(finished).plan(until="split")}
    assert (planned["dedup"].status, planned["dedup"].reason) == ("stale", "the key is another one")


def test_a_models_ancestors_reach_the_source_files_and_the_base(finished: Path) -> None:
    way = ancestors(Project.open(finished).workspace, "train")
    assert {"@base", "@snapshot", "sample", "split", "deidentify"} <= {ancestor.step for ancestor in way}
    snapshot = next(ancestor for ancestor in way if ancestor.step == "@snapshot")
    assert snapshot.facts["files"] == ["north.jsonl", "south.csv"]


def test_an_unknown_name_is_one_sentence(finished: Path) -> None:
    project = Project.open(finished)
    with pytest.raises(WorkspaceError, match="knows a record 'nobody'"):
        record_way(project.workspace, project.config, "nobody")
