"""A project that tells several labels of a text, from lists and joined names to the report, and what does not go with it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.integration.test_bad_input import edit
from tests.integration.test_classification import TOLD, acclimate

from acclimate.annotation.suggestions.written_answers import read_predictions
from acclimate.api import Project
from acclimate.core.schema import PREDICTION_SCHEMA
from acclimate.pipeline.runs import training_runs


@pytest.fixture
def done(finished_topics: Path, tmp_path: Path) -> Path:
    return shutil.copytree(finished_topics, tmp_path / "topics")


def test_both_files_are_read_and_what_is_unknown_is_told_from_what_has_no_label(done: Path) -> None:
    project = Project.open(done)
    records = project.table("split").to_pylist()
    sizes = [None if record["label_weights"] is None else len(record["label_weights"]) for record in records]
    assert {site: sizes.count(site) for site in (None, 0, 1, 2)} == {None: 6, 0: 30, 1: 57, 2: 27}
    unknown = [record["split"] for record in records if record["label_weights"] is None]
    assert project.report("train").counts.dropped.get("no_label", 0) == unknown.count("train")
    assert project.report("evaluate").counts.dropped.get("no_label", 0) == unknown.count("test")


def test_all_ways_tell_the_labels_of_the_same_test_texts(done: Path) -> None:
    project = Project.open(done)
    tables = [project.table(f"predict.{arm}") for arm in TOLD]
    assert all(table.schema.names == PREDICTION_SCHEMA.names for table in tables)
    assert len({tuple(sorted(table["id"].to_pylist())) for table in tables}) == 1
    chosen_on = {project.report(f"predict.{arm}").metrics["threshold"]["texts"] for arm in TOLD}
    validation = [record for record in project.table("split").to_pylist() if record["split"] == "validation"]
    assert chosen_on == {sum(record["label_weights"] is not None for record in validation)}


def test_words_that_give_labels_away_are_found_by_words(done: Path) -> None:
    arms = Project.open(done).report("evaluate").metrics["task"]["arms"]
    assert arms["tfidf"]["micro_f1"]["value"] > 0.9
    assert arms["majority"]["micro_f1"]["value"] < arms["tfidf"]["micro_f1"]["value"]


def test_the_report_says_each_label_each_threshold_and_what_was_told_wrong(done: Path) -> None:
    project = Project.open(done)
    page = project.write_report().read_text()
    for words in ("micro F1", "A label counts as told above a probability", "<h3>Each label</h3>", "Not applicable:"):
        assert words in page
    wrong = project.report("evaluate").metrics["least_likely"]
    texts = {record["id"]: record["text"] for record in project.table("split").to_pylist()}
    assert texts[wrong[0]["id"]] in page


def test_the_profile_counts_every_label_of_a_record(done: Path) -> None:
    project = Project.open(done)
    given = [one["label"] for record in project.table("split").to_pylist() for one in record["label_weights"] or ()]
    counted = {row["label"]: row["records"] for row in project.report("profile").metrics["labels"]}
    assert counted == {label: given.count(label) for label in set(given)}
    assert any("label_weights alone" in warning for warning in project.report("profile").warnings)


def test_gates_on_micro_f1_are_judged_over_all_and_at_each_site(done: Path) -> None:
    verdict = Project.open(done).release()
    better = "by how much micro f1 is better than that of"
    assert [(finding.measured, finding.status) for finding in verdict.findings] == [
        (f"{better} tfidf", "insufficient evidence"),
        (f"{better} base at site north", "insufficient evidence"),
        (f"{better} base at site south", "insufficient evidence"),
    ]


def test_labels_told_are_suggestions_for_a_question_with_several(done: Path) -> None:
    written = read_predictions(Project.open(done).workspace, "predict.adapted")
    rows = {row["id"]: row for row in Project.open(done).table("predict.adapted").to_pylist()}
    assert {name: given.answer for name, given in written.by_item.items()} == {
        name: tuple(row["labels"]) for name, row in rows.items()
    }


def test_runs_shows_the_gain_in_bits(done: Path) -> None:
    project = Project.open(done)
    (run,) = training_runs(project.workspace)
    rows = project.report("evaluate").metrics["comparisons"]
    assert run.gain is not None
    assert run.gain.value == next(row["difference"] for row in rows if row["metric"] == "log_loss")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ("[billing, login]", "record(s) have a label that labels in acclimate.yaml does not declare"),
        ("[billing, delivery, login, coin]", "declares coin, which no training record has"),
    ],
)
def test_a_mistake_is_one_sentence(fresh_topics: Path, tmp_path: Path, labels: str, said: str) -> None:
    project = shutil.copytree(fresh_topics, tmp_path / "topics")
    edit("acclimate.yaml", "base:", f"labels: {labels}\nbase:")(project)
    ran = acclimate(project, "run")
    assert (ran.returncode, said in ran.stderr, "Traceback" in ran.stderr) == (2, True, False)
