"""A project that tells labels and guesses hidden words of its texts first, through the command line to the report."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.integration.test_bad_input import edit
from tests.integration.test_classification import acclimate

from acclimate.api import Project
from acclimate.pipeline.plan import Status


@pytest.fixture
def done(finished_pretraining: Path, tmp_path: Path) -> Path:
    return shutil.copytree(finished_pretraining, tmp_path / "tickets")


def test_all_training_texts_are_learnt_first_and_the_classifier_starts_from_there(done: Path) -> None:
    project = Project.open(done)
    training = [record["id"] for record in project.table("split").to_pylist() if record["split"] == "train"]
    assert sorted(project.table("pretrain")["id"].to_pylist()) == sorted(training)
    assert project.report("train").counts.dropped["no_label"]
    started = json.loads((project.where("train") / "model/acclimate.json").read_text())["base"]
    assert started == project.outside.models.facts(project.where("pretrain") / "model").digest


def test_plan_show_where_runs_and_report_name_it(done: Path) -> None:
    key = Project.open(done).where("pretrain").name
    said = {verb: acclimate(done, *verb.split()) for verb in ("plan", "show train", "where pretrain", "runs", "report")}
    assert {verb: ran.returncode for verb, ran in said.items()} == dict.fromkeys(said, 0)
    assert f"base: pretrain {key}" in said["show train"].stdout
    assert key in said["where pretrain"].stdout
    assert f"pretrain={key}" in said["runs"].stdout
    page = (done / "report.html").read_text()
    assert "<h2>Pretraining</h2>" in page
    assert "guessed hidden words of the training texts first, the untrained one did not" in page
    assert "; pretraining took " in page
    assert "nats per hidden token on validation before" in page
    assert "Nats per hidden token on validation while it pretrained" in page


def test_without_the_section_nothing_is_pretrained_and_the_older_run_is_current_again(done: Path) -> None:
    edit("acclimate.yaml", "pretrain:", "# pretrain:")(done)
    planned = Project.open(done).plan()
    assert "pretrain" not in [one.step.name for one in planned]
    assert {one.status for one in planned if one.step.name in ("train", "evaluate")} == {Status.CURRENT}


def test_a_changed_setting_of_pretraining_makes_what_starts_from_it_wait(done: Path) -> None:
    planned = Project.open(done, overrides=["pretrain.seed=1"]).plan()
    waiting = [one.step.name for one in planned if one.status is not Status.CURRENT]
    assert waiting == ["pretrain", "train", "predict.adapted", "evaluate"]


def test_a_quick_trial_pretrains_for_two_steps(done: Path) -> None:
    assert Project.open(done, quick=True).config.sections["pretrain"]["max_steps"] == 2


def test_a_model_that_started_from_a_persons_texts_goes_with_them(done: Path) -> None:
    project = Project.open(done, overrides=["train.max_steps=1"])
    project.run(until="train")
    learnt = {step: set(project.table(step)["subject_id"].to_pylist()) for step in ("pretrain", "train")}
    subject = min(learnt["pretrain"] - learnt["train"])
    told = {one.name: one.what for one in project.preview_erasure(subject).affected if one.kind == "model"}
    for step in ("pretrain", "train"):
        assert "is deleted" in told[str(project.where(step).relative_to(done))]


@pytest.mark.parametrize(
    ("task", "said"), [("pretraining", "is pretraining already"), ("generation", "whose base is a decoder")]
)
def test_a_task_without_use_for_it_is_refused_before_anything_runs(fresh_tickets: Path, tmp_path: Path, task, said):
    project = shutil.copytree(fresh_tickets, tmp_path / "tickets")
    edit("acclimate.yaml", "task: classification", f"task: {task}\npretrain:")(project)
    ran = acclimate(project, "run")
    assert (ran.returncode, said in ran.stderr, "Traceback" in ran.stderr) == (2, True, False)
    assert not any((project / "restricted").glob("ingest/*"))
