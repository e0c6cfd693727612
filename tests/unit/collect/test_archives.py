from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acclimate.collect.archives import Member, Refused, archive_parts
from acclimate.collect.snapshots import collect
from acclimate.core.errors import SourceError
from acclimate.core.snapshots import Snapshot
from acclimate.core.sources import SourceConfig

FILES = {"b.txt": b"two", "deep/a.txt": b"one", ".hidden": b"x", "__MACOSX/a.txt": b"x"}


def zipped(files: Mapping[str, bytes], change: Callable[[zipfile.ZipInfo], None] = lambda info: None) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            change(info)
            archive.writestr(info, content)
    return buffer.getvalue()


def tarred(files: Mapping[str, bytes], change: Callable[[tarfile.TarInfo], None] = lambda info: None) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            change(info)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def take(folder: Path, name: str, content: bytes, path: str = "") -> Snapshot:
    (folder / name).write_bytes(content)
    return collect([SourceConfig(path=path or name)], folder=folder, snapshots=folder / "snapshots")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("n.zip", zipped(FILES)),
        ("n.tar", tarred(FILES)),
        ("n.tar.gz", gzip.compress(tarred(FILES), mtime=0)),
        ("n.tgz", gzip.compress(tarred(FILES), mtime=0)),
        ("n.tar.bz2", bz2.compress(tarred(FILES))),
        ("n.tar.xz", lzma.compress(tarred(FILES))),
    ],
)
def test_the_files_of_an_archive_are_collected_as_those_of_a_folder(tmp_path, name, content):
    snapshot = take(tmp_path, name, content)
    [source] = snapshot.sources
    read = {file.name: snapshot.locate(file).read_bytes() for file in source.files}
    assert read == {f"{name}/b.txt": b"two", f"{name}/deep/a.txt": b"one"}


def test_an_archive_stands_beside_files_in_a_glob(tmp_path):
    (tmp_path / "a.txt").write_text("a")
    snapshot = take(tmp_path, "n.zip", zipped({"b.txt": b"b"}), path="*.*")
    assert [file.name for file in snapshot.sources[0].files] == ["a.txt", "n.zip/b.txt"]


def link(info: zipfile.ZipInfo) -> None:
    info.external_attr = 0o120777 << 16


def tar_link(info: tarfile.TarInfo) -> None:
    info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"


def device(info: tarfile.TarInfo) -> None:
    info.type = tarfile.CHRTYPE


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("n.zip", zipped({"../a.txt": b"a"}), "would lie outside"),
        ("n.zip", zipped({"a/../../a.txt": b"a"}), "would lie outside"),
        ("n.zip", zipped({"/etc/a.txt": b"a"}), "would lie outside"),
        ("n.zip", zipped({"C:a.txt": b"a"}), "would lie outside"),
        ("n.tar", tarred({"..\\a.txt": b"a"}), "would lie outside"),
        ("n.tar", tarred({"/a.txt": b"a"}), "would lie outside"),
        ("n.zip", zipped({"a.txt": b"/etc/passwd"}, link), "is a link or a device"),
        ("n.tar", tarred({"a.txt": b""}, tar_link), "is a link"),
        ("n.tar", tarred({"a.txt": b""}, device), "is a link"),
        ("n.zip", zipped({"b.zip": zipped({"a.txt": b"a"})}), "another archive"),
        ("n.tar", tarred({"b.tar.gz": b"x"}), "another archive"),
        ("n.zip", zipped({"a.txt": b"x" * 40_000_000}), "would take more than"),
        ("n.tgz", gzip.compress(tarred({"a.txt": b"x" * 40_000_000}), mtime=0), "would take more than"),
        ("n.zip", zipped({}), "holds no files"),
        ("n.zip", zipped({".hidden": b"x"}), "nothing but hidden files"),
        ("n.zip", zipped({"a.txt": b"a"}).replace(b"a.txt", b"\0.txt"), "has no name"),
        ("n.zip", zipped({"a.txt": b"a"})[:40], "is not a whole archive"),
        ("n.zip", zipped({"a.txt": b"secret text"}).replace(b"\x0b\x00\x00\x00", b"\x0c\x00\x00\x00"), "is not a whole archive"),
        ("n.tgz", gzip.compress(tarred({"a.txt": b"a"}), mtime=0)[:-9], "is not a whole archive"),
        ("n.tar", tarred({"a.txt": b"a" * 9000})[:6000], "is not a whole archive"),
        ("n.tar", b"no archive", "is not a whole archive"),
        ("n.zip", zipped({"a.txt": b"a", "b.html": b"b"}), "holds files of several formats"),
    ],
)  # fmt: skip
def test_an_archive_that_a_real_one_would_not_be_is_refused(tmp_path, name, content, says):
    with pytest.raises(SourceError, match=says) as error:
        take(tmp_path, name, content)
    assert error.value.hint
    assert not (tmp_path / "snapshots" / "files").exists() or not any((tmp_path / "snapshots" / "files").iterdir())


def linked(info: zipfile.ZipInfo) -> None:
    info.external_attr = 0o120777 << 16 if info.filename.startswith("link") else 0


def of_links(info: tarfile.TarInfo) -> None:
    if info.name.startswith("link"):
        tar_link(info)
        info.size = 0


SPOILT = {
    "a.txt": b"one",
    "link.txt": b"/etc/passwd",
    "/absolute.txt": b"x",
    "deep/../../out.txt": b"x",
    "inner.zip": zipped({"a.txt": b"x"}),
    "z.txt": b"two",
}


def test_what_a_snapshot_says_was_set_aside_is_an_error_where_nothing_may_be(tmp_path):
    (tmp_path / "n.zip").write_bytes(zipped(SPOILT, linked))
    source = SourceConfig(path="n.zip")
    snapshot = collect([source], folder=tmp_path, snapshots=tmp_path / "snapshots", set_aside=True)
    assert [one.reason for one in Snapshot.read(snapshot.folder).sources[0].set_aside] == [
        *("outside_path", "outside_path", "nested_archive", "link_or_device")
    ]
    assert (
        collect([source], folder=tmp_path, snapshots=tmp_path / "snapshots", set_aside=True).digest == snapshot.digest
    )


@pytest.mark.parametrize("wrong", [b"\x80" + b"\x00" * 11, b"\xff" * 12])
def test_a_size_below_zero_or_beyond_all_measure_ends_an_archive(tmp_path, wrong):
    content = bytearray(tarred({"a.txt": b"one", "b.txt": b"two"}))
    content[1024 + 124 : 1024 + 136] = wrong
    header = content[1024:1536]
    header[148:156] = b" " * 8
    content[1024 + 148 : 1024 + 156] = b"%06o\0 " % sum(header)
    (tmp_path / "n.tar").write_bytes(bytes(content))
    parts = list(islice(archive_parts(tmp_path / "n.tar", "n.tar"), 9))
    assert [part.name for part in parts if isinstance(part, Member)][:1] == ["a.txt"]
    assert len(parts) <= 3


def test_a_header_that_claims_to_be_huge_is_not_read(tmp_path):
    def huge(info: tarfile.TarInfo) -> None:
        info.type, info.size = tarfile.XHDTYPE, 8 * 1024**3 - 1

    header = tarfile.TarInfo("x")
    huge(header)
    with pytest.raises(SourceError, match=r"is not unpacked|is not a whole archive"):
        take(tmp_path, "n.tar", header.tobuf() + b"\0" * 2048)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), kind=st.sampled_from([".zip", ".tar", ".tar.gz"]))
def test_a_spoilt_archive_gives_files_or_one_sentence(tmp_path, data, kind):
    files = {"a.txt": b"one" * 9, "b/c.txt": b"two"}
    content = bytearray(zipped(files) if kind == ".zip" else tarred(files))
    for place, byte in data.draw(
        st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), max_size=4)
    ):
        content[place] = byte
    path = tmp_path / f"n{kind}"
    path.write_bytes(gzip.compress(bytes(content)) if kind == ".tar.gz" else bytes(content))
    for part in archive_parts(path, path.name):
        found = part.read() if isinstance(part, Member) else part
        assert found.error(path.name).hint if isinstance(found, Refused) else len(found) == part.size
