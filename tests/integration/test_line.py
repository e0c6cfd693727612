"""The whole line on a small project, through the public interface."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from acclimate.api import Project
from acclimate.core.errors import ConfigError, WorkspaceError
from acclimate.core.stage import Zone
from acclimate.core.surrogates import record_hash
from acclimate.project.keys import load_key

STEPS = [
    "ingest", "clean", "dedup", "deidentify", "split", "general", "glossary", "profile", "sample", "train",
    "sweep", "dial",
    "predict.base", "predict.adapted", "predict.prompted", "predict.copy", "evaluate",
]  # fmt: skip


def test_every_step_runs_once_and_is_skipped_afterwards(finished: Path) -> None:
    outcomes = Project.open(finished).run()
    assert [outcome.planned.step.name for outcome in outcomes] == STEPS
    assert not any(outcome.made for outcome in outcomes)


def test_a_changed_setting_makes_its_step_and_those_after_it_stale(finished: Path) -> None:
    planned = {step.step.name: step for step in Project.open(finished, overrides=["split.seed=7"]).plan()}
    assert planned["deidentify"].status == "current"
    assert planned["split"].status == "stale"
    assert planned["split"].reason == "seed was 0, is 7"
    assert planned["train"].status == "waiting"
    assert planned["general"].status == "current"


def test_after_going_back_to_earlier_settings_their_artifacts_are_shown(finished: Path) -> None:
    first = Project.open(finished).where("sample")
    changed = Project.open(finished, overrides=["sample.seed=7"])
    changed.run(until="sample")
    assert changed.where("sample") != first
    Project.open(finished).run(until="sample")
    assert Project.open(finished).where("sample") == first


def test_a_report_tells_one_evaluation_and_says_what_was_run_since(finished: Path) -> None:
    changed = Project.open(finished, overrides=["train.seed=3"])
    changed.run(until="train")
    page = changed.write_report().read_text()
    assert "was run again since this evaluation" in page
    changed.run()
    assert "was run again since this evaluation" not in changed.write_report().read_text()


def flip_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def test_a_flipped_bit_in_an_input_stops_the_run_and_the_next_one_mends_it(finished: Path) -> None:
    table = Project.open(finished).where("deidentify") / "data-00000.parquet"
    before = table.read_bytes()
    flip_a_bit(table)
    changed = Project.open(finished, overrides=["split.seed=3"])
    with pytest.raises(WorkspaceError, match=r"artifact of deidentify .* is damaged"):
        changed.run(until="split")
    changed.run(until="split")
    assert table.read_bytes() == before


def test_a_damaged_split_is_never_made_anew_in_silence(finished: Path) -> None:
    table = Project.open(finished).where("split") / "data-00000.parquet"
    flip_a_bit(table)
    changed = Project.open(finished, overrides=["train.seed=3"])
    for _ in range(2):
        with pytest.raises(WorkspaceError, match=r"artifact of split .* is damaged.*split ledger"):
            changed.run(until="train")


def test_an_erased_artifact_is_named_where_it_is_read_and_made_anew(finished: Path) -> None:
    project = Project.open(finished)
    folder = project.where("sample")
    before = (folder / "data-00000.parquet").read_bytes()
    (folder / "manifest.json").write_text((folder / "manifest.json").read_text().replace('"complete"', '"erased"'))
    (folder / "data-00000.parquet").unlink()
    planned = {step.step.name: (step.status, step.reason) for step in project.plan()}
    assert planned["sample"] == ("erased", "a person's data was erased from it")
    assert planned["train"] == ("waiting", "sample runs first")
    with pytest.raises(WorkspaceError, match="erased from the artifact of sample"):
        project.table("sample")
    project.run(until="sample")
    assert (project.where("sample") / "data-00000.parquet").read_bytes() == before


def test_a_changed_source_makes_ingest_stale(finished: Path) -> None:
    with (finished / "data/north.jsonl").open("a") as file:
        file.write(
            json.dumps({"id": "new", "patient": "px", "patient_name": "A B", "dialogue": "c", "note": "d"}) + "\n"
        )
    planned = Project.open(finished).plan(until="clean")
    assert [(step.step.name, step.status, step.reason) for step in planned] == [
        ("ingest", "stale", "snapshot changed"),
        ("clean", "waiting", "ingest runs first"),
    ]


def test_no_name_of_a_subject_is_left_in_the_open_zone(finished: Path) -> None:
    held = [
        file.name
        for file in (finished / "artifacts").rglob("*.parquet")
        if any(name.encode() in _text(file) for name in ("Ruth Vale", "Omar Haddad", "Haddad", "Achebe"))
    ]
    assert held == []


def _text(parquet: Path) -> bytes:
    import pyarrow.parquet as pq

    return json.dumps(pq.read_table(parquet).to_pylist(), default=str).encode()


def test_a_second_round_keeps_every_test_record_in_the_test_split(finished: Path) -> None:
    before = Project.open(finished).table("split").select(["id", "split"]).to_pylist()
    with (finished / "data/north.jsonl").open("a") as file:
        for number in range(8):
            row = {"id": f"new{number}", "patient": f"q{number}", "patient_name": "New Person"}
            file.write(json.dumps(row | {"dialogue": f"Doctor: hello {number}", "note": f"seen {number} times"}) + "\n")
    project = Project.open(finished)
    project.run(until="split")
    after = {row["id"]: row["split"] for row in project.table("split").select(["id", "split"]).to_pylist()}
    assert {row["id"]: after[row["id"]] for row in before} == {row["id"]: row["split"] for row in before}
    assert len(after) == len(before) + 8


def test_a_longer_copy_in_a_second_round_never_replaces_a_test_record(finished: Path) -> None:
    project = Project.open(finished)
    tested = {row["id"] for row in project.table("split").select(["id", "split"]).to_pylist() if row["split"] == "test"}
    key = load_key("tiny", "surrogates")
    rows = [json.loads(line) for line in (finished / "data/north.jsonl").read_text().splitlines()]
    row = next(row for row in rows if record_hash(key, f"north:{row['id']}") in tested)
    longer = {**row, "id": "longer", "patient": "somebody-else", "dialogue": row["dialogue"] + " Doctor: I see."}
    with (finished / "data/north.jsonl").open("a") as file:
        file.write(json.dumps(longer) + "\n")
    Project.open(finished).run(until="split")
    after = {row["id"]: row["split"] for row in project.table("split").select(["id", "split"]).to_pylist()}
    assert tested <= {id for id, split in after.items() if split == "test"}
    assert record_hash(key, "north:longer") not in after
    assert [step.status for step in Project.open(finished).plan(until="split")] == ["current"] * 5


def test_a_record_that_holds_an_item_of_an_evaluation_set_never_reaches_a_split(project: Path) -> None:
    row = json.loads((project / "data/north.jsonl").read_text().splitlines()[0])
    (project / "exam.jsonl").write_text(json.dumps({"question": row["dialogue"], "answer": "unknown"}) + "\n")
    with (project / "acclimate.yaml").open("a") as file:
        file.write("evaluation_sets:\n  sources:\n    - {path: exam.jsonl, columns: {prompt: question}}\n")
    opened = Project.open(project)
    outcomes = {outcome.planned.step.name: outcome for outcome in opened.run(until="split")}
    assert outcomes["dedup"].report.metrics["contamination"]["exam"]["items_found"] == 1
    assert outcomes["dedup"].report.counts.dropped["contaminated"] >= 1
    assert record_hash(load_key("tiny", "surrogates"), "north:n0") not in opened.table("split")["id"].to_pylist()
    assert Zone.RESTRICTED in opened.where("evaluation_sets").parts


def test_a_trial_is_kept_apart(finished: Path) -> None:
    before = sorted(str(file) for file in (finished / "artifacts").rglob("*"))
    Project.open(finished, quick=True, overrides=["train.max_steps=1"]).run(until="clean")
    assert sorted(str(file) for file in (finished / "artifacts").rglob("*")) == before
    assert (finished / "quick/restricted/clean").is_dir()


def test_a_step_that_was_not_run_says_what_to_do(project: Path) -> None:
    with pytest.raises(WorkspaceError, match="acclimate run --until train"):
        Project.open(project).where("train")


def test_an_unknown_step_lists_the_known_ones(project: Path) -> None:
    with pytest.raises(ConfigError, match=r"predict\.adapted"):
        Project.open(project).run(until="predictions")
