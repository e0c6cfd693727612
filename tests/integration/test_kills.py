"""Killed at instrumented points and at random moments, the line ends with the bytes of an undisturbed run."""

from __future__ import annotations

import os
import random
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from acclimate.core.atomic import file_digest
from acclimate.project.audit import AuditLog
from acclimate.testing.forks import Forks

RANDOM_KILLS = 25
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


@pytest.fixture(scope="module")
def forks(project_key: None) -> Iterator[Forks]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
    with Forks("tests.integration.killed_runs", environment=environment, folder=ROOT) as started:
        yield started


def run(forks: Forks, project: Path, *, fatal_visit: int = 0, kill_after: float = 0.0) -> int:
    """The exit code of one run, killed at a crash point, after so many seconds, or not at all."""
    return forks.run({"project": str(project), "fatal_visit": fatal_visit}, kill_after=kill_after)


def artifacts(project: Path) -> int:
    """How many are published; one about to be published lies under partial."""
    return sum("partial" not in manifest.parts for manifest in project.rglob("manifest.json"))


def kill_at_points(forks: Forks, project: Path, *, every: int = 1) -> int:
    """Kills at one point after another, or every so many, until a run ends; how many kills that took."""
    visit, kills = 1, 0
    while True:
        before = artifacts(project)
        code = run(forks, project, fatal_visit=visit)
        if code != -signal.SIGKILL:
            assert code == 0
            return kills
        kills += 1
        visit = 1 if artifacts(project) > before else visit + every


@pytest.mark.slow
def test_killed_at_every_third_crash_point_the_line_ends_as_undisturbed(
    project: Path, finished_project: Path, forks: Forks
) -> None:
    assert kill_at_points(forks, project, every=3) > 100
    assert files_of(project) == files_of(finished_project)
    assert list(AuditLog(project / "audit.jsonl").events())


@pytest.mark.slow
def test_killed_at_25_random_moments_the_line_ends_as_undisturbed(
    project: Path, finished_project: Path, forks: Forks
) -> None:
    moments, kills = random.Random(0), 0
    while kills < RANDOM_KILLS:
        code = run(forks, project, kill_after=moments.uniform(0.02, 0.6))
        kills += code == -signal.SIGKILL
        if code == 0:
            assert files_of(project) == files_of(finished_project)
            shutil.rmtree(project / "artifacts")
            shutil.rmtree(project / "restricted")
        else:
            assert code == -signal.SIGKILL
    assert run(forks, project) == 0
    assert files_of(project) == files_of(finished_project)
    assert list(AuditLog(project / "audit.jsonl").events())
