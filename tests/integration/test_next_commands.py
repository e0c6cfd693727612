"""What a command says to type next works as it stands: copied, it acts on the same project."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest


def acclimate(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from acclimate.cli.main import main; main()", *arguments]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=os.environ)
    assert ran.returncode == 0, ran.stderr
    return ran


def next_command(ran: subprocess.CompletedProcess[str]) -> str:
    return next(line for line in ran.stderr.splitlines() if line.startswith("next: ")).removeprefix("next: ")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("run --until ingest --quick --set clean.min_chars=3", "run --set clean.min_chars=3 --quick"),
        ("ingest --quick", "run --until clean --quick"),
        ("run", "report"),
        ("evaluate", "report"),
    ],
)
def test_the_next_command_repeats_what_was_given(finished: Path, given: str, expected: str) -> None:
    verb, *options = given.split()
    ran = acclimate(finished.parent, verb, "--project", finished.name, *options)
    words = shlex.split(next_command(ran))
    at = words.index("--project")
    assert words[at : at + 2] == ["--project", finished.name]
    assert words[1:at] + words[at + 2 :] == expected.split()


def test_the_report_and_the_folder_of_a_step_are_printed(finished: Path) -> None:
    assert acclimate(finished.parent, "report", "--project", "tiny").stdout == "tiny/report.html\n"
    folder = acclimate(finished.parent, "where", "split", "--project", "tiny").stdout.strip()
    assert (finished.parent / folder / "manifest.json").exists()


def test_what_gc_says_next_removes_what_it_listed(finished: Path) -> None:
    (finished / "artifacts/partial/split-abandoned").mkdir(parents=True)
    following = next_command(acclimate(finished.parent, "gc", "--project", "tiny"))
    acclimate(finished.parent, *shlex.split(following)[1:])
    assert not (finished / "artifacts/partial/split-abandoned").exists()
