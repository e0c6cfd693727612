from __future__ import annotations

import signal
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from acclimate.collect.snapshots import collect, find_files
from acclimate.core.errors import ConfigError, SourceError
from acclimate.core.snapshots import Snapshot
from acclimate.core.sources import SourceConfig

LINES = '{"text": "a"}\n'


def write(folder: Path, *names: str, content: str = LINES) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


def take(folder: Path, *paths: str, largest_copy: int = 1024) -> Snapshot:
    sources = [SourceConfig(path=path) for path in paths]
    return collect(sources, folder=folder, snapshots=folder / "snapshots", largest_copy=largest_copy)


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_snapshot_read_again_is_the_one_that_was_collected(tmp_path):
    snapshot = take(write(tmp_path, "a.jsonl"), "a.jsonl")
    assert Snapshot.read(snapshot.artifact().path) == snapshot
    assert snapshot.artifact().identity == snapshot.digest


def test_a_copy_stays_when_the_source_file_goes(tmp_path):
    snapshot = take(write(tmp_path, "a.jsonl"), "a.jsonl")
    (tmp_path / "a.jsonl").unlink()
    assert snapshot.locate(snapshot.sources[0].files[0]).read_text() == LINES


def test_the_digest_does_not_depend_on_where_the_project_lies(tmp_path):
    here = take(write(tmp_path / "here", "data/a.jsonl"), "data/a.jsonl")
    there = take(write(tmp_path / "there", "data/a.jsonl"), "data/a.jsonl")
    assert here.digest == there.digest


@pytest.mark.parametrize("change", [{"site": "north"}, {"columns": {"text": "text"}}, {"role": "test"}])
def test_the_digest_depends_on_what_the_user_says_of_the_source(tmp_path, change):
    write(tmp_path, "a.jsonl")
    plain = SourceConfig(path="a.jsonl", name="a")
    other = SourceConfig.model_validate({**plain.model_dump(), **change})
    digests = {collect([one], folder=tmp_path, snapshots=tmp_path / "s").digest for one in (plain, other)}
    assert len(digests) == 2


def test_the_digest_depends_on_the_content(tmp_path):
    before = take(write(tmp_path, "a.jsonl"), "a.jsonl").digest
    assert take(write(tmp_path, "a.jsonl", content='{"text": "b"}\n'), "a.jsonl").digest != before


def test_collecting_twice_adds_nothing(tmp_path):
    take(write(tmp_path, "a.jsonl", "b.jsonl"), "*.jsonl")
    before = tree(tmp_path / "snapshots")
    take(tmp_path, "*.jsonl")
    assert tree(tmp_path / "snapshots") == before


def test_a_large_file_is_referenced_by_absolute_path_and_digest(tmp_path):
    snapshot = take(write(tmp_path, "a.jsonl"), "a.jsonl", largest_copy=4)
    [file] = snapshot.sources[0].files
    assert snapshot.locate(file) == (tmp_path / "a.jsonl").resolve()
    assert list((tmp_path / "snapshots/files").iterdir()) == []


def test_a_referenced_file_has_the_digest_of_a_copied_one(tmp_path):
    copied = take(write(tmp_path, "a.jsonl"), "a.jsonl")
    assert take(tmp_path, "a.jsonl", largest_copy=4).digest == copied.digest


def test_snapshots_are_for_the_owner_alone(tmp_path):
    snapshot = take(write(tmp_path, "a.jsonl"), "a.jsonl")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "snapshots").rglob("*") if path.is_file()}
    folders = {stat.S_IMODE(path.stat().st_mode) for path in (snapshot.folder.parent, snapshot.folder)}
    assert (modes, folders) == ({0o600}, {0o700})


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("data/north", ["a.jsonl", "deep/b.jsonl"]),
        ("data/*/a.jsonl", ["north/a.jsonl", "south/a.jsonl"]),
        ("data/**/*.jsonl", ["north/a.jsonl", "north/deep/b.jsonl", "south/a.jsonl"]),
        ("data/north/a.jsonl", ["a.jsonl"]),
    ],
)
def test_files_are_named_relative_to_the_source_and_sorted(tmp_path, path, names):
    write(tmp_path, "data/south/a.jsonl", "data/north/deep/b.jsonl", "data/north/a.jsonl", "data/north/.hidden.jsonl")
    assert list(find_files(SourceConfig(path=path), tmp_path)) == names


def test_a_file_whose_name_looks_like_a_glob_is_found(tmp_path):
    assert list(find_files(SourceConfig(path="a[1].jsonl"), write(tmp_path, "a[1].jsonl"))) == ["a[1].jsonl"]


def test_an_empty_file_in_a_folder_of_texts_is_an_empty_text(tmp_path):
    write(tmp_path, "notes/a.txt")
    write(tmp_path, "notes/b.txt", content="")
    assert [file.size for file in take(tmp_path, "notes").sources[0].files] == [len(LINES), 0]


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("gone.jsonl", "'gone' is missing: there is no file or folder gone.jsonl"),
        ("data/*.csv", "'data' is empty: no file matches data/*.csv"),
        ("hollow", "'hollow' is empty: there is no file in hollow"),
        ("data/empty.jsonl", "empty.jsonl of the source 'empty' is empty"),
        ("data/empty.txt", "empty.txt of the source 'empty' is empty"),
        ("mixed", "several formats: a.jsonl (jsonl), b.txt (text)"),
        ("data/notes.doc", "the name of notes.doc does not say how to read it"),
    ],
)
def test_a_source_that_cannot_be_collected_is_named(tmp_path, path, says):
    write(tmp_path, "mixed/a.jsonl", "mixed/b.txt", "data/notes.doc", "hollow/.hidden")
    write(tmp_path, "data/empty.jsonl", "data/empty.txt", content="")
    with pytest.raises(SourceError) as error:
        take(tmp_path, path)
    assert says in error.value.message
    assert error.value.hint


def test_two_sources_of_one_name_are_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"called 'a' \(x/a.jsonl and y/a.csv\)"):
        take(tmp_path, "x/a.jsonl", "y/a.csv")


KILLED = """
import sys
from pathlib import Path
from acclimate.collect.snapshots import collect
from acclimate.core import crash_points
from acclimate.core.sources import SourceConfig
folder = Path(sys.argv[1])
crash_points.arm(int(sys.argv[2]))
collect([SourceConfig(path="*.jsonl")], folder=folder, snapshots=folder / "snapshots")
"""


@pytest.mark.parametrize("visit", [1, 2, 3, 4, 5])
def test_killed_at_any_point_and_collected_again_the_snapshot_is_the_same(tmp_path, visit):
    write(tmp_path / "killed", "a.jsonl"), write(tmp_path / "whole", "a.jsonl")
    died = run_child([KILLED, str(tmp_path / "killed"), str(visit)])
    again, whole = take(tmp_path / "killed", "*.jsonl"), take(tmp_path / "whole", "*.jsonl")
    assert died == -signal.SIGKILL
    assert again.digest == whole.digest
    assert tree(tmp_path / "killed/snapshots") == tree(tmp_path / "whole/snapshots")


def run_child(arguments: Sequence[str]) -> int:
    return subprocess.run([sys.executable, "-c", *arguments], check=False).returncode
