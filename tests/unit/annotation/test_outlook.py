"""How long a task still takes, who reads well, which items there are, and how they are handed out."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.annotation.project_of_four import (
    TASK,
    Clock,
    answer,
    notes,
    open_store,
    read_all,
    start_task,
)

from acclimate.annotation.answering import undo
from acclimate.annotation.batches import start_batch
from acclimate.annotation.checks import accept, next_check
from acclimate.annotation.distribution import set_readings
from acclimate.annotation.outlook import Outlook, find_items, outlook
from acclimate.annotation.people import SYSTEM, Person, RefusedError, Role, save_person
from acclimate.annotation.queue import next_item
from acclimate.annotation.review import progress, reader_records
from acclimate.annotation.store import Store
from acclimate.annotation.tasks import NewItem, Overlap, TaskSettings, change_settings
from acclimate.core.errors import ConfigError, DataError


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Store:
    return open_store(tmp_path, clock)


def read_some(store: Store, person: str, count: int) -> None:
    for _ in range(count):
        lease = next_item(store, TASK, person)
        assert lease is not None
        answer(store, person, lease.item, "low", seconds=90)


def test_what_is_left_takes_the_median_seconds_and_the_pace_of_days_with_work(store: Store, clock: Clock) -> None:
    start_task(store, notes(10), readings=2)
    read_some(store, "ann", 2)
    clock.forward(minutes=3 * 24 * 60)
    read_some(store, "ann", 6)
    assert outlook(store, TASK, by="mia") == Outlook(readings_left=12, seconds_each=90.0, a_day=4.0)
    assert outlook(store, TASK, by="mia").days_left == 3.0
    assert outlook(store, TASK, by="mia").cost(40) == 12 * 90 / 3600 * 40


def test_an_unread_task_has_no_pace(store: Store) -> None:
    start_task(store, notes(2), readings=2)
    assert outlook(store, TASK, by="mia") == Outlook(4, 0.0, 0.0)
    assert outlook(store, TASK, by="mia").days_left is None


def test_readers_are_measured_on_what_was_settled_and_on_what_was_checked(store: Store) -> None:
    start_task(store, notes(2), readings=3)
    agreed, outvoted = {"n0": "low", "n1": "high"}, {"n0": "low", "n1": "low"}
    read_all(store, {"ann": agreed, "bob": agreed, "cem": outvoted})
    start_batch(store, TASK, reader="ann", rates=None, by="mia")
    check = next_check(store, TASK, "rae")
    assert check is not None
    accept(store, TASK, check.answer, "rae")
    found = {one.person: (one.settled_right, one.settled) for one in reader_records(store, TASK, by="mia")}
    assert found == {"ann": (2, 2), "bob": (2, 2), "cem": (1, 2)}
    (ann, *_) = reader_records(store, TASK, by="mia")
    assert (ann.checked, ann.checked_right) == (1, 1)


def test_items_are_found_by_words_in_any_script_and_by_state(store: Store) -> None:
    items = [NewItem({"id": "a%1", "text": "Été 100% sûr"}), NewItem({"id": "b", "text": 'He said "no"'}), *notes(3)]
    start_task(store, items, readings=1)
    read_some(store, "ann", 1)

    def found(words: str, state: str = "any") -> list[str]:
        return [item.id for item in find_items(store, TASK, words=words, state=state, by="mia")[1]]

    assert found("sûr") == found("100%") == found("a%1") == ["a%1"]
    assert found('SAID "NO"') == ["b"]
    assert found("", "agreed") == ["a%1"]
    assert found("note", "open") == ["n0", "n1", "n2"]
    assert found("100_") == []
    with pytest.raises(DataError, match="no state"):
        found("", "lost")


def test_items_of_other_sites_are_not_found(store: Store) -> None:
    start_task(store, [NewItem({"id": "n", "text": "secret", "site": "north"})])
    save_person(store, Person("max", (Role.MANAGER,), sites=("south",)), by=SYSTEM)
    assert find_items(store, TASK, words="secret", state="any", by="max") == (0, [])
    with pytest.raises(RefusedError):
        find_items(store, TASK, words="", state="any", by="ann")


def test_more_readings_open_items_again_and_fewer_end_them(store: Store) -> None:
    start_task(store, notes(2), readings=1)
    read_some(store, "ann", 1)
    assert set_readings(store, TASK, Overlap(readings=2), by="mia") == 2
    assert progress(store, TASK, by="mia").agreed == 0
    lease = next_item(store, TASK, "bob")
    assert lease is not None and lease.item == "n0"
    assert set_readings(store, TASK, Overlap(readings=1), by="mia") == 2
    assert progress(store, TASK, by="mia").agreed == 1


def test_a_reader_is_told_what_a_gold_item_expected_and_cannot_take_that_answer_back(store: Store) -> None:
    gold = [NewItem({"id": f"g{n}", "text": "gold"}, gold={"urgency": "high"}) for n in range(2)]
    start_task(store, [*gold, *notes(4)])
    save_person(store, Person("ann", (Role.ANNOTATOR,)), by="mia")
    change_settings(store, TASK, TaskSettings(gold_every=2, gold_feedback=True), by="mia")
    while (lease := next_item(store, TASK, "ann")) is not None and not lease.item.startswith("g"):
        assert answer(store, "ann", lease.item, "low").feedback is None
    assert lease is not None
    receipt = answer(store, "ann", lease.item, "low")
    assert receipt.feedback is not None
    assert (receipt.feedback.right, receipt.feedback.answer) == (False, {"urgency": "high"})
    assert answer(store, "ann", lease.item, "low").feedback == receipt.feedback
    with pytest.raises(RefusedError, match="has seen"):
        undo(store, TASK, "ann", receipt.number)


def test_settings_that_hand_out_nothing_but_gold_are_refused(store: Store) -> None:
    start_task(store, notes(1))
    with pytest.raises(ConfigError, match="gold item in 1"):
        change_settings(store, TASK, TaskSettings(gold_every=1), by="mia")
