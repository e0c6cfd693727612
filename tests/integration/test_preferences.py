"""A project that learns which of two answers is better, through the command line: from JSON lines to the report."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.integration.test_bad_input import edit
from tests.preference_project import NAMES
from tests.unit.annotation.project_of_four import TASK, Clock, answer, open_store, start_task

from acclimate.annotation.export import export_snapshot
from acclimate.annotation.queue import next_item
from acclimate.annotation.schema import LabelSchema, Ranking
from acclimate.annotation.tasks import NewItem
from acclimate.api import Project
from acclimate.core.surrogates import subject_hash
from acclimate.project.keys import load_key
from acclimate.testing.models import write_tiny_encoder


def acclimate(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from acclimate.cli.main import main; main()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ, cwd=cwd)


@pytest.fixture
def fresh(fresh_preferences: Path, tmp_path: Path) -> Path:
    return shutil.copytree(fresh_preferences, tmp_path / "preferred")


@pytest.fixture
def done(finished_preferences: Path, tmp_path: Path) -> Path:
    return shutil.copytree(finished_preferences, tmp_path / "preferred")


def test_two_files_of_pairs_become_a_report_by_the_command_line(fresh: Path) -> None:
    ran = acclimate("run", "--project", fresh)
    assert ran.returncode == 0, ran.stderr
    told = acclimate("report", "--project", fresh)
    assert told.returncode == 0, told.stderr
    page = (fresh / "report.html").read_text()
    for words in (
        "preferred answer",
        "the rule that the longer answer is better",
        "times",
        "DPO loss on validation pairs",
    ):
        assert words in page
    assert page.count("<svg") >= 6


def test_both_answers_of_both_forms_reach_training_without_names(done: Path) -> None:
    rows = Project.open(done).table("split").to_pylist()
    assert {row["site"] for row in rows} == {"north", "south"}
    assert all(row["prompt"] and row["chosen"] and row["rejected"] for row in rows)
    north = [row for row in rows if row["site"] == "north"]
    assert not any(name in row[side] for row in north for name in NAMES for side in ("prompt", "chosen", "rejected"))


def test_base_and_adapted_model_score_the_same_pairs_and_answer_the_same_prompts(done: Path) -> None:
    base, adapted = (Project.open(done).table(f"predict.{arm}").to_pylist() for arm in ("base", "adapted"))
    keys = [sorted((row["id"], row["suite"], row["candidate"]) for row in arm) for arm in (base, adapted)]
    assert keys[0] == keys[1]
    answered = [{row["id"] for row in arm if row["generated"] is not None} for arm in (base, adapted)]
    assert answered[0] == answered[1]
    assert len(answered[0]) == 6


def test_reports_and_manifests_hold_no_text(done: Path) -> None:
    words = Project.open(done).table("split")["rejected"].to_pylist()[0]
    files = [file for name in ("report.json", "manifest.json") for file in (done / "artifacts").rglob(name)]
    assert files
    assert not any(words in file.read_text() for file in files)


def test_a_pair_is_followed_to_its_predictions(done: Path) -> None:
    name = Project.open(done).report("evaluate").metrics["items_changed"]["most_won"][0]
    shown = acclimate("show", name, "--project", done)
    assert shown.returncode == 0, shown.stderr
    assert "predict.adapted" in shown.stdout + shown.stderr


def test_preview_shows_both_answers_as_what_is_learnt(done: Path) -> None:
    shown = acclimate("train", "preview", "--project", done, "--json")
    assert shown.returncode == 0, shown.stderr
    for row in json.loads(shown.stdout):
        text = "".join(piece for piece, _ in row["pieces"])
        assert text.index("chosen:") < text.index("rejected:")
        assert sum("<|im_end|>" in piece for piece, carries_loss in row["pieces"] if carries_loss) == 2


def test_runs_shows_the_share_of_pairs_told_wrong_less_the_base_s(done: Path) -> None:
    shown = acclimate("runs", "--project", done, "--json")
    assert shown.returncode == 0, shown.stderr
    (run,) = json.loads(shown.stdout)
    rows = Project.open(done).report("evaluate").metrics["comparisons"]
    row = next(row for row in rows if (row["arm"], row["metric"]) == ("base", "reward_accuracy"))
    assert (run["gain"]["value"], run["gain"]["low"]) == (-row["difference"], -row["high"])


def test_a_strength_can_be_set_without_training_anew(done: Path) -> None:
    trained = Project.open(done).where("train")
    shown = acclimate("train", "dial", "--alpha", "0.25", "--project", done)
    assert shown.returncode == 0, shown.stderr
    assert Project.open(done).report("dial").metrics["alpha"] == 0.25
    assert Project.open(done).where("train") == trained


def test_an_erased_patient_is_gone_from_what_is_trained_and_told(done: Path) -> None:
    hashed = subject_hash(load_key("preferred", "surrogates"), "p0")
    held = [row["id"] for row in Project.open(done).table("split").to_pylist() if row["subject_id"] == hashed]
    erased = acclimate("erase", "--subject", "p0", "--project", done)
    assert erased.returncode == 0, erased.stderr
    ran = acclimate("run", "--project", done)
    assert ran.returncode == 0, ran.stderr
    left = [row["id"] for step in ("split", "train") for row in Project.open(done).table(step).to_pylist()]
    assert held
    assert not set(held) & set(left)


def test_an_adapter_trained_elsewhere_is_compared_on_pairs(done: Path, tmp_path: Path) -> None:
    model = Project.open(done).where("train") / "model"
    named = ["--base", done / "tiny-model", "--model", model, "--test", done / "data/north.jsonl"]
    columns = [part for name in ("prompt=question", "chosen=better", "rejected=worse") for part in ("--column", name)]
    ran = acclimate("compare", *named, *columns, "--task", "preference", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert "reward_accuracy" in ran.stdout + ran.stderr
    assert "preferred answer" in (tmp_path / "comparison/report.html").read_text()
    refused = acclimate("compare", *named, *columns[:4], "--task", "preference", "--output", "other", cwd=tmp_path)
    assert (refused.returncode, "names the chosen and not the rejected" in refused.stderr) == (2, True)


def test_an_exported_model_is_the_base_of_another_project_and_says_what_it_was_made_from(
    done: Path, tmp_path: Path
) -> None:
    made = acclimate("export", tmp_path / "model", "--project", done, "--json")
    assert made.returncode == 0, made.stderr
    lineage = json.loads((tmp_path / "model/lineage.json").read_text())
    assert lineage["dial"] == Project.open(done).workspace.readable("dial").manifest.key
    again = acclimate("export", tmp_path / "model", "--project", done)
    assert (again.returncode, "is there already" in again.stderr) == (2, True)
    edit("acclimate.yaml", "./tiny-model", str(tmp_path / "model"))(done)
    trained = acclimate("run", "--until", "train", "--project", done)
    assert trained.returncode == 0, trained.stderr


def test_an_adapter_alone_is_refused_as_a_base(done: Path) -> None:
    edit("acclimate.yaml", "./tiny-model", str(Project.open(done).where("dial") / "model"))(done)
    ran = acclimate("run", "--project", done)
    assert (ran.returncode, "holds an adapter, not a model" in ran.stderr) == (2, True)


def test_what_reviewers_ranked_on_the_pages_is_learnt_from(fresh: Path) -> None:
    store = open_store(fresh, Clock())
    records = [
        {"id": f"i{n}", "prompt": f"Summarise visit {n}.", "completion": "?", "subject_id": f"s{n}"} for n in range(40)
    ]
    items = [
        NewItem(one, candidates={"base": f"It may be {one['id']}.", "tuned": f"{one['id']} seen"}) for one in records
    ]
    start_task(store, items, readings=1, schema=LabelSchema(questions=(Ranking(name="better"),)))
    while lease := next_item(store, TASK, "ann"):
        ordered = sorted(lease.candidates, key=lambda candidate: candidate.text.startswith("It may"))
        answer(store, "ann", lease.item, {"better": [[candidate.key] for candidate in ordered]})
    snapshot = export_snapshot(store, TASK, fresh / "restricted/annotated/review", by="mia")
    text = (fresh / "acclimate.yaml").read_text()
    start, end = text.index("    - path: data/north.jsonl"), text.index("general:")
    source = f"    - {{path: 'restricted/annotated/review/{snapshot.folder.name}/data-*.parquet', name: review}}\n"
    (fresh / "acclimate.yaml").write_text(text[:start] + source + text[end:])
    ran = acclimate("run", "--until", "train", "--project", fresh)
    assert ran.returncode == 0, ran.stderr
    project = Project.open(fresh)
    assert project.report("ingest").metrics["sources"]["review"]["recognised"] == "acclimate records"
    (row, *_) = project.table("split").to_pylist()
    assert row["chosen"].endswith("seen")
    assert row["rejected"].startswith("It may be")


def equal_answers(project: Path) -> None:
    edit("acclimate.yaml", "rejected: worse", "rejected: better")(project)
    for site in ("north", "south"):
        file = project / f"data/{site}.jsonl"
        rows = [json.loads(line) for line in file.read_text().splitlines()]
        rows = [{**row, **({"rejected": row["chosen"]} if "chosen" in row else {})} for row in rows]
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))


def encoder_as_base(project: Path) -> None:
    write_tiny_encoder(project / "encoder")
    edit("acclimate.yaml", "./tiny-model", "./encoder")(project)


MISTAKES: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "equal answers": (equal_answers, ("All 80 records were dropped by clean (equal_answers 80)", "two equal answers")),
    "no rejected answer": (edit("acclimate.yaml", ", rejected: worse", ""), ("dropped by clean", "no_pair")),
    "a pair longer than the context": (edit("acclimate.yaml", "max_steps: 4", "max_length: 40"), ("longer than the 40 tokens", "on_too_long")),
    "an encoder as base": (encoder_as_base, ("is an encoder",)),
    "tokens weighed": (edit("acclimate.yaml", "lora_r: 2", "lora_r: 2, use_eaft_loss: true"), ("use_eaft_loss", "task is preference")),
    "a negative beta": (edit("acclimate.yaml", "lora_r: 2", "lora_r: 2, beta: -1"), ("train.beta: -1",)),
    "an unknown loss": (edit("acclimate.yaml", "lora_r: 2", "lora_r: 2, loss_type: ipo"), ("train.loss_type: 'ipo'",)),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_sentence_and_loses_nothing(fresh: Path, mistake: str) -> None:
    make, said = MISTAKES[mistake]
    make(fresh)
    if mistake == "no rejected answer":
        (fresh / "data/south.jsonl").write_text(
            (fresh / "data/south.jsonl").read_text().replace('"rejected"', '"other"')
        )
        edit("acclimate.yaml", "site: south", "site: south\n      columns: {chosen: chosen}")(fresh)
    ran = acclimate("run", "--project", fresh)
    assert ran.returncode == 2, ran.stderr
    assert "Traceback" not in ran.stderr
    assert all(words in ran.stderr for words in said), ran.stderr
    assert not any((fresh / "artifacts").glob("train/*/manifest.json"))
