"""New readers answer gold items first, which nothing counts, until enough of them were right."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.annotation.older_databases import drop_training, say_version
from tests.unit.annotation.project_of_four import TASK, Clock, answer, notes, open_store, start_task

from acclimate.annotation.answering import undo
from acclimate.annotation.assignments import SkipReason
from acclimate.annotation.export import export_snapshot
from acclimate.annotation.people import RefusedError
from acclimate.annotation.queue import next_item, next_items, skip
from acclimate.annotation.review import progress, reader_records
from acclimate.annotation.schema import LabelSchema, Text
from acclimate.annotation.store import Store
from acclimate.annotation.task_settings import TaskSettings
from acclimate.annotation.tasks import NewItem, change_settings, create_task, settings_of
from acclimate.annotation.training import Training, trainings
from acclimate.core.errors import ConfigError

TRAINED = TaskSettings(training=2, training_percent=100)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return trained_store(tmp_path, Clock())


def trained_store(tmp_path: Path, clock: Clock) -> Store:
    store = open_store(tmp_path, clock)
    gold = [NewItem({"id": f"g{n}", "text": "gold"}, gold={"urgency": "high"}) for n in range(4)]
    start_task(store, [*notes(2), *gold], readings=1)
    change_settings(store, TASK, TRAINED, by="mia")
    return store


def train(store: Store, person: str, *labels: str) -> None:
    for label in labels:
        (lease,) = next_items(store, TASK, person, at_most=25)
        assert lease.purpose == "training"
        told = answer(store, person, lease.item, label).feedback
        assert told is not None and told.right is (label == "high")


def test_real_items_come_once_enough_of_the_last_gold_items_were_right(store: Store) -> None:
    train(store, "ann", "high", "low", "high", "high")
    lease = next_item(store, TASK, "ann")
    assert lease is not None and (lease.item, lease.purpose) == ("n0", "reading")
    assert trainings(store, TASK, by="mia") == [Training("ann", 4, 2, 2, passed=True)]


def test_who_does_not_pass_gets_nothing_more_when_the_gold_items_are_read(store: Store) -> None:
    train(store, "ann", "high", "low", "low", "high")
    assert next_item(store, TASK, "ann") is None
    assert trainings(store, TASK, by="mia") == [Training("ann", 4, 1, 2, passed=False)]


def skip_next(store: Store, clock: Clock, reason: SkipReason) -> None:
    clock.forward(minutes=1)
    (lease,) = next_items(store, TASK, "ann", at_most=25)
    skip(store, TASK, lease.item, "ann", reason=reason)


def test_a_skipped_gold_item_is_not_right(tmp_path: Path) -> None:
    store = trained_store(tmp_path, clock := Clock())
    train(store, "ann", "high")
    skip_next(store, clock, SkipReason.UNCLEAR)
    clock.forward(minutes=1)
    train(store, "ann", "high")
    assert trainings(store, TASK, by="mia") == [Training("ann", 3, 1, 2, passed=False)]
    skip_next(store, clock, SkipReason.UNREADABLE)
    assert next_item(store, TASK, "ann") is None


def test_a_gold_item_about_somebody_known_is_excused(tmp_path: Path) -> None:
    store = trained_store(tmp_path, clock := Clock())
    train(store, "ann", "high")
    skip_next(store, clock, SkipReason.KNOWS_THE_PERSON)
    train(store, "ann", "high")
    assert trainings(store, TASK, by="mia") == [Training("ann", 2, 2, 2, passed=True)]


def test_nothing_counts_what_is_answered_in_training(store: Store, tmp_path: Path) -> None:
    train(store, "ann", "high", "high")
    assert reader_records(store, TASK, by="mia") == []
    assert progress(store, TASK, by="mia").waiting == 2
    answer(store, "ann", next_item(store, TASK, "ann").item, "low")  # type: ignore[union-attr]
    (record,) = reader_records(store, TASK, by="mia")
    assert (record.readings, record.gold_read) == (1, 0)
    assert export_snapshot(store, TASK, tmp_path / "out", by="mia").counts.kept == 1
    assert store.verify() > 0


def test_an_answer_in_training_is_not_taken_back_once_the_right_one_was_told(store: Store) -> None:
    (lease,) = next_items(store, TASK, "ann", at_most=25)
    with pytest.raises(RefusedError, match="has seen other answers"):
        undo(store, TASK, "ann", answer(store, "ann", lease.item, "low").number)


def test_who_read_before_the_training_was_set_reads_on(store: Store) -> None:
    change_settings(store, TASK, TaskSettings(), by="mia")
    answer(store, "bob", next_item(store, TASK, "bob").item, "low")  # type: ignore[union-attr]
    change_settings(store, TASK, TRAINED, by="mia")
    lease = next_item(store, TASK, "bob")
    assert lease is not None and lease.purpose == "reading"


def test_a_training_that_nobody_could_pass_is_refused(store: Store) -> None:
    with pytest.raises(ConfigError, match="training of 5 gold items, and the task has 4"):
        change_settings(store, TASK, TaskSettings(training=5), by="mia")
    with pytest.raises(ConfigError, match="101 %"):
        change_settings(store, TASK, TaskSettings(training=1, training_percent=101), by="mia")
    create_task(store, "words", LabelSchema(questions=(Text(name="text"),)), by="mia")
    with pytest.raises(ConfigError, match="right or wrong"):
        change_settings(store, "words", TaskSettings(training=1), by="mia")


def test_a_database_of_the_seventh_version_trains_nobody(store: Store, tmp_path: Path) -> None:
    with store.write() as transaction:
        drop_training(transaction.connection)
        say_version(transaction.connection, 7)
    store.close()
    opened = open_store(tmp_path)
    with opened.read() as connection:
        assert settings_of(connection, TASK) == TaskSettings()
