"""Items given ahead, so that a page can go on while the server is away."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.annotation.project_of_four import TASK, Clock, answer, notes, open_store, start_task

from acclimate.annotation.answering import Submission, submit, undo
from acclimate.annotation.people import Person, RefusedError, Role, save_person
from acclimate.annotation.queue import next_item, next_items
from acclimate.annotation.relabelling import revise_guideline
from acclimate.annotation.store import Store
from acclimate.annotation.tasks import NewItem, TaskSettings


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def ids(store: Store, person: str, at_most: int) -> list[str]:
    return [lease.item for lease in next_items(store, TASK, person, at_most=at_most)]


def test_a_page_holds_the_next_items_in_their_order_and_gets_the_same_when_it_asks_again(store: Store) -> None:
    start_task(store, notes(30), readings=1)
    assert ids(store, "ann", 4) == ids(store, "ann", 4) == ["n0", "n1", "n2", "n3"]
    assert ids(store, "bob", 4) == ["n4", "n5", "n6", "n7"]
    answer(store, "ann", "n0", "low")
    assert ids(store, "ann", 4) == ["n1", "n2", "n3", "n8"]


@pytest.mark.parametrize(("items", "held"), [(100, 20), (50, 10), (4, 1), (1, 1)])
def test_nobody_holds_more_than_a_fifth_of_what_is_left(store: Store, items: int, held: int) -> None:
    start_task(store, notes(items), readings=1)
    assert len(ids(store, "ann", 20)) == held


def test_a_quota_counts_what_is_held(store: Store) -> None:
    save_person(store, Person("ann", (Role.ANNOTATOR,), quota=2), by="mia")
    start_task(store, notes(30), readings=1)
    assert len(ids(store, "ann", 5)) == 2


def test_gold_items_come_ahead_as_often_as_one_by_one(store: Store) -> None:
    gold = [NewItem({"id": f"g{n}", "text": "gold"}, gold={"urgency": "high"}) for n in range(10)]
    start_task(store, [*gold, *notes(200)], readings=1, settings=TaskSettings(gold_every=5))
    assert sum(item.startswith("g") for item in ids(store, "ann", 20)) == 4


def test_an_item_taken_back_comes_before_those_held_ahead(store: Store) -> None:
    start_task(store, notes(30), readings=1)
    next_items(store, TASK, "ann", at_most=4)
    numbers = [answer(store, "ann", item, "low").number for item in ("n0", "n1")]
    for number in reversed(numbers):
        undo(store, TASK, "ann", number)
    assert ids(store, "ann", 4) == ["n0", "n1", "n2", "n3"]
    held = next_item(store, TASK, "ann")
    assert held is not None and held.before == {"urgency": "low"}


def test_an_answer_given_beside_an_older_guideline_is_refused_where_its_label_changed(store: Store) -> None:
    start_task(store, notes(30), readings=1)
    next_items(store, TASK, "ann", at_most=4)
    revise_guideline(store, TASK, "High is new.", changes_meaning_of={"urgency": ["high"]}, by="mia")
    next_items(store, TASK, "ann", at_most=4)
    with pytest.raises(RefusedError, match="another meaning"):
        submit(store, Submission(TASK, "n0", "ann", "a", {"urgency": "high"}, guideline_version=1))
    submit(store, Submission(TASK, "n1", "ann", "b", {"urgency": "low"}, guideline_version=1))
    submit(store, Submission(TASK, "n0", "ann", "c", {"urgency": "high"}, guideline_version=2))


def test_what_is_held_ahead_stays_with_whoever_still_reads(tmp_path: Path) -> None:
    clock = Clock()
    store = open_store(tmp_path, clock)
    start_task(store, notes(30), readings=1)
    for _ in range(3):
        assert ids(store, "ann", 4) == ["n0", "n1", "n2", "n3"]
        clock.forward(minutes=20)
    clock.forward(minutes=20)
    assert ids(store, "bob", 1) == ["n0"]
