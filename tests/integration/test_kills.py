"""Killed at every instrumented point and at random moments, the line ends with the bytes of an undisturbed run."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from pathlib import Path

import pytest

from acclimate.core.atomic import file_digest
from acclimate.project.audit import AuditLog

pytestmark = pytest.mark.slow

NOT_COMPARED = {"run.json", "audit.jsonl", ".lock"}
"""Who, when and how long differ from run to run; the audit log is checked by its chain."""


def files_of(project: Path) -> dict[str, str]:
    """Every file the runs made, by digest; work in progress must be gone."""
    return {
        str(file.relative_to(project)): file_digest(file)
        for file in sorted(project.rglob("*"))
        if file.is_file() and file.name not in NOT_COMPARED
    }


def run_in_child(project: Path, *, fatal_visit: int = 0, kill_after: float = 0.0) -> int:
    """Runs the project in a fork of this process, which has everything imported; the exit status."""
    child = os.fork()
    if child == 0:
        from acclimate.api import Project
        from acclimate.core import crash_points

        if fatal_visit:
            crash_points.arm(fatal_visit)
        code = 1
        try:
            Project.open(project).run()
            code = 0
        finally:
            os._exit(code)
    if kill_after:
        threading.Timer(kill_after, lambda: os.kill(child, signal.SIGKILL)).start()
        time.sleep(kill_after)
    return os.waitpid(child, 0)[1]


def artifacts(project: Path) -> int:
    return len(list(project.rglob("manifest.json")))


def test_killed_at_every_crash_point_the_line_ends_as_undisturbed(project: Path, finished_project: Path) -> None:
    visit, kills = 1, 0
    while True:
        before = artifacts(project)
        status = run_in_child(project, fatal_visit=visit)
        if not os.WIFSIGNALED(status):
            break
        kills += 1
        visit = 1 if artifacts(project) > before else visit + 1
    assert status == 0
    assert kills > 100
    assert files_of(project) == files_of(finished_project)
    assert list(AuditLog(project / "audit.jsonl").events())


@pytest.mark.parametrize("seed", range(5))
def test_killed_at_five_random_moments_the_line_ends_as_undisturbed(
    project: Path, finished_project: Path, seed: int
) -> None:
    moments = random.Random(seed)
    for _ in range(5):
        run_in_child(project, kill_after=moments.uniform(0.05, 3.0))
    assert run_in_child(project) == 0
    assert files_of(project) == files_of(finished_project)
