from __future__ import annotations

import stat
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select, text, update
from sqlalchemy.exc import IntegrityError
from tests.unit.annotation.project_of_four import TASK, drop_active_order, notes, open_store, read_all, start_task

from acclimate.annotation import tables
from acclimate.annotation.batches import start_batch
from acclimate.annotation.people import (
    SYSTEM,
    Person,
    RefusedError,
    Role,
    password_is_right,
    person_named,
    remove_person,
    require_role,
    save_person,
    set_password,
)
from acclimate.annotation.store import STORE_VERSION, Store, database_url, migrate
from acclimate.annotation.tasks import TaskSettings, settings_of
from acclimate.core.errors import DataError, WorkspaceError
from acclimate.project.audit import AuditLog


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = open_store(tmp_path)
    start_task(store, notes(2))
    read_all(store, {"ann": {"n0": "low", "n1": "low"}})
    return store


def test_the_chain_and_the_answers_hold(store: Store) -> None:
    assert store.verify() == len(list(store.events())) > 5


def test_events_can_neither_be_changed_nor_removed(store: Store) -> None:
    for change in ("UPDATE events SET who = 'bob'", "DELETE FROM events"):
        with pytest.raises(IntegrityError, match="only ever added"), store.write() as transaction:
            transaction.connection.execute(text(change))


def test_an_event_changed_behind_the_triggers_is_named(store: Store) -> None:
    with store.write() as transaction:
        transaction.connection.execute(text("DROP TRIGGER events_no_update"))
        transaction.connection.execute(update(tables.events).where(tables.events.c.number == 3).values(who="bob"))
    with pytest.raises(WorkspaceError, match="event 3"):
        store.verify()


def test_an_answer_changed_in_its_table_is_named(store: Store) -> None:
    with store.write() as transaction:
        number = transaction.connection.scalar(select(tables.answers.c.number))
        place = tables.answers.c.number == number
        transaction.connection.execute(update(tables.answers).where(place).values(content={"urgency": "high"}))
    with pytest.raises(WorkspaceError, match=f"answer {number}"):
        store.verify()


def test_a_digest_noted_in_the_audit_log_shows_that_events_were_cut_off(store: Store, tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "audit.jsonl")
    noted = store.anchor(log)
    assert [event["head"] for event in log.events()] == [noted]
    store.check_holds(noted)
    with store.write() as transaction:
        transaction.connection.execute(text("DROP TRIGGER events_no_delete"))
        newest = transaction.connection.scalar(select(tables.events.c.number).order_by(tables.events.c.number.desc()))
        transaction.connection.execute(text("DELETE FROM answers"))
        transaction.connection.execute(tables.events.delete().where(tables.events.c.number == newest))
    with pytest.raises(WorkspaceError, match=noted[:16]):
        store.check_holds(noted)


def test_events_hold_no_text_of_records_or_answers(store: Store) -> None:
    said = str(list(store.events()))
    assert "note 1" not in said
    assert "Urgent is today" not in said


def test_the_database_is_durable_and_private(store: Store, tmp_path: Path) -> None:
    with store.read() as connection:
        found = {
            name: connection.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    assert stat.S_IMODE((tmp_path / "annotation.db").stat().st_mode) == 0o600


def test_a_change_that_fails_leaves_nothing(store: Store) -> None:
    before = store.head()
    with pytest.raises(ZeroDivisionError), store.write() as transaction:
        transaction.append("mia", "began")
        _ = 1 / 0
    assert store.head() == before


def test_an_older_database_is_brought_up_to_date_a_version_at_a_time(store: Store) -> None:
    steps: list[int] = []
    now = STORE_VERSION
    with store.write() as transaction:
        transaction.connection.execute(update(tables.settings).values(value=str(now)))
        migrations = {now: lambda _: steps.append(1), now + 1: lambda _: steps.append(2)}
        assert migrate(transaction.connection, migrations, target=now + 2) == [now + 1, now + 2]
    assert steps == [1, 2]


def test_a_database_before_owners_makes_its_managers_owners_and_says_so(store: Store, tmp_path: Path) -> None:
    with store.write() as transaction:
        transaction.connection.execute(update(tables.settings).values(value="1"))
        for table in (tables.second_factors, tables.sessions):
            table.drop(transaction.connection)
        drop_checking(transaction.connection)
    again = Store.open(database_url(tmp_path, None))
    with again.read() as connection:
        assert person_named(connection, "mia").roles == (Role.OWNER, Role.MANAGER)
        assert person_named(connection, "ann").roles == (Role.ANNOTATOR,)
        assert connection.execute(select(tables.second_factors)).all() == []
    assert [event["action"] for event in again.events()][-1] == "database brought up to date"
    again.verify()


def drop_checking(connection: Connection) -> None:
    """Takes away what the third version brought, and later ones."""
    drop_active_order(connection)
    for table in (tables.checks, tables.batches, tables.remarks):
        table.drop(connection)
    for column in ("gold_feedback", "quick"):
        connection.exec_driver_sql(f"ALTER TABLE tasks DROP COLUMN {column}")


def test_a_database_of_the_second_version_gets_batches_remarks_and_the_new_settings(
    store: Store, tmp_path: Path
) -> None:
    with store.write() as transaction:
        drop_checking(transaction.connection)
        transaction.connection.execute(
            update(tables.settings).where(tables.settings.c.name == "version").values(value="2")
        )
    store.close()
    opened = open_store(tmp_path)
    with opened.read() as connection:
        assert settings_of(connection, TASK) == TaskSettings()
    assert start_batch(opened, TASK, reader=None, rates=None, by="mia").size == 2
    assert opened.verify() > 0


def test_a_newer_database_is_refused(store: Store, tmp_path: Path) -> None:
    with store.write() as transaction:
        transaction.connection.execute(update(tables.settings).values(value="9"))
    with pytest.raises(WorkspaceError, match="version 9"):
        open_store(tmp_path)


def test_a_password_is_checked_and_kept_as_a_hash(store: Store) -> None:
    set_password(store, "ann", "correct horse battery", by="ann")
    assert password_is_right(store, "ann", "correct horse battery")
    assert not password_is_right(store, "ann", "wrong")
    assert not password_is_right(store, "nobody", "correct horse battery")
    assert "horse" not in str(list(store.events()))


def test_a_short_password_is_refused(store: Store) -> None:
    with pytest.raises(DataError, match="5 characters"):
        set_password(store, "ann", "short", by="ann")


def test_only_a_manager_or_oneself_sets_a_password(store: Store) -> None:
    with pytest.raises(RefusedError):
        set_password(store, "ann", "correct horse battery", by="bob")


def test_a_removed_person_has_no_rights_and_keeps_their_answers(store: Store) -> None:
    remove_person(store, "ann", by="mia")
    with store.read() as connection, pytest.raises(RefusedError, match="no active person"):
        require_role(connection, "ann", Role.ANNOTATOR)
    with store.read() as connection:
        assert person_named(connection, "mia").roles == (Role.MANAGER,)
        assert len(connection.execute(select(tables.answers).where(tables.answers.c.task == TASK)).all()) == 2


def test_a_message_of_the_database_holds_no_text_of_a_record(store: Store) -> None:
    with pytest.raises(IntegrityError) as raised, store.write() as transaction:
        transaction.connection.execute(insert(tables.guidelines).values(task="none", version=1, content="Jane Roe"))
    assert "Jane Roe" not in str(raised.value)


@pytest.mark.parametrize("name", ["", " ann", SYSTEM])
def test_a_name_that_could_be_mistaken_is_refused(store: Store, name: str) -> None:
    with pytest.raises(DataError, match="cannot be called"):
        save_person(store, Person(name, ()), by="mia")
