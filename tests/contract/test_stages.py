"""Every stage keeps the contract, on the inputs it had in a real run of the small project."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from acclimate.api import Project
from acclimate.core.artifacts import Artifact
from acclimate.core.atomic import write_json
from acclimate.core.erased import ErasedSubject, add_erased
from acclimate.core.reinclusion import KEPT_FILE, id_digest
from acclimate.core.snapshots import Snapshot
from acclimate.core.stage import Stage
from acclimate.core.surrogates import subject_hash
from acclimate.pipeline.table import load_stage
from acclimate.project.keys import fingerprint, load_key
from acclimate.testing import StageCase, check_stage, write_artifact

DATA_STEPS = ("ingest", "clean", "dedup", "deidentify", "split", "glossary", "evaluate")
MODEL_STEPS = (
    "profile",
    "sample",
    "train",
    "sweep",
    "dial",
    "predict.base",
    "predict.adapted",
    "predict.prompted",
    "predict.copy",
)


def case_of(folder: Path, step: str) -> StageCase:
    """A step's stage with the config and inputs of its newest run; tables are what another stage wrote as rows."""
    project = Project.open(folder)
    finished = project.workspace.latest(step)
    assert finished is not None
    stage: Stage = load_stage(finished.manifest.stage)
    inputs = {}
    for role, reference in finished.manifest.inputs.items():
        if reference.step == "@base":
            inputs[role] = Artifact(project.outside.base, reference.identity)
        elif reference.step == "@snapshot":
            inputs[role] = Snapshot.read(project.workspace.snapshots / reference.identity).artifact()
        else:
            inputs[role] = project.artifact(reference.step)
    secrets = {name: load_key(project.config.project, name) for name in finished.manifest.secrets}
    tables = [role for role, artifact in inputs.items() if artifact.has_rows and role not in ("base", "adapter")]
    return StageCase(stage, finished.manifest.config, inputs, tables=tables, secrets=secrets)


@pytest.mark.parametrize("step", [*DATA_STEPS, *(pytest.param(step, marks=pytest.mark.slow) for step in MODEL_STEPS)])
def test_every_stage_keeps_the_contract(finished_project: Path, tmp_path: Path, step: str) -> None:
    check_stage(case_of(finished_project, step), tmp_path)


LABEL_STEPS = ("profile", "train", "predict.base", "predict.adapted", "predict.tfidf", "predict.majority", "evaluate")


@pytest.mark.parametrize("step", [pytest.param(step, marks=pytest.mark.slow) for step in LABEL_STEPS])
def test_every_stage_that_tells_labels_keeps_the_contract(finished_tickets: Path, tmp_path: Path, step: str) -> None:
    check_stage(case_of(finished_tickets, step), tmp_path)


@pytest.mark.parametrize(
    "step", [pytest.param(step, marks=pytest.mark.slow) for step in ("ingest", "dedup", *LABEL_STEPS)]
)
def test_every_stage_that_tells_several_labels_keeps_the_contract(
    finished_topics: Path, tmp_path: Path, step: str
) -> None:
    check_stage(case_of(finished_topics, step), tmp_path)


@pytest.mark.parametrize(
    "step", [pytest.param(step, marks=pytest.mark.slow) for step in ("pretrain", "train", "predict.adapted")]
)
def test_every_stage_after_hidden_words_keeps_the_contract(
    finished_pretraining: Path, tmp_path: Path, step: str
) -> None:
    check_stage(case_of(finished_pretraining, step), tmp_path)


PREFERENCE_STEPS = (
    *(pytest.param(step, id=step) for step in ("ingest", "clean", "dedup", "split", "dial", "evaluate")),
    *(pytest.param(step, id=step, marks=pytest.mark.slow) for step in ("train", "sweep", "predict.adapted", "profile")),
)


@pytest.mark.parametrize("step", PREFERENCE_STEPS)
def test_every_stage_that_reads_preferences_keeps_the_contract(
    finished_preferences: Path, tmp_path: Path, step: str
) -> None:
    check_stage(case_of(finished_preferences, step), tmp_path)


def test_ingest_with_erased_subjects_keeps_the_contract(finished_project: Path, tmp_path: Path) -> None:
    case, key = case_of(finished_project, "ingest"), load_key("tiny", "surrogates")
    for subject in ("p1", "p2"):
        add_erased(tmp_path / "erased", ErasedSubject(subject_hash(key, subject), "surrogates", fingerprint(key)))
    inputs = {**case.inputs, "erased": Artifact(tmp_path / "erased")}
    check_stage(replace(case, inputs=inputs, secrets={"surrogates": key}), tmp_path / "bench")


def test_model_selection_keeps_the_contract(finished_project: Path, tmp_path: Path) -> None:
    base = Project.open(finished_project).outside.base
    split = Project.open(finished_project).artifact("split")
    identity = Project.open(finished_project).outside.models.facts(base).digest
    inputs = {"records": split, "candidates.one": Artifact(base, identity), "candidates.two": Artifact(base, identity)}
    config = {"candidates": ["one", "two"]}
    check_stage(StageCase(load_stage("select_model"), config, inputs, tables=("records",)), tmp_path)


def test_cleaning_by_every_rule_keeps_the_contract(tmp_path: Path) -> None:
    sentence = "The pain of patient {} is worse in the evening, and it wakes him up at night."
    texts = ["Northgate Clinic\n" + "\n".join([sentence.format(number)] * (number % 3 + 1)) for number in range(9)]
    rows = [{"id": f"n{number}", "source": "north", "text": text} for number, text in enumerate(texts)]
    kept = tmp_path / "kept"
    kept.mkdir()
    write_json(kept / KEPT_FILE, [id_digest("n4")])
    inputs = {"records": write_artifact(tmp_path / "in", rows), "keep": Artifact(kept, "kept")}
    config = {
        "boilerplate": {"min_subjects": 5},
        "quality": {"rules": ["gopher", "c4", "fineweb"], "thresholds": {"gopher_min_words": 10}},
        "keep_rules": ["c4_min_sentences", "fineweb_short_lines"],
    }
    check_stage(StageCase(load_stage("clean"), config, inputs), tmp_path / "bench")


@pytest.mark.parametrize("step", ["dedup", "split"])
def test_looking_for_evaluation_sets_keeps_the_contract(finished_project: Path, tmp_path: Path, step: str) -> None:
    case = case_of(finished_project, step)
    inputs = {**case.inputs, "evaluation": Project.open(finished_project).artifact("general")}
    check_stage(replace(case, inputs=inputs, tables=("records", "evaluation")), tmp_path)
