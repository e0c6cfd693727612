"""What a plan says before anything runs, and of what has run: through the command line."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from tests.huge_model import promise_huge_weights
from typer.testing import CliRunner

from acclimate.api import Project
from acclimate.cli.main import app_of, main


def plan(project: Path, *options: str) -> Result:
    told = CliRunner().invoke(app_of("plan"), ["--project", str(project), *options])
    assert told.exit_code == 0, told.output
    return told


def rows(told: Result) -> dict[str, dict[str, Any]]:
    return {row["step"]: row for row in json.loads(told.stdout)}


def test_a_first_plan_expects_time_of_every_step_and_memory_of_those_that_load_a_model(project: Path) -> None:
    planned = rows(plan(project, "--json"))
    assert [name for name, row in planned.items() if not row["expected_seconds"]] == []
    loading = [name for name in planned if name in ("sample", "train", "sweep", "predict.base", "predict.prompted")]
    assert len(loading) == 5
    assert all(planned[name]["expected_memory_bytes"] > 1_000_000_000 for name in loading)
    assert "steps will run, about " in plan(project).stdout


def test_a_larger_base_is_expected_to_take_longer(project: Path) -> None:
    before = rows(plan(project, "--json"))["train"]
    promise_huge_weights(project / "tiny-model")
    after = rows(plan(project, "--json"))["train"]
    assert after["expected_seconds"] > 10_000 * before["expected_seconds"]
    assert after["expected_memory_bytes"] > 10**14


def test_a_step_that_ran_is_expected_to_cost_what_it_did(finished: Path) -> None:
    options = ("--set", "split.seed=7")
    facts = json.loads((Project.open(finished).where("split") / "run.json").read_text())
    planned = rows(plan(finished, *options, "--json"))["split"]
    assert planned["expected_seconds"] == facts["seconds"]
    assert planned["expected_memory_bytes"] == facts["peak_memory_bytes"]
    [line] = [line for line in plan(finished, *options).stdout.splitlines() if line.startswith("split ")]
    assert line.endswith("; as in the last run]")


def test_a_first_run_compares_each_step_with_what_was_expected_of_it(finished: Path) -> None:
    expected = [json.loads(file.read_text())["expected_seconds"] for file in finished.glob("*/*/*/run.json")]
    assert len(expected) >= 17 and all(expected)


def test_another_library_is_said_and_only_strict_runs_again(finished: Path) -> None:
    manifest = Project.open(finished).where("split") / "manifest.json"
    facts = json.loads(manifest.read_text())
    now, facts["environment"]["polars"] = facts["environment"]["polars"], "0.1"
    manifest.write_text(json.dumps(facts))
    said = f"made with polars 0.1 (now {now})"
    planned, strictly = rows(plan(finished, "--json")), rows(plan(finished, "--strict", "--json"))
    assert (planned["split"]["status"], planned["split"]["reason"]) == ("current", said)
    assert (strictly["split"]["status"], strictly["split"]["reason"]) == ("stale", said)
    assert strictly["train"]["status"] == "waiting"


def test_a_plan_warns_of_more_memory_than_is_free(project: Path) -> None:
    assert "warning" not in plan(project).stderr
    promise_huge_weights(project / "tiny-model")
    assert " is expected to need " in plan(project).stderr
    assert plan(project, "--quiet").stderr == ""


def test_too_little_memory_is_one_sentence_before_the_model_is_loaded(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    promise_huge_weights(project / "tiny-model")
    monkeypatch.setattr("sys.argv", ["acclimate", "run", "--project", str(project), "--until", "sample"])
    interrupted = signal.getsignal(signal.SIGINT)
    with pytest.raises(SystemExit, match="2"):
        main()
    signal.signal(signal.SIGINT, interrupted)
    error = capsys.readouterr().err.partition("error: ")[2]
    assert error.startswith("Loading tiny-model (100000000 million parameters) in ") and error.count("\n") == 2
    assert "hint: close other programs" in error and "Traceback" not in error
    assert not (project / "artifacts/sample").exists() or not list((project / "artifacts/sample").rglob("*.parquet"))
