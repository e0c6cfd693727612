from __future__ import annotations

import stat
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import IntegrityError
from tests.unit.annotation.older_databases import drop_checking, drop_salts, drop_suggestions, say_version
from tests.unit.annotation.project_of_four import TASK, notes, open_store, read_all, start_task

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
from acclimate.annotation.schema_history import standing_answers
from acclimate.annotation.store import ANSWERED, STORE_VERSION, Store, database_url, migrate
from acclimate.annotation.suggestions.proposals import Source, Suggested, save_suggestions
from acclimate.annotation.tasks import NewItem, Overlap, TaskSettings, add_items, settings_of
from acclimate.core.atomic import json_digest
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


def test_a_database_of_the_second_version_gets_batches_remarks_and_the_new_settings(
    store: Store, tmp_path: Path
) -> None:
    with store.write() as transaction:
        drop_checking(transaction.connection)
        say_version(transaction.connection, 2)
    store.close()
    opened = open_store(tmp_path)
    with opened.read() as connection:
        assert settings_of(connection, TASK) == TaskSettings()
    assert start_batch(opened, TASK, reader=None, rates=None, by="mia").size == 2
    assert opened.verify() > 0


def test_a_database_of_the_third_version_gets_suggestions_and_shows_nobody_any(store: Store, tmp_path: Path) -> None:
    about = NewItem({"id": "s1", "text": "a visit", "subject_id": "p1"})
    add_items(store, TASK, [about], overlap=Overlap(), by="mia")
    with store.write() as transaction:
        drop_suggestions(transaction.connection)
        say_version(transaction.connection, 3)
    store.close()
    opened = open_store(tmp_path)
    with opened.read() as connection:
        assert settings_of(connection, TASK) == TaskSettings(suggestions="hidden")
        assert [answer.suggestion for answer in standing_answers(connection, TASK)] == [None, None]
        assert set(connection.scalars(select(tables.items.c.subject))) == {"p1", None}
    assert save_suggestions(opened, TASK, Source("m", "1"), [Suggested("n1", {"urgency": "low"})], by="mia").kept == 1
    assert opened.verify() > 0


def test_answers_of_before_salts_verify_beside_new_ones(store: Store, tmp_path: Path) -> None:
    with store.write() as transaction:
        drop_salts(transaction.connection)
        say_version(transaction.connection, 6)
    store.close()
    opened = open_store(tmp_path)
    read_all(opened, {"bob": {"n0": "low", "n1": "high"}})
    with opened.read() as connection:
        salts = connection.scalars(select(tables.answers.c.salt).order_by(tables.answers.c.number)).all()
    assert salts[:2] == [None, None] and len({*salts[2:], None}) == 3
    assert opened.verify() > 0


def test_nobody_can_tell_from_an_event_which_answer_it_is_about(store: Store) -> None:
    said = [event["details"]["answer"] for event in store.events() if event["action"] == ANSWERED]
    assert len(set(said)) == 2
    assert not set(said) & {json_digest({"urgency": label}) for label in ("low", "high")}


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
