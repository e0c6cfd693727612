from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from acclimate.core.artifacts import Output
from acclimate.core.errors import WorkspaceError
from acclimate.core.schema import records_table
from acclimate.core.snapshots import Snapshot
from acclimate.core.stage import Zone
from acclimate.project.annotation_snapshots import ANNOTATION_SNAPSHOTS
from acclimate.project.cleanup import removable, remove
from acclimate.project.manifests import (
    InputReference,
    Manifest,
    artifact_files,
    artifact_key,
    content_identity,
    read_run_facts,
)
from acclimate.project.workspace import Finished, Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "acclimate.yaml").write_text("project: notes\n")
    return Workspace.open(tmp_path)


def publish(workspace: Workspace, step: str, key: str, *, inputs: dict[str, InputReference] | None = None) -> Finished:
    zone = Zone.RESTRICTED if step == "ingest" else Zone.OPEN
    made = workspace.partial_folder(step, key, zone) / "output"
    made.mkdir()
    with Output(made) as output:
        output.keep(records_table([{"id": key, "text": "a note"}]))
    files = artifact_files(made)
    manifest = Manifest(
        step=step, stage=step, key=key, zone=zone, equality="bytes", config={}, inputs=inputs or {}, code="c",
        secrets={}, identity=content_identity(made, files), files=files, environment={},
    )  # fmt: skip
    return workspace.publish(made, manifest, {"seconds": 1})


def test_a_published_artifact_is_found_by_step_and_key(workspace: Workspace) -> None:
    made = publish(workspace, "clean", "k1")
    assert workspace.find("clean", "k1", Zone.OPEN) == made
    assert workspace.find("clean", "k2", Zone.OPEN) is None
    assert workspace.partial_folders() == []


def test_the_restricted_zone_is_closed_to_others(workspace: Workspace) -> None:
    made = publish(workspace, "ingest", "k1")
    assert made.artifact.path.is_relative_to(workspace.folder / "restricted")
    assert (workspace.folder / "restricted").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(b"short")])
def test_a_damaged_artifact_is_not_found(workspace: Workspace, harm) -> None:
    made = publish(workspace, "clean", "k1")
    harm(made.artifact.data_files[0])
    assert workspace.find("clean", "k1", Zone.OPEN) is None


def test_one_flipped_bit_is_found_before_use_and_the_artifact_set_aside(workspace: Workspace) -> None:
    made = publish(workspace, "clean", "k1")
    workspace.check_content(made)
    file = made.artifact.data_files[0]
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(WorkspaceError, match=r"data-00000\.parquet is not what the manifest says"):
        workspace.check_content(made)
    assert workspace.find("clean", "k1", Zone.OPEN) is None
    assert [item.what for item in removable(workspace, needed=[])] == ["damaged or replaced"]


def test_an_older_artifact_found_current_again_is_the_latest(workspace: Workspace) -> None:
    publish(workspace, "clean", "k1")
    publish(workspace, "clean", "k2")
    workspace.settle("clean", "k1", Zone.OPEN)
    latest = workspace.latest("clean")
    assert latest is not None and latest.manifest.key == "k1"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"{", "manifest.json is damaged"),
        (b"\xff", "manifest.json is damaged"),
        (b"[]", "manifest.json is damaged"),
        (b'{"format": 1, "step": "clean"}', "manifest.json is damaged"),
        (b'{"format": 2, "new": true}', "manifest.json is of format 2"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_named(workspace: Workspace, content: bytes, sentence: str) -> None:
    folder = publish(workspace, "clean", "k1").artifact.path
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(WorkspaceError, match=sentence):
        workspace.find("clean", "k1", Zone.OPEN)
    with pytest.raises(WorkspaceError, match=str(folder)):
        workspace.latest("clean")


def test_the_latest_artifact_of_a_step_is_the_one_made_last(workspace: Workspace) -> None:
    publish(workspace, "clean", "k2")
    publish(workspace, "clean", "k1")
    latest = workspace.latest("clean")
    assert latest is not None and latest.manifest.key == "k1"


def test_cleaning_up_keeps_what_a_needed_artifact_was_made_from_and_the_ledger(workspace: Workspace) -> None:
    clean = publish(workspace, "clean", "k1")
    reference = InputReference(step="clean", key="k1", identity=clean.manifest.identity)
    publish(workspace, "dedup", "k2", inputs={"records": reference})
    publish(workspace, "dedup", "older")
    publish(workspace, "split", "ledger")
    workspace.advance_ledger("ledger")
    items = removable(workspace, needed=[("dedup", "k2")])
    assert [item.folder.name for item in items] == ["older"]
    remove(workspace, items)
    assert workspace.find("dedup", "older", Zone.OPEN) is None
    assert list(workspace.audit.events())[-1]["action"] == "removed"


def land(workspace: Workspace, digest: str, content: bytes) -> Path:
    """A snapshot of one copied file; the copy."""
    sha256 = hashlib.sha256(content).hexdigest()
    copy = workspace.snapshots / "files" / sha256
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_bytes(content)
    source = {"config": {"path": "a.txt", "name": "a"}, "files": [{"name": "a.txt", "size": 1, "sha256": sha256}]}
    (workspace.snapshots / digest).mkdir()
    (workspace.snapshots / digest / "snapshot.json").write_text(json.dumps({"digest": digest, "sources": [source]}))
    return copy


def test_cleaning_up_keeps_the_collected_copies_that_a_needed_snapshot_uses(workspace: Workspace) -> None:
    needed, older = land(workspace, "new", b"n"), land(workspace, "old", b"o")
    reference = InputReference(step="@snapshot", key="new", identity="new")
    publish(workspace, "ingest", "k1", inputs={"snapshot": reference})
    remove(workspace, removable(workspace, needed=[("ingest", "k1")]))
    assert (needed.exists(), older.exists()) == (True, False)
    assert [folder.name for folder in workspace.snapshot_folders()] == ["new"]


@pytest.mark.parametrize("content", ["{", "[]", '{"digest": "new"}'])
def test_a_snapshot_that_cannot_be_read_is_named(workspace: Workspace, content: str) -> None:
    land(workspace, "new", b"n")
    (workspace.snapshots / "new/snapshot.json").write_text(content)
    with pytest.raises(WorkspaceError, match=r"snapshot\.json is damaged"):
        Snapshot.read(workspace.snapshots / "new")


@pytest.mark.parametrize("content", [None, "{", "[]", "{}"])
def test_a_run_json_that_cannot_be_read_is_named(workspace: Workspace, content: str | None) -> None:
    folder = publish(workspace, "clean", "k1").artifact.path
    assert read_run_facts(folder, "seconds") == {"seconds": 1}
    (folder / "run.json").unlink() if content is None else (folder / "run.json").write_text(content)
    with pytest.raises(WorkspaceError, match=r"run\.json is missing or damaged"):
        read_run_facts(folder, "seconds")


def test_a_lost_ledger_is_an_error_and_not_a_fresh_start(workspace: Workspace) -> None:
    made = publish(workspace, "split", "k1")
    workspace.advance_ledger("k1")
    made.artifact.data_files[0].unlink()
    with pytest.raises(WorkspaceError, match="split ledger"):
        workspace.ledger_head()


def test_a_folder_without_acclimate_yaml_is_no_project(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match=r"no acclimate\.yaml"):
        Workspace.open(tmp_path / "nowhere")


def test_the_key_depends_on_everything_that_decides_the_result() -> None:
    def key(**changes: object) -> str:
        given = {"stage": "s", "code": "c", "config": {"a": 1}, "secrets": {"k": "f"}, "inputs": {}}
        return artifact_key(**(given | changes))

    reference = InputReference(step="x", key="y", identity="z")
    others = [
        {"stage": "t"},
        {"code": "d"},
        {"config": {"a": 2}},
        {"secrets": {"k": "g"}},
        {"inputs": {"r": reference}},
    ]
    assert len({key(), *(key(**change) for change in others)}) == 6


def exported(workspace: Workspace, task: str, key: str) -> Path:
    """An exported snapshot of annotations, newer than those made before it; its folder."""
    made = publish(workspace, "annotation", key).artifact.path
    folder = workspace.folder / ANNOTATION_SNAPSHOTS / task / key
    folder.parent.mkdir(parents=True, exist_ok=True)
    made.rename(folder)
    age = len(list((workspace.folder / ANNOTATION_SNAPSHOTS).glob("*/*")))
    os.utime(folder / "manifest.json", ns=(age, age))
    return folder


@pytest.mark.parametrize(
    "source",
    [
        "restricted/annotated/notes/k1",
        "restricted/annotated/notes/k1/data-00000.parquet",
        "restricted/annotated/*/k1/data-*.parquet",
        "restricted/annotated/notes",
    ],
)
def test_cleaning_up_keeps_annotations_that_a_source_reads(workspace: Workspace, source: str) -> None:
    exported(workspace, "notes", "k1")
    exported(workspace, "notes", "k2")
    assert removable(workspace, needed=[], sources=[source]) == []


def test_cleaning_up_takes_annotations_that_nothing_uses_and_keeps_the_newest_of_each_task(
    workspace: Workspace,
) -> None:
    older, newest, other = (exported(workspace, *name) for name in (("notes", "k1"), ("notes", "k2"), ("other", "k3")))
    found = removable(workspace, needed=[], sources=["data/*.jsonl", "s3://bucket/notes", "restricted/annotated/other"])
    assert [(item.folder, item.what) for item in found] == [(older, "notes, older annotations")]
    remove(workspace, found)
    assert (older.exists(), newest.exists(), other.exists()) == (False, True, True)


def test_cleaning_up_keeps_annotations_that_were_collected_or_released(workspace: Workspace) -> None:
    collected, released = exported(workspace, "notes", "k1"), exported(workspace, "notes", "key-of-release")
    exported(workspace, "notes", "k3")
    land(workspace, "new", next(collected.glob("*.parquet")).read_bytes())
    publish(workspace, "ingest", "i", inputs={"snapshot": InputReference(step="@snapshot", key="new", identity="new")})
    (workspace.folder / "releases/1.0").mkdir(parents=True)
    (workspace.folder / "releases/1.0/lineage.json").write_text(json.dumps({"split": released.name}))
    assert removable(workspace, needed=[("ingest", "i")]) == []
