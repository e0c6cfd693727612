"""A project that tells labels, through the command line: from two CSV files to the report, and what does not go with it."""

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

from acclimate.annotation.study.outputs import read_outputs
from acclimate.annotation.study.protocol import Protocol
from acclimate.annotation.suggestions.written_answers import read_predictions
from acclimate.api import Project
from acclimate.core.errors import DataError
from acclimate.core.schema import PREDICTION_SCHEMA
from acclimate.core.surrogates import subject_hash
from acclimate.project.keys import load_key
from acclimate.testing.models import write_tiny_model

TOLD = ("base", "adapted", "tfidf", "majority")


def acclimate(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-c",
        "from acclimate.cli.main import main; main()",
        *arguments,
        "--project",
        str(project),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)


@pytest.fixture
def fresh(fresh_tickets: Path, tmp_path: Path) -> Path:
    return shutil.copytree(fresh_tickets, tmp_path / "tickets")


@pytest.fixture
def done(finished_tickets: Path, tmp_path: Path) -> Path:
    return shutil.copytree(finished_tickets, tmp_path / "tickets")


def test_two_csv_files_become_a_report_by_the_command_line(fresh: Path) -> None:
    ran = acclimate(fresh, "run")
    assert ran.returncode == 0, ran.stderr
    told = acclimate(fresh, "report")
    assert told.returncode == 0, told.stderr
    page = (fresh / "report.html").read_text()
    for words in ("logistic regression on the untrained encoder", "always giving the commonest", "Not applicable:"):
        assert words in page
    assert "Which labels are mixed up most" in page


def test_all_ways_predict_the_same_test_texts(done: Path) -> None:
    tables = [Project.open(done).table(f"predict.{arm}") for arm in TOLD]
    assert all(table.schema.names == PREDICTION_SCHEMA.names for table in tables)
    assert len({tuple(sorted(table["id"].to_pylist())) for table in tables}) == 1


def test_records_without_a_label_are_counted_where_they_are_left_out(done: Path) -> None:
    project = Project.open(done)
    splits = project.table("split").to_pylist()
    unlabelled = [record["split"] for record in splits if not record["label"]]
    assert project.report("train").counts.dropped.get("no_label", 0) == unlabelled.count("train")
    assert project.report("evaluate").counts.dropped.get("no_label", 0) == unlabelled.count("test")
    assert unlabelled


def test_the_report_shows_the_surest_errors_with_their_texts(done: Path) -> None:
    project = Project.open(done)
    wrong = project.report("evaluate").metrics["surest_errors"]
    texts = {record["id"]: record["text"] for record in project.table("split").to_pylist()}
    page = project.write_report().read_text()
    assert wrong
    assert texts[wrong[0]["id"]] in page


def test_reports_and_manifests_hold_no_text(done: Path) -> None:
    words = Project.open(done).table("split")["text"].to_pylist()[0]
    files = [file for name in ("report.json", "manifest.json") for file in (done / "artifacts").rglob(name)]
    assert files
    assert not any(words in file.read_text() for file in files)


def test_a_record_is_followed_to_its_predictions(done: Path) -> None:
    name = Project.open(done).report("evaluate").metrics["surest_errors"][0]["id"]
    shown = acclimate(done, "show", name)
    assert shown.returncode == 0, shown.stderr
    assert "predict.adapted" in shown.stdout + shown.stderr


def test_preview_shows_labels_as_what_is_learnt(done: Path) -> None:
    shown = acclimate(done, "train", "preview", "--json")
    assert shown.returncode == 0, shown.stderr
    learnt = {text for row in json.loads(shown.stdout) for text, carries_loss in row["pieces"] if carries_loss}
    assert learnt <= {"billing", "delivery", "login"}


def test_runs_shows_the_gain_of_a_classifier_in_bits_per_label(done: Path) -> None:
    shown = acclimate(done, "runs", "--json")
    assert shown.returncode == 0, shown.stderr
    (run,) = json.loads(shown.stdout)
    loss = [row for row in Project.open(done).report("evaluate").metrics["comparisons"] if row["metric"] == "log_loss"]
    assert run["gain"]["value"] == loss[0]["difference"]
    assert run["retention"] == "not applicable"


def test_an_erased_customer_is_gone_from_what_is_trained_and_told(done: Path) -> None:
    hashed = subject_hash(load_key("tickets", "surrogates"), "c0")
    held = [row["id"] for row in Project.open(done).table("split").to_pylist() if row["subject_id"] == hashed]
    erased = acclimate(done, "erase", "--subject", "c0")
    assert erased.returncode == 0, erased.stderr
    ran = acclimate(done, "run")
    assert ran.returncode == 0, ran.stderr
    left = [row["id"] for step in ("split", "train") for row in Project.open(done).table(step).to_pylist()]
    assert held
    assert not set(held) & set(left)


def test_a_classifier_has_no_strength_to_set(done: Path) -> None:
    refused = acclimate(done, "train", "dial", "--alpha", "0.5")
    assert (refused.returncode, "no strength to set" in refused.stderr) == (2, True)
    shown = acclimate(done, "train", "dial")
    assert shown.returncode == 2
    assert "Traceback" not in shown.stderr


def test_comparing_an_encoder_with_what_was_trained_on_it_is_refused(done: Path, tmp_path: Path) -> None:
    (tmp_path / "test.jsonl").write_text('{"text": "late parcel"}\n')
    code = "from acclimate.cli.main import main; main()"
    named = ["--base", str(done / "tiny-encoder"), "--model", str(Project.open(done).where("train") / "model")]
    command = [
        sys.executable,
        "-c",
        code,
        "compare",
        *named,
        "--test",
        str(tmp_path / "test.jsonl"),
        "--task",
        "pretraining",
    ]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=os.environ)
    assert ran.returncode == 2
    assert "is an encoder, which writes no text" in ran.stderr


def decoder_as_base(project: Path) -> None:
    write_tiny_model(project / "decoder")
    edit("acclimate.yaml", "./tiny-encoder", "./decoder")(project)


def one_label(project: Path) -> None:
    for site in ("north", "south"):
        file = project / f"data/{site}.csv"
        text = file.read_text()
        for label in ("delivery", "login"):
            text = text.replace(f",{label},", ",billing,")
        file.write_text(text)


MISTAKES: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "a decoder as base": (decoder_as_base, ("is a decoder", "classification", "minilm-l6")),
    "an encoder that is to write": (edit("acclimate.yaml", "task: classification", "task: pretraining"), ("is an encoder", "pretraining")),
    "an undeclared label": (edit("acclimate.yaml", "base:", "labels: [billing, delivery]\nbase:"), ("record(s) have a label", "declare")),
    "one label": (one_label, ("same label",)),
    "no label column": (lambda project: [edit("acclimate.yaml", ", label: category", "")(project) for _ in range(2)] and None, ("has a label", "map the column")),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_sentence_and_loses_nothing(fresh: Path, mistake: str) -> None:
    make, said = MISTAKES[mistake]
    make(fresh)
    ran = acclimate(fresh, "run")
    assert ran.returncode == 2, ran.stderr
    assert "Traceback" not in ran.stderr
    assert all(words in ran.stderr for words in said), ran.stderr
    assert not any((fresh / "artifacts").glob("train/*/manifest.json"))


def test_a_base_of_the_wrong_kind_is_refused_before_anything_runs(fresh: Path) -> None:
    decoder_as_base(fresh)
    ran = acclimate(fresh, "run")
    assert ran.returncode == 2
    assert not any((fresh / "restricted").glob("ingest/*"))


def test_a_new_project_that_tells_labels_names_an_encoder(tmp_path: Path) -> None:
    code = "from acclimate.cli.main import main; main()"
    command = [sys.executable, "-c", code, "init", str(tmp_path / "fresh"), "--task", "classification"]
    made = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    assert made.returncode == 0, made.stderr
    written = (tmp_path / "fresh/acclimate.yaml").read_text()
    assert "task: classification " in written
    assert "base: minilm-l6 " in written


def test_labels_told_are_suggestions_with_their_probability(done: Path) -> None:
    written = read_predictions(Project.open(done).workspace, "predict.adapted")
    rows = {row["id"]: row for row in Project.open(done).table("predict.adapted").to_pylist()}
    assert written.by_item.keys() == rows.keys()
    for name, given in written.by_item.items():
        assert given.answer == rows[name]["label"]
        assert given.score == max(one["probability"] for one in rows[name]["probabilities"])


def test_a_blind_review_of_a_classifier_is_refused(done: Path) -> None:
    with pytest.raises(DataError, match="nothing to read blind"):
        read_outputs(Project.open(done).workspace, Protocol(name="labels", arms=("adapted", "base")))
