"""Candidates are measured on the validation texts that fit all of them."""

from __future__ import annotations

import pytest

from acclimate.backends.models import LocalModels
from acclimate.core.artifacts import Artifact, Output
from acclimate.core.errors import ConfigError, DataError
from acclimate.core.ports import Context
from acclimate.core.progress import no_progress
from acclimate.stages.select_model import STAGE, SelectModelConfig
from acclimate.testing import write_artifact
from acclimate.testing.models import write_tiny_model

RECORDS = [
    {
        "id": f"v{number}",
        "split": "validation",
        "site": "north",
        "prompt": "pain?",
        "completion": "none at all " * number,
    }
    for number in range(1, 13)
] + [{"id": "t", "split": "train", "prompt": "pain?", "completion": "yes"}]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    lengths = {"short": 80, "long": 512}
    made = tmp_path_factory.mktemp("candidates")
    return {
        f"candidates.{name}": Artifact(write_tiny_model(made / name, context_length=length, seed=length))
        for name, length in lengths.items()
    }


def select(inputs, folder, models=None, **config):
    (folder / "output").mkdir()
    (folder / "partial").mkdir()
    context = Context(partial=folder / "partial", progress=no_progress, engine=None, models=models or LocalModels())
    settings = SelectModelConfig(**{"precision": "fp32", "resamples": 200, **config})
    with Output(folder / "output", STAGE.schema) as output:
        report = STAGE.run(settings, inputs, output, context)
    report.counts.check()
    return report, Artifact(folder / "output").table().to_pylist()


def test_texts_that_do_not_fit_one_candidate_are_counted_and_compared_for_none(folders, tmp_path):
    report, rows = select({"records": write_artifact(tmp_path / "records", RECORDS), **folders}, tmp_path)
    too_long = report.metrics["longer_than_context"]
    assert too_long["short"] > too_long["long"] == 0
    assert report.metrics["records_fitting_all"] == 12 - too_long["short"]
    assert {row["records"] for row in rows} == {12 - too_long["short"]}
    assert [(row["candidate"], row["site"]) for row in rows][:2] == [("long", None), ("long", "north")]


def test_the_report_names_a_winner_or_says_undecided_with_the_numbers(folders, tmp_path):
    report, _ = select({"records": write_artifact(tmp_path / "records", RECORDS), **folders}, tmp_path)
    difference = report.metrics["differences"][0]
    won = {"long": difference["difference"] < 0, "short": difference["difference"] > 0}
    assert report.metrics["winner"] == (next(name for name in won if won[name]) if difference["shown"] else "undecided")


class ModelsOnABf16Machine(LocalModels):
    """The models of a machine that computes fastest in bf16."""

    def select_precision(self, precision):
        return "bf16" if precision == "auto" else precision


def test_what_came_of_it_is_said_in_one_line_that_the_run_shows(folders, tmp_path):
    report, _ = select({"records": write_artifact(tmp_path / "records", RECORDS), **folders}, tmp_path)
    (line,) = report.warnings
    undecided = report.metrics["winner"] == "undecided"
    assert line.startswith("Undecided: " if undecided else f"{report.metrics['winner']} needs fewer bits")
    assert [row["candidate"] for row in report.metrics["candidates"]] == ["long", "short"]


def test_one_candidate_alone_is_refused(folders, tmp_path):
    inputs = {
        "records": write_artifact(tmp_path / "records", RECORDS),
        "candidates.long": folders["candidates.long"],
    }
    with pytest.raises(ConfigError, match="names 1 models"):
        select(inputs, tmp_path)


def test_memory_is_that_of_the_precision_the_machine_takes(folders, tmp_path):
    inputs = {"records": write_artifact(tmp_path / "records", RECORDS), **folders}
    _, rows = select(inputs, tmp_path, models=ModelsOnABf16Machine(), precision="auto")
    assert {row["precision"] for row in rows} == {"bf16"}
    assert all(row["memory_bytes"] == 2 * row["parameters"] for row in rows)


def test_only_so_many_records_are_scored(folders, tmp_path):
    inputs = {"records": write_artifact(tmp_path / "records", RECORDS), **folders}
    report, _ = select(inputs, tmp_path, max_records=3)
    assert report.metrics["records"] == 3


def test_without_validation_records_it_says_so(folders, tmp_path):
    with pytest.raises(DataError, match="validation"):
        select({"records": write_artifact(tmp_path / "records", RECORDS[-1:]), **folders}, tmp_path)
