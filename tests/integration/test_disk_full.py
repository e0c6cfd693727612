"""A disk that fills up at any step stops the run with one sentence; with room again, the same command goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.test_bad_input import run
from tests.integration.test_kills import files_of

from acclimate.project.audit import AuditLog

ROOM = 40 * 1024
"""Bytes added to the disk after each failure: less than a step writes, so that it fills within steps too."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own in memory; making one needs root."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "none", folder], check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def resize(folder: Path, size: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", folder], check=True)


@pytest.mark.slow
def test_a_full_disk_is_one_sentence_and_nothing_is_lost(
    fresh_project: Path, finished_project: Path, small_disk: Path
) -> None:
    project = shutil.copytree(fresh_project, small_disk / "tiny")
    size = sum(file.stat().st_blocks * 512 for file in project.rglob("*")) + ROOM
    failures = 0
    while True:
        resize(small_disk, size)
        tried = run(project)
        if tried.returncode == 0:
            break
        assert tried.returncode == 2, tried.stderr
        assert "disk is full" in tried.stderr and "Traceback" not in tried.stderr
        failures += 1
        size += ROOM
    assert failures >= 8
    assert files_of(project) == files_of(finished_project)
    assert list(AuditLog(project / "audit.jsonl").events())
