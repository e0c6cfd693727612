"""The rows of a query, from real databases: landed once, read-only, with no secret anywhere but in the environment."""

from __future__ import annotations

import gzip
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from tests.postgres_server import postgres_programs, postgres_url

from acclimate.collect.snapshots import collect
from acclimate.core.errors import ConfigError, SourceError, UserError
from acclimate.core.snapshots import Snapshot
from acclimate.core.sources import SourceConfig

QUERY = "select id, note, seen from notes order by id"
ROWS = [
    {"id": 1, "note": "naïve, 12:30", "seen": "2024-03-01"},
    {"id": 2, "note": "100 % :well", "seen": "2024-03-02"},
    {"id": 3, "note": None, "seen": None},
]
FILL = [
    "create table notes (id integer primary key, note text, seen date)",
    "insert into notes values (1, 'naïve, 12\\:30', '2024-03-01'), (2, '100 % \\:well', '2024-03-02'), (3, null, null)",
]


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not postgres_programs():
        pytest.skip("PostgreSQL's programs are not on this machine")
    with postgres_url(tmp_path_factory.mktemp("pg")) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    given = f"sqlite:///{tmp_path}/clinic.db" if request.param == "sqlite" else request.getfixturevalue("postgres")
    engine = create_engine(given)
    with engine.begin() as connection:
        connection.execute(text("drop table if exists notes"))
        for statement in FILL:
            connection.execute(text(statement))
    engine.dispose()
    return str(given)


@pytest.fixture
def land(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Snapshot]:
    """`land(url, "select …")` collects the query; further settings are the source's."""

    def run(url: str | None, sql: str = QUERY, *, again: bool = False, network: bool = True) -> Snapshot:
        if url is not None:
            monkeypatch.setenv("CLINIC_DB", url)
        source = SourceConfig(sql=sql, name="clinic", secrets={"url": "CLINIC_DB"})
        folder = tmp_path / "snapshots"
        return collect([source], folder=tmp_path, snapshots=folder, network=network, again=["clinic"] if again else [])

    return run


def rows_of(snapshot: Snapshot) -> list[dict[str, object]]:
    content = gzip.decompress(snapshot.locate(snapshot.sources[0].files[0]).read_bytes())
    return [json.loads(line) for line in content.decode().splitlines()]


def test_the_rows_of_a_query_are_landed_as_they_are(land, url):
    assert rows_of(land(url)) == ROWS


@pytest.mark.parametrize(
    ("sql", "note"),
    [
        ("select note from notes where note like '%:well%'", "100 % :well"),
        ("with n as (select note from notes where id = 2) select note from n", "100 % :well"),
        ("select '12:30' as note", "12:30"),
        ("select cast(1.50 as numeric(5,2)) as note", "1.50"),
    ],
)
def test_percent_signs_and_colons_of_a_query_are_the_databases_own(land, url, sql, note):
    [row] = rows_of(land(url, sql))
    assert row["note"] == note or float(row["note"]) == float(note)


def test_a_cast_with_two_colons_reaches_postgresql(land, postgres):
    assert rows_of(land(postgres, "select '7'::int as n")) == [{"n": 7}]


def test_a_query_is_run_once_and_again_only_when_asked(land, url):
    first = land(url)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("delete from notes where id > 1"))
    engine.dispose()
    assert land(url).digest == first.digest
    assert rows_of(land(url, again=True)) == ROWS[:1]
    assert rows_of(Snapshot.read(first.folder)) == ROWS


def test_what_is_landed_needs_neither_the_database_nor_the_secret_nor_the_network(land, url, monkeypatch):
    first = land(url)
    monkeypatch.delenv("CLINIC_DB")
    assert land(None, network=False).digest == first.digest


@pytest.mark.parametrize(
    "sql",
    ["delete from notes", "drop table notes", "select 1; drop table notes", "with d as (delete from notes returning id) select * from d"],
)  # fmt: skip
def test_a_query_that_writes_is_refused_and_writes_nothing(land, url, sql):
    with pytest.raises(SourceError):
        land(url, sql)
    assert rows_of(land(url)) == ROWS


def test_many_rows_are_streamed_and_all_arrive(land, url):
    many = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000) select i from n order by i"
    assert [row["i"] for row in rows_of(land(url, many))] == list(range(1, 5001))


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("select * from nowhere", "failed ("),
        ("select note, note from notes", "two columns called 'note'"),
        ("select note from notes where id = 99", "gives no rows"),
    ],
)
def test_a_query_that_gives_nothing_usable_is_one_sentence(land, url, sql, says, tmp_path):
    with pytest.raises(SourceError) as error:
        land(url, sql)
    assert says in error.value.message
    assert "tiger-77" not in str(error.value)
    assert list((tmp_path / "snapshots/files").iterdir()) == []


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("not a url tiger-77", "holds no URL of a database"),
        ("postgresql://scott:tiger-77@127.0.0.1:1/x", "failed (InterfaceError"),
        ("nosuch://scott:tiger-77@host/x", "failed (NoSuchModuleError"),
        ("oracle+oracledb://scott:tiger-77@host/x", "is not installed"),
        ("sqlite:////nowhere/tiger-77.db", "does not exist"),
        ("", "the environment variable CLINIC_DB, which is not set"),
    ],
)
def test_a_database_that_cannot_be_reached_is_one_sentence_without_its_url(land, url, says):
    with pytest.raises(UserError) as error:
        land(url)
    assert says in error.value.message
    assert "tiger-77" not in str(error.value)
    assert error.value.__cause__ is None


def test_a_database_over_the_network_needs_the_network_switched_on(land, postgres):
    with pytest.raises(ConfigError, match="network access is off"):
        land(postgres, network=False)


def test_no_file_of_the_snapshot_holds_the_password(land, postgres, tmp_path):
    land(postgres, "select 'a note' as note")
    for file in (tmp_path / "snapshots").rglob("*"):
        assert file.is_dir() or b"tiger-77" not in file.read_bytes()


def test_a_column_of_several_kinds_is_landed_as_it_stands(land, tmp_path):
    with sqlite3.connect(tmp_path / "odd.db") as connection:
        connection.execute("create table odd (x)")
        connection.executemany("insert into odd values (?)", [(1,), ("a",), (2.5,), (b"\xff",), (None,)])
    rows = rows_of(land(f"sqlite:///{tmp_path}/odd.db", "select x from odd"))
    assert [row["x"] for row in rows] == [1, "a", 2.5, "/w==", None]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, "needs a path or a query"),
        ({"sql": "select 1", "path": "a.jsonl"}, "needs a path or a query"),
        ({"sql": "select 1"}, "takes the URL of its database from the environment"),
        ({"sql": "select 1", "secrets": {"url": "sqlite://x"}}, "something else than names"),
        ({"sql": "select 1", "secrets": {"url": "DB"}, "format": "csv"}, "is a query"),
        ({"path": "a.jsonl", "secrets": {"password": "PW"}}, "lies on this machine"),
        ({"path": "sftp://me:tiger-77@host/x"}, "holds a password"),
        ({"path": "s3://b/x", "options": {"secret": "tiger-77"}}, "secret and must not stand in a file"),
        ({"path": "s3://b/x", "secrets": "tiger-77"}, "something else than names"),
    ],
)
def test_settings_that_make_no_source_are_named_without_their_secrets(settings, says):
    with pytest.raises(ConfigError) as error:
        SourceConfig.model_validate(settings)
    assert says in error.value.message
    assert "tiger-77" not in str(error.value)


KILLED = """
import sys
from pathlib import Path
from acclimate.collect.snapshots import collect
from acclimate.core import crash_points
from acclimate.core.sources import SourceConfig
folder = Path(sys.argv[1])
crash_points.arm(int(sys.argv[2]))
source = SourceConfig(sql="select i from n order by i", name="clinic", secrets={"url": "CLINIC_DB"})
collect([source], folder=folder, snapshots=folder / "snapshots")
"""


@pytest.mark.parametrize("visit", range(1, 7))
def test_killed_at_any_point_the_next_run_lands_the_same_rows(land, tmp_path, visit):
    database = f"sqlite:///{tmp_path}/n.db"
    with sqlite3.connect(tmp_path / "n.db") as connection:
        connection.execute("create table n (i)")
        connection.executemany("insert into n values (?)", [(number,) for number in range(50)])
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(visit)]
    died = subprocess.run(command, env={**os.environ, "CLINIC_DB": database}, check=False)
    assert died.returncode == -signal.SIGKILL
    snapshot = land(database, "select i from n order by i")
    assert [row["i"] for row in rows_of(snapshot)] == list(range(50))
    assert [file.name for file in (tmp_path / "snapshots/files").iterdir()] == [snapshot.sources[0].files[0].sha256]
