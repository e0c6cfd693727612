"""Every training run of a project side by side: what decided it and what came of it."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from acclimate.api import Project
from acclimate.cli.runs import app
from acclimate.pipeline.runs import training_runs
from acclimate.project.workspace import Workspace


def test_runs_say_in_what_they_differ_and_what_came_of_each(finished: Path, tmp_path: Path) -> None:
    Project.open(finished).set_dial(0.5)
    Project.open(finished).run()
    Project.open(finished, overrides=("train.seed=1",)).run(until="train")
    rows = json.loads(CliRunner().invoke(app, ["--project", str(finished), "--json"]).stdout)
    assert [row["alpha"] for row in rows][1:] == [0.5, None]
    assert rows[0]["key"] == rows[1]["key"] != rows[2]["key"]
    assert [row["is_current"] for row in rows] == [False, True, False]
    assert [row["differs"] for row in rows] == [{"seed": 0}, {"seed": 0}, {"seed": 1}]
    assert rows[1]["gain"]["low"] <= rows[1]["gain"]["value"] <= rows[1]["gain"]["high"]
    assert rows[2]["gain"] is None and rows[2]["validation"] > 0


def test_a_run_stands_in_the_table_and_in_the_plot(finished: Path, tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["--project", str(finished), "--plot", str(tmp_path / "runs.svg")])
    (run,) = training_runs(Workspace.open(finished))
    assert told.exit_code == 0
    assert f"{run.key[:8]}*" in told.stdout
    assert run.key[:8] in (tmp_path / "runs.svg").read_text()


def test_a_project_without_runs_says_how_to_make_one(project: Path) -> None:
    told = CliRunner().invoke(app, ["--project", str(project)])
    assert told.exit_code == 0
    assert "acclimate run --until train" in told.output
