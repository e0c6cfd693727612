"""Backups: made while people work, whole or not there, and put back in a file or in PostgreSQL."""

from __future__ import annotations

import os
import signal
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select, text, update
from tests.postgres_server import GIVEN, postgres_programs, postgres_url
from tests.unit.annotation.project_of_four import TASK, Clock, notes, open_store, read_all, start_task

from acclimate.annotation import tables
from acclimate.annotation.anchoring import anchored, verify_anchored
from acclimate.annotation.backup import back_up, digest_file, restore
from acclimate.annotation.export import export_snapshot
from acclimate.annotation.people import SYSTEM, set_password
from acclimate.annotation.queue import next_item
from acclimate.annotation.store import Store, database_url
from acclimate.app.identity import person_of, sign_in
from acclimate.core.atomic import file_digest
from acclimate.core.errors import DataError, UserError, WorkspaceError
from acclimate.project.audit import AuditLog
from acclimate.testing.forks import Forks

ROOT = Path(__file__).parents[2]
PASSWORD = "correct horse battery"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = open_store(tmp_path)
    start_task(store, notes(5), readings=2)
    labels = {f"n{number}": "low" for number in range(5)}
    read_all(store, {"ann": labels, "bob": {**labels, "n0": "high"}})
    return store


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    with Forks("tests.integration.annotating", environment={**os.environ, "OMP_NUM_THREADS": "1"}, folder=ROOT) as made:
        yield made


@pytest.fixture
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not (os.environ.get(GIVEN) or postgres_programs()):
        pytest.skip("no PostgreSQL: neither initdb and postgres on the path, nor a database in the environment")
    with postgres_url(tmp_path_factory.mktemp("pg")) as url:
        engine = create_engine(url.replace("postgresql://", "postgresql+pg8000://"))
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
        engine.dispose()
        yield url


def snapshot_identity(store: Store, folder: Path) -> str:
    return export_snapshot(store, TASK, folder, by="mia").identity


def test_a_backup_put_back_gives_the_same_snapshot_and_goes_on(store: Store, tmp_path: Path) -> None:
    made = back_up(store, tmp_path / "monday.db")
    assert stat.S_IMODE(made.file.stat().st_mode) == 0o600
    assert digest_file(made.file).read_text() == f"{file_digest(made.file)}  monday.db\n"
    (tmp_path / "new").mkdir()
    url = database_url(tmp_path / "new", None)
    put_back = restore(made.file, url, clock=Clock())
    assert put_back.events == made.events + 1
    again = Store.open(url, clock=Clock())
    assert snapshot_identity(again, tmp_path / "a") == snapshot_identity(store, tmp_path / "b")
    assert next_item(again, TASK, "cem") is None
    assert again.verify() > put_back.events


def test_sessions_are_not_in_a_backup(store: Store, tmp_path: Path) -> None:
    set_password(store, "ann", PASSWORD, by=SYSTEM)
    session = sign_in(store, "ann", PASSWORD) or ""
    made = back_up(store, tmp_path / "monday.db")
    (tmp_path / "new").mkdir()
    url = database_url(tmp_path / "new", None)
    restore(made.file, url, clock=Clock())
    again = Store.open(url, clock=Clock())
    assert person_of(again, session) is None
    assert sign_in(again, "ann", PASSWORD) is not None


def test_a_backup_made_while_people_answer_is_of_one_moment(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    start_task(store, notes(40), readings=1)
    labels = {f"n{number}": "low" for number in range(40)}
    working = threading.Thread(target=read_all, args=(store, {"ann": labels}))
    working.start()
    made = [back_up(store, tmp_path / f"{number}.db") for number in range(3)]
    working.join()
    assert [one.events for one in made] == sorted(one.events for one in made)
    for one in made:
        assert Store.open(f"sqlite:///{one.file}").verify() >= one.events


@pytest.mark.parametrize("damage", ["a byte", "the digest", "no digest", "no database"])
def test_a_backup_that_is_not_whole_is_refused_and_nothing_is_made(store: Store, tmp_path: Path, damage: str) -> None:
    file = back_up(store, tmp_path / "monday.db").file
    if damage == "a byte":
        file.write_bytes(file.read_bytes()[:-1] + b"x")
    elif damage == "the digest":
        digest_file(file).write_text("0" * 64)
    elif damage == "no digest":
        digest_file(file).unlink()
    else:
        file.write_bytes(b"no database at all" * 100)
        digest_file(file).write_text(f"{file_digest(file)}  monday.db\n")
    (tmp_path / "new").mkdir()
    with pytest.raises(UserError):
        restore(file, database_url(tmp_path / "new", None))
    assert list((tmp_path / "new").iterdir()) == []


def test_a_backup_of_a_later_version_is_refused(store: Store, tmp_path: Path) -> None:
    with store.write() as transaction:
        transaction.connection.execute(update(tables.settings).values(value="99"))
    with pytest.raises(WorkspaceError, match="version 99"):
        restore(back_up(store, tmp_path / "monday.db").file, database_url(tmp_path, None) + "2")


def test_nothing_is_replaced(store: Store, tmp_path: Path) -> None:
    made = back_up(store, tmp_path / "monday.db")
    with pytest.raises(DataError, match="replaces nothing"):
        back_up(store, made.file)
    with pytest.raises(WorkspaceError, match="nothing is replaced"):
        restore(made.file, database_url(tmp_path, None))


def test_a_backup_and_a_restoration_killed_at_every_crash_point_end_as_undisturbed_ones(
    store: Store, tmp_path: Path, forks: Forks
) -> None:
    store.close()
    kills = 0
    backup, new = tmp_path / "monday.db", tmp_path / "new"
    new.mkdir()
    for request, made in (
        ({"backup": str(backup)}, backup),
        ({"restore": str(backup), "into": str(new)}, new / "annotation.db"),
    ):
        visit = 1
        while (code := forks.run({"folder": str(tmp_path), **request, "fatal_visit": visit})) == -signal.SIGKILL:
            kills += 1
            made.unlink(missing_ok=True)
            visit += 1
        assert code == 0
    assert kills > 4
    assert Store.open(database_url(new, None), clock=Clock()).verify() > 5
    assert [file.name for file in (*new.glob(".*"), *tmp_path.glob(".*"))] == []


def test_from_a_file_to_postgresql_and_back(store: Store, tmp_path: Path, postgres: str) -> None:
    first = back_up(store, tmp_path / "file.db")
    restore(first.file, postgres, clock=Clock())
    server = Store.open(postgres, clock=Clock())
    assert snapshot_identity(server, tmp_path / "a") == snapshot_identity(store, tmp_path / "b")
    with pytest.raises(WorkspaceError, match="not empty"):
        restore(first.file, postgres, clock=Clock())
    second = back_up(server, tmp_path / "server.db")
    (tmp_path / "new").mkdir()
    url = database_url(tmp_path / "new", None)
    restore(second.file, url, clock=Clock())
    again = Store.open(url, clock=Clock())
    assert snapshot_identity(again, tmp_path / "c") == snapshot_identity(store, tmp_path / "d")
    server.close()


def test_an_answer_cut_off_after_it_was_anchored_is_named_and_a_restoration_is_told(
    store: Store, tmp_path: Path
) -> None:
    log = AuditLog(tmp_path / "audit.jsonl")
    with anchored(store, log):
        set_password(store, "ann", PASSWORD, by=SYSTEM)
    assert verify_anchored(store, log).anchors == 2
    with store.write() as transaction:
        transaction.connection.execute(text("DROP TRIGGER events_no_delete"))
        newest = transaction.connection.scalar(select(tables.events.c.number).order_by(tables.events.c.number.desc()))
        transaction.connection.execute(tables.events.delete().where(tables.events.c.number == newest))
    store.verify()
    with pytest.raises(WorkspaceError, match="an older database, or its end was cut off"):
        verify_anchored(store, log)
    log.append("annotation restored", head=store.head(), backup="0")
    found = verify_anchored(store, log)
    assert (found.restored, found.unproved) == (1, 0)


def test_what_came_after_the_last_noted_digest_is_counted_as_unproved(store: Store, tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "audit.jsonl")
    assert verify_anchored(store, log).unproved == store.verify()
    store.anchor(log)
    assert verify_anchored(store, log).unproved == 0
    for person in ("ann", "bob"):
        set_password(store, person, PASSWORD, by=SYSTEM)
    assert verify_anchored(store, log).unproved == 2


def test_a_database_that_never_held_what_was_noted_is_named_as_another(store: Store, tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "audit.jsonl")
    log.append("annotation anchored", head="1" * 64)
    store.anchor(log)
    with pytest.raises(WorkspaceError, match="changed, or it is another database"):
        verify_anchored(store, log)
