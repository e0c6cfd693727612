from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from acclimate.core.errors import WorkspaceError
from acclimate.project.locks import run_lock


def holder(path: Path) -> int:
    """A child process that takes the lock and keeps it."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        with run_lock(path):
            os.write(writer, b"x")
            signal.pause()
    os.read(reader, 1)
    return child


def test_a_second_process_is_refused_and_told_who_holds_the_lock(tmp_path: Path) -> None:
    child = holder(tmp_path / ".lock")
    try:
        with pytest.raises(WorkspaceError, match=str(child)), run_lock(tmp_path / ".lock"):
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_the_lock_of_a_killed_process_is_free_again(tmp_path: Path) -> None:
    child = holder(tmp_path / ".lock")
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with run_lock(tmp_path / ".lock"):
        assert (tmp_path / ".lock").read_text() == str(os.getpid())
