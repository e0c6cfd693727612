"""A model or adapter trained elsewhere against its base, without a project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from acclimate.api import Project, answer_side_by_side
from acclimate.cli.main import app_of


@pytest.fixture
def adapter(finished: Path) -> Path:
    return Project.open(finished).where("train") / "model"


@pytest.fixture
def test_file(tmp_path: Path) -> Path:
    rows = [{"question": f"What is {number}?", "answer": f"It is the number {number}."} for number in range(12)]
    path = tmp_path / "test.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def attempt(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from acclimate.cli.main import main; main()", "compare", "--json", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=os.environ)


def compare(folder: Path, *arguments: str) -> Any:
    ran = attempt(folder, *arguments)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_an_adapter_is_compared_with_its_base_on_a_test_file(finished: Path, adapter: Path, test_file: Path) -> None:
    columns = ["--column", "prompt=question", "--column", "completion=answer"]
    base = str(finished / "tiny-model")
    result = compare(finished.parent, "--base", base, "--model", str(adapter), "--test", str(test_file), *columns)
    likelihood = result["metrics"]["comparisons"][0]
    assert (likelihood["arm"], likelihood["metric"], likelihood["items"]) == ("base", "bits_per_byte", 12)
    page = (finished.parent / result["report"]).read_text()
    assert page.count(": not known</li>") == len(result["not_known"]) == 6
    assert "<li>whether test items were among that data: not known</li>" in page
    output = str(finished.parent / "comparison")
    arguments = ["--base", base, "--model", str(adapter), "--test", str(test_file), *columns, "--output", output]
    told = CliRunner().invoke(app_of("compare"), [*arguments, "--prompt", "hello\nyou", "--prompt", "ho"]).stdout
    assert_answers_and_table(told.splitlines(), likelihood)


def assert_answers_and_table(lines: list[str], likelihood: dict[str, Any]) -> None:
    head = next(place for place, line in enumerate(lines) if line.startswith("metric "))
    answers, table = lines[:head], lines[head + 1 :]
    assert answers[:2] == ["prompt: hello", "        you"] and "prompt: ho" in answers
    assert [line[:9] for line in answers if line.startswith("  ") and line[2] != " "] == ["  base:  ", "  model: "] * 2
    interval = f"{likelihood['low']:+.3f} to {likelihood['high']:+.3f}"
    figures = [f"{likelihood[name]:.3f}" for name in ("other", "adapted")] + [f"{likelihood['difference']:+.3f}"]
    assert table[0].split() == ["bits_per_byte", *figures, *interval.split(), *likelihood["verdict"].split()]
    assert any(line.startswith("general text, bits per byte ") for line in table)
    assert "not known: whether test items were among that data" in table


def test_plain_texts_are_compared_as_pretraining(finished: Path, adapter: Path, tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    for number in range(3):
        (tmp_path / f"texts/{number}.txt").write_text(f"Letter {number} was left at the harbour before dawn.")
    models = ["--base", str(finished / "tiny-model"), "--model", str(adapter)]
    result = compare(finished.parent, *models, "--test", str(tmp_path / "texts"), "--task", "pretraining")
    assert {(row["metric"], row["items"]) for row in result["metrics"]["comparisons"]} == {("bits_per_byte", 3)}
    assert (finished.parent / result["report"]).exists()


@pytest.mark.parametrize(("given", "wanted"), [("prompt=question", "completion="), ("completion=answer", "prompt=")])
def test_a_prompt_without_an_answer_is_refused_and_nothing_is_written(
    tmp_path: Path, test_file: Path, given: str, wanted: str
) -> None:
    refused = attempt(tmp_path, "--base", "b", "--model", "m", "--test", str(test_file), "--column", given)
    assert refused.returncode == 2
    assert f"hint: add --column {wanted}" in refused.stderr
    assert not (tmp_path / "comparison").exists()


def test_a_project_is_not_overwritten_by_a_comparison(finished: Path, adapter: Path, test_file: Path) -> None:
    before = (finished / "acclimate.yaml").read_bytes()
    models = ["--base", "./tiny-model", "--model", str(adapter)]
    refused = attempt(finished, *models, "--test", str(test_file), "--output", ".")
    assert refused.returncode == 2
    assert "error: acclimate.yaml is that of another project" in refused.stderr
    assert (finished / "acclimate.yaml").read_bytes() == before


def test_a_whole_model_stands_in_for_an_adapter(finished: Path) -> None:
    base = str(finished / "tiny-model")
    rows = answer_side_by_side(base, base, ["hello"], max_new_tokens=4)
    assert rows[0]["base"] == rows[0]["model"]


def test_prompts_of_ones_own_are_answered_side_by_side(finished: Path, adapter: Path) -> None:
    result = compare(finished, "--base", "./tiny-model", "--model", str(adapter), "--prompt", "hi", "--prompt", "ho")
    assert [row["prompt"] for row in result["answers"]] == ["hi", "ho"]
