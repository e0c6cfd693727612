"""A user's mistakes, through the command line: one sentence, exit code 2, no traceback, nothing half written."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest


def run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    code = "from acclimate.cli.main import main; main()"
    command = [sys.executable, "-c", code, "run", "--project", str(project), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)


def edit(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(project: Path) -> None:
        path = project / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return change


def write(name: str, content: bytes) -> Callable[[Path], None]:
    return lambda project: (project / name).write_bytes(content) and None


def remove(name: str) -> Callable[[Path], None]:
    return lambda project: (project / name).unlink()


DATA = "data/north.jsonl"
MISTAKES: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "missing file": (remove(DATA), ("data/north.jsonl",)),
    "empty file": (write(DATA, b""), ("north.jsonl", "empty")),
    "empty gzip": (write(DATA, gzip.compress(b"")), ("north.jsonl",)),
    "broken JSON": (edit(DATA, '"n4"', '"n4'), ("north.jsonl", "line 3")),
    "wrong column": (edit("acclimate.yaml", "prompt: dialogue", "prompt: dialog"), ("dialog", "dialogue")),
    "duplicate column": (edit("data/south.csv", "patient_name", "patient"), ("south.csv", "patient")),
    "one id twice": (edit(DATA, '"n4"', '"n2"'), ("north:n2",)),
    "unknown key": (edit("acclimate.yaml", "split:", "splits:"), ("splits", "did you mean split")),
    "unknown setting": (edit("acclimate.yaml", "max_steps", "max_step"), ("train.max_step", "train.max_steps")),
    "terms forbid training": (edit("acclimate.yaml", "licence: Apache-2.0", "licence: CC-BY-NC-ND-4.0"), ("north", "CC-BY-NC-ND-4.0", "derivatives")),
    "no test records": (edit("acclimate.yaml", "train: 0.6, validation: 0.15, test: 0.25", "train: 0.85, validation: 0.15, test: 0"), ("test",)),
    "base not found": (edit("acclimate.yaml", "./tiny-model", "./no-such-model"), ("no-such-model",)),
    "hub name offline": (edit("acclimate.yaml", "./tiny-model", "someone/some-model"), ("someone/some-model", "network")),
    "pickle in the base": (write("tiny-model/pytorch_model.bin", b"\x80\x04"), ("pytorch_model.bin",)),
    "remote code in the base": (write("tiny-model/modeling_tiny.py", b"print()"), ("modeling_tiny.py",)),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_sentence_and_loses_nothing(project: Path, mistake: str) -> None:
    make, named = MISTAKES[mistake]
    make(project)
    failed = run(project, "--until", "train")
    assert failed.returncode == 2, failed.stderr
    error = failed.stderr[failed.stderr.index("error: ") :]
    assert all(part in error for part in named), error
    assert "hint: " in error
    assert "Traceback" not in failed.stderr
    assert not list(project.rglob("*/output/manifest.json"))


def test_a_text_longer_than_the_context_is_named_and_not_cut(project: Path) -> None:
    path = project / DATA
    path.write_text(path.read_text().replace("Doctor: What", "Doctor: " + "well " * 2000 + "What"))
    failed = run(project, "--until", "train")
    assert failed.returncode == 2
    error = failed.stderr[failed.stderr.index("error: ") :]
    assert "tokens" in error and "hint: " in error and error.count("\n") == 2
    assert "well well" not in failed.stderr and "Traceback" not in failed.stderr
    assert not list(project.glob("artifacts/train/*/manifest.json"))


def test_record_text_never_appears_in_an_error(project: Path) -> None:
    edit(DATA, '"n4", "patient": "p2", "patient_name": "', '"n4", "patient": "p2", "patient_name: "')(project)
    failed = run(project, "--until", "split")
    assert failed.returncode == 2
    assert "dialogue" not in failed.stderr and "Doctor" not in failed.stderr


def test_a_second_process_is_refused(project: Path) -> None:
    from acclimate.project.locks import run_lock

    with run_lock(project / ".lock"):
        refused = run(project, "--until", "ingest")
    assert refused.returncode == 2
    assert "Another acclimate process" in refused.stderr


def test_a_setting_on_the_command_line_that_is_not_yaml_is_one_sentence(project: Path) -> None:
    refused = run(project, "--set", "train.seed=[")
    assert refused.returncode == 2
    assert refused.stderr.startswith("error: --set 'train.seed=['") and "Traceback" not in refused.stderr


@pytest.mark.parametrize(("content", "sentence"), [("{", "is damaged"), ('{"format": 99}', "is of format 99")])
def test_a_manifest_that_cannot_be_read_is_one_sentence_with_its_file(
    finished: Path, content: str, sentence: str
) -> None:
    manifest = next(finished.glob("artifacts/split/*/manifest.json"))
    manifest.write_text(content)
    refused = run(finished)
    assert refused.returncode == 2
    assert f"error: {manifest} {sentence}" in refused.stderr and "Traceback" not in refused.stderr


@pytest.mark.parametrize("command", ["plan", "report", "show"])
def test_a_damaged_run_json_is_one_sentence_with_its_file(finished: Path, command: str) -> None:
    facts = next(finished.glob("artifacts/split/*/run.json"))
    facts.write_text("{")
    overrides = {"plan": ["--set", "split.seed=3"], "report": [], "show": ["split"]}[command]
    code = "from acclimate.cli.main import main; main()"
    arguments = [sys.executable, "-c", code, command, *overrides, "--project", str(finished)]
    refused = subprocess.run(arguments, capture_output=True, text=True, check=False, env=os.environ)
    assert refused.returncode == 2, refused.stderr
    assert f"error: {facts} is missing or damaged" in refused.stderr and "Traceback" not in refused.stderr
