"""How strongly what was trained acts: chosen on texts of its own, changed without training, told in the report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from acclimate.api import Project
from acclimate.cli.dial import dial
from acclimate.core.errors import ConfigError
from acclimate.core.scored_texts import is_set_aside
from acclimate.project.workspace import PROJECT_FILE


def test_another_strength_is_set_without_training(finished: Path) -> None:
    before = Project.open(finished)
    Project.open(finished).set_dial(0.5)
    made = {outcome.planned.step.name for outcome in Project.open(finished).run() if outcome.made}
    assert made == {"dial", "predict.adapted", "evaluate"}
    after = Project.open(finished)
    assert after.where("train") == before.where("train")
    assert after.report("dial").metrics["alpha"] == 0.5
    assert after.report("dial").metrics["chosen_by"] == "you"
    assert json.loads((after.where("dial") / "model/acclimate.json").read_text())["alpha"] == 0.5


def test_the_budget_chooses_again_when_asked(finished: Path) -> None:
    Project.open(finished).set_dial(0.5)
    Project.open(finished).set_dial(None)
    assert yaml.safe_load((finished / PROJECT_FILE).read_text())["dial"] == {"alpha": None}
    assert not any(outcome.made for outcome in Project.open(finished).run())


@pytest.mark.parametrize("alpha", [0.0, 1.5])
def test_a_strength_that_is_none_changes_nothing(finished: Path, alpha: float) -> None:
    written = (finished / PROJECT_FILE).read_text()
    with pytest.raises(ConfigError, match=r"dial\.alpha"):
        Project.open(finished).set_dial(alpha)
    assert (finished / PROJECT_FILE).read_text() == written


def test_what_is_reported_rests_on_no_text_the_strength_was_chosen_on(finished: Path) -> None:
    project = Project.open(finished)
    swept = {row["id"] for row in project.table("sweep").to_pylist() if row["suite"] != "task"}
    shown = {
        row["id"] for row in project.table("predict.adapted").to_pylist() if row["suite"] in ("general", "ability")
    }
    assert swept and shown and not swept & shown
    assert all(map(is_set_aside, swept))


def test_the_command_shows_every_strength_and_sets_one(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dial(finished, alpha=None, auto=False, quick=False, as_json=True, quiet=True)
    assert [row["alpha"] for row in json.loads(capsys.readouterr().out)["points"]] == [0, 0.5, 1]
    dial(finished, alpha=0.3, auto=False, quick=False, as_json=False, quiet=False)
    told = capsys.readouterr()
    assert " 0.50 · validation " in told.out
    assert "acclimate run" in told.err
    assert Project.open(finished).config.sections["dial"]["alpha"] == 0.3
    with pytest.raises(ConfigError, match="--auto"):
        dial(finished, alpha=0.3, auto=True, quick=False, as_json=False, quiet=True)


def test_the_report_shows_the_strengths(finished: Path) -> None:
    page = Project.open(finished).write_report().read_text()
    assert "How strongly it is kept" in page
    assert "train dial --alpha" in page
