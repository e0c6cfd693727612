from __future__ import annotations

import errno
import os
import signal
from pathlib import Path

import pytest

from acclimate.core import crash_points
from acclimate.core.atomic import named_disk_errors, publish_folder, read_json, write_json
from acclimate.core.errors import ResourceError


def dies_at(visit: int, work) -> bool:
    """Runs `work` in a forked child that is killed at a crash point; whether it died there."""
    child = os.fork()
    if child == 0:
        crash_points.arm(visit)
        work()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


@pytest.mark.parametrize(("visit", "expected"), [(1, {"old": 1}), (2, {"new": 2})])
def test_a_killed_write_leaves_the_old_or_the_new_file(tmp_path: Path, visit: int, expected: dict[str, int]) -> None:
    path = tmp_path / "value.json"
    write_json(path, {"old": 1})
    assert dies_at(visit, lambda: write_json(path, {"new": 2}))
    assert read_json(path) == expected


def test_a_published_folder_has_its_name_only_when_complete(tmp_path: Path) -> None:
    made = tmp_path / "made"
    made.mkdir()
    (made / "file").write_text("content")
    assert dies_at(1, lambda: publish_folder(made, tmp_path / "final"))
    assert not (tmp_path / "final").exists()
    publish_folder(made, tmp_path / "final")
    assert (tmp_path / "final" / "file").read_text() == "content"
    assert not made.exists()


def test_an_older_folder_of_the_same_name_is_replaced(tmp_path: Path) -> None:
    for content in ("old", "new"):
        made = tmp_path / "made"
        made.mkdir()
        (made / "file").write_text(content)
        publish_folder(made, tmp_path / "final")
    assert [path.name for path in tmp_path.iterdir()] == ["final"]
    assert (tmp_path / "final" / "file").read_text() == "new"


def test_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    with (
        pytest.raises(ResourceError, match=r"The disk is full: data\.parquet"),
        named_disk_errors(tmp_path / "data.parquet"),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_other_disk_errors_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), named_disk_errors(tmp_path):
        raise PermissionError
