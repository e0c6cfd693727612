"""Files behind a URL: landed by digest once, with the password in the environment alone; a real FTP server included."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer
from tests.document_files import zipped

from acclimate.collect.snapshots import collect
from acclimate.core.errors import ConfigError, SourceError, UserError
from acclimate.core.snapshots import Snapshot
from acclimate.core.sources import SourceConfig

LINE = b'{"text": "a"}\n'


@pytest.fixture
def store() -> Iterator[MemoryFileSystem]:
    files = MemoryFileSystem()
    files.store.clear()
    files.pseudo_dirs[:] = [""]
    yield files
    files.store.clear()


@pytest.fixture(scope="module")
def ftp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """The port of a server on this machine and the folder it serves, to a user with a password."""
    folder = tmp_path_factory.mktemp("ftp")
    users = DummyAuthorizer()
    users.add_user("reader", "tiger-77", str(folder))
    handler = type("Handler", (FTPHandler,), {"authorizer": users, "use_sendfile": False, "auth_failed_timeout": 0})
    server = FTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"timeout": 0.05, "handle_exit": False}, daemon=True)
    thread.start()
    yield server.address[1], folder
    server.close_all()


@pytest.fixture
def land(tmp_path: Path) -> Callable[..., Snapshot]:
    def run(
        path: str, *, again: bool = False, network: bool = False, set_aside: bool = False, **settings: Any
    ) -> Snapshot:
        source = SourceConfig.model_validate({"path": path, "name": "far", **settings})
        names = ["far"] if again else []
        return collect(
            [source],
            folder=tmp_path,
            snapshots=tmp_path / "snapshots",
            network=network,
            again=names,
            set_aside=set_aside,
        )

    return run


def contents(snapshot: Snapshot) -> dict[str, bytes]:
    return {file.name: snapshot.locate(file).read_bytes() for file in snapshot.sources[0].files}


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("memory://data/north", ["a.jsonl", "deep/b.jsonl"]),
        ("memory://data/*/a.jsonl", ["north/a.jsonl", "south/a.jsonl"]),
        ("memory://data/**/*.jsonl", ["north/a.jsonl", "north/deep/b.jsonl", "south/a.jsonl"]),
        ("memory://data/north/a.jsonl", ["a.jsonl"]),
    ],
)
def test_files_are_named_as_those_of_a_folder_here(land, store, path, names):
    for name in ("south/a.jsonl", "north/deep/b.jsonl", "north/a.jsonl", "north/.hidden.jsonl"):
        store.pipe(f"/data/{name}", LINE)
    assert contents(land(path)) == dict.fromkeys(names, LINE)


def test_an_archive_is_read_as_the_folder_it_was_made_from(land, store):
    store.pipe("/data/notes.zip", zipped({"2024/a.jsonl": LINE}))
    assert contents(land("memory://data/notes.zip")) == {"notes.zip/2024/a.jsonl": LINE}


def test_a_spoilt_archive_gives_its_sound_files_when_asked_and_says_so_for_ever_after(land, store):
    store.pipe("/data/notes.zip", zipped({"2024/a.jsonl": LINE, "../b.jsonl": LINE}))
    with pytest.raises(SourceError, match="would lie outside"):
        land("memory://data/notes.zip")
    snapshot = land("memory://data/notes.zip", set_aside=True)
    assert [one.name for one in snapshot.sources[0].set_aside] == ["notes.zip/../b.jsonl"]
    assert contents(snapshot) == {"notes.zip/2024/a.jsonl": LINE}
    assert land("memory://data/notes.zip", set_aside=True).digest == snapshot.digest
    with pytest.raises(SourceError, match="was not taken when it was fetched") as error:
        land("memory://data/notes.zip")
    assert "acclimate collect" in error.value.hint


def test_files_are_fetched_once_and_again_only_when_asked(land, store):
    store.pipe("/data/a.jsonl", LINE)
    first = land("memory://data")
    store.pipe("/data/a.jsonl", LINE * 2)
    assert land("memory://data").digest == first.digest
    assert contents(land("memory://data", again=True)) == {"a.jsonl": LINE * 2}
    assert contents(first) == {"a.jsonl": LINE}


def test_a_copy_that_was_lost_is_fetched_again(land, store):
    store.pipe("/data/a.jsonl", LINE)
    first = land("memory://data")
    first.locate(first.sources[0].files[0]).unlink()
    assert contents(land("memory://data")) == {"a.jsonl": LINE}


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("memory://nowhere", "is empty: there is no file"),
        ("memory://data/*.csv", "is empty: there is no file"),
        ("memory://data/empty.jsonl", "empty.jsonl of the source 'far' is empty"),
        ("memory://data", "several formats"),
        ("nosuch://x/y", "could not be fetched (ValueError)"),
    ],
)
def test_what_cannot_be_landed_is_one_sentence_and_leaves_nothing(land, store, tmp_path, path, says):
    store.pipe("/data/empty.jsonl", b"")
    store.pipe("/data/b.txt", b"b")
    with pytest.raises(SourceError) as error:
        land(path, network=True)
    assert says in error.value.message
    assert list((tmp_path / "snapshots/files").iterdir()) == []


def test_a_url_needs_the_network_switched_on(land):
    with pytest.raises(ConfigError, match="network access is off"):
        land("s3://bucket/notes/*.jsonl")


def test_a_store_whose_library_is_missing_says_which(land):
    with pytest.raises(SourceError, match="is not installed"):
        land("oss://bucket/notes", network=True)


def test_files_come_from_a_real_server_with_a_password_from_the_environment(land, ftp, monkeypatch, tmp_path):
    port, folder = ftp
    (folder / "notes").mkdir()
    (folder / "notes/a.jsonl").write_bytes(LINE * 200_000)
    monkeypatch.setenv("FTP_PASSWORD", "tiger-77")
    settings = {"options": {"port": port, "username": "reader"}, "secrets": {"password": "FTP_PASSWORD"}}
    snapshot = land("ftp://127.0.0.1/notes", network=True, **settings)
    assert contents(snapshot) == {"a.jsonl": LINE * 200_000}
    assert "tiger-77" not in (snapshot.folder / "snapshot.json").read_text()
    monkeypatch.delenv("FTP_PASSWORD")
    assert land("ftp://127.0.0.1/notes", **settings).digest == snapshot.digest


@pytest.mark.parametrize(("password", "says"), [("wrong-77", "could not be fetched (error_perm)"), ("", "FTP_PASSWORD, which is not set")])  # fmt: skip
def test_a_password_that_is_wrong_or_missing_is_one_sentence_without_it(land, ftp, monkeypatch, password, says):
    monkeypatch.setenv("FTP_PASSWORD", password)
    settings = {"options": {"port": ftp[0], "username": "reader"}, "secrets": {"password": "FTP_PASSWORD"}}
    with pytest.raises(UserError) as error:
        land("ftp://127.0.0.1/elsewhere", network=True, **settings)
    assert says in error.value.message
    assert "wrong-77" not in str(error.value)
