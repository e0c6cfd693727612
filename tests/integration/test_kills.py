"""Killed at every instrumented point and at random moments, the line ends with the bytes of an undisturbed run."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from acclimate.core.atomic import file_digest
from acclimate.project.audit import AuditLog

ROOT = Path(__file__).parents[2]

NOT_COMPARED = {"run.json", "audit.jsonl", ".lock"}
"""Who, when and how long differ from run to run; the audit log is checked by its chain."""


def files_of(project: Path) -> dict[str, str]:
    """Every file the runs made, by digest; work in progress must be gone."""
    return {
        str(file.relative_to(project)): file_digest(file)
        for file in sorted(project.rglob("*"))
        if file.is_file() and file.name not in NOT_COMPARED
    }


class Forks:
    """Runs of a project in forks of a process with everything loaded."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.integration.killed_runs"]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.answer() == "ready"

    def answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def run(self, project: Path, *, fatal_visit: int = 0, kill_after: float = 0.0) -> int:
        """The exit status of one run."""
        assert self.process.stdin is not None
        request = {"project": str(project), "fatal_visit": fatal_visit, "kill_after": kill_after}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return int(self.answer())


@pytest.fixture(scope="module")
def forks(project_key: None) -> Iterator[Forks]:
    started = Forks()
    yield started
    started.process.kill()
    started.process.wait()


def artifacts(project: Path) -> int:
    return len(list(project.rglob("manifest.json")))


@pytest.mark.exhaustive
def test_killed_at_every_crash_point_the_line_ends_as_undisturbed(
    project: Path, finished_project: Path, forks: Forks
) -> None:
    visit, kills = 1, 0
    while True:
        before = artifacts(project)
        status = forks.run(project, fatal_visit=visit)
        if not os.WIFSIGNALED(status):
            break
        kills += 1
        visit = 1 if artifacts(project) > before else visit + 1
    assert status == 0
    assert kills > 100
    assert files_of(project) == files_of(finished_project)
    assert list(AuditLog(project / "audit.jsonl").events())


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_killed_at_five_random_moments_the_line_ends_as_undisturbed(
    project: Path, finished_project: Path, forks: Forks, seed: int
) -> None:
    moments = random.Random(seed)
    for _ in range(5):
        forks.run(project, kill_after=moments.uniform(0.05, 3.0))
    assert forks.run(project) == 0
    assert files_of(project) == files_of(finished_project)
