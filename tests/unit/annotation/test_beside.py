"""Records of one subject beside an item: in their order, within one's sites, each opening an event."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.annotation.project_of_four import TASK, Clock, answer, notes, open_store, start_task

from acclimate.annotation.batches import start_batch
from acclimate.annotation.beside import open_beside
from acclimate.annotation.checks import next_check
from acclimate.annotation.companions import MOST
from acclimate.annotation.people import Person, RefusedError, Role, save_person
from acclimate.annotation.queue import next_item
from acclimate.annotation.review import next_dispute
from acclimate.annotation.store import Store
from acclimate.annotation.tasks import NewItem, TaskSettings, change_settings
from acclimate.core.errors import DataError

BESIDE = TaskSettings(beside=True)


def visit(number: int, **more: str) -> NewItem:
    record = {"id": f"n{number}", "text": f"visit {number}", "subject_id": "p1", **more}
    return NewItem(record, candidates={"base": "x"} if more.get("site") == "south" else {})


VISITS = [
    visit(0, collected_at="2024-03-01T00:00:00+00:00"),
    visit(1, collected_at="2024-01-05T00:00:00+00:00"),
    visit(2, site="north"),
    visit(3, site="south"),
    NewItem({"id": "other", "text": "somebody else", "subject_id": "p2"}),
]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = open_store(tmp_path, Clock())
    start_task(store, VISITS, settings=BESIDE)
    save_person(store, Person("nora", (Role.ANNOTATOR,), sites=("north",)), by="acclimate")
    return store


def named(store: Store, person: str) -> list[tuple[int, str, str, bool]]:
    lease = next_item(store, TASK, person)
    assert lease is not None
    return [(one.place, one.id, one.date, one.is_the_item) for one in lease.beside]


def test_they_are_named_in_the_order_of_their_dates_and_those_of_other_sites_are_not(store: Store) -> None:
    assert named(store, "ann") == [(1, "n1", "2024-01-05", False), (2, "n0", "2024-03-01", True)]
    places = [("n2", ""), ("n1", "2024-01-05"), ("n0", "2024-03-01")]
    assert [(item, date) for _, item, date, _ in named(store, "nora")] == places


def test_opening_one_gives_its_record_and_is_an_event_without_its_text_or_id(store: Store) -> None:
    next_item(store, TASK, "ann")
    assert open_beside(store, TASK, "n0", "n1", "ann")["text"] == "visit 1"
    last = list(store.events())[-1]
    assert (last["action"], last["who"]) == ("opened beside", "ann")
    assert "n1" not in str(last["details"]) and "visit" not in str(last["details"])


@pytest.mark.parametrize("other", ["n2", "n3", "other", "nowhere"])
def test_what_is_of_another_site_or_subject_is_as_if_it_were_not_there(store: Store, other: str) -> None:
    next_item(store, TASK, "ann")
    head = store.head()
    with pytest.raises(DataError, match="No record"):
        open_beside(store, TASK, "n0", other, "ann")
    assert store.head() == head


def test_only_who_holds_the_item_opens_and_only_while_the_task_says_so(store: Store) -> None:
    with pytest.raises(RefusedError, match="not with ann"):
        open_beside(store, TASK, "n0", "n1", "ann")
    with pytest.raises(RefusedError, match="role"):
        open_beside(store, TASK, "n0", "n1", "mia")
    next_item(store, TASK, "ann")
    change_settings(store, TASK, TaskSettings(), by="mia")
    assert named(store, "ann") == []
    with pytest.raises(RefusedError, match="opens no records"):
        open_beside(store, TASK, "n0", "n1", "ann")


def test_a_lease_that_ran_out_opens_nothing(tmp_path: Path) -> None:
    clock = Clock()
    store = open_store(tmp_path, clock)
    start_task(store, VISITS, settings=BESIDE)
    next_item(store, TASK, "ann")
    clock.forward(minutes=31)
    with pytest.raises(RefusedError, match="not with ann"):
        open_beside(store, TASK, "n0", "n1", "ann")


def test_who_decides_and_who_checks_opens_them_too(store: Store) -> None:
    for person, label in (("ann", "low"), ("bob", "high")):
        next_item(store, TASK, person)
        answer(store, person, "n0", label)
    dispute = next_dispute(store, TASK, "rae")
    assert dispute is not None and [one.id for one in dispute.lease.beside] == ["n1", "n0"]
    assert open_beside(store, TASK, "n0", "n1", "rae")["text"] == "visit 1"
    save_person(store, Person("rob", (Role.REVIEWER,)), by="mia")
    with pytest.raises(RefusedError):
        open_beside(store, TASK, "n0", "n1", "rob")
    start_batch(store, TASK, reader="ann", rates=None, by="mia")
    check = next_check(store, TASK, "rob")
    assert check is not None and [one.id for one in check.lease.beside] == ["n1", "n0"]
    assert open_beside(store, TASK, "n0", "n1", "rob")["text"] == "visit 1"


def test_a_validator_opens_records_with_outputs_to_judge_alone(store: Store) -> None:
    save_person(store, Person("val", (Role.VALIDATOR,), sites=("south",)), by="mia")
    assert named(store, "val") == []
    with pytest.raises(DataError, match="No record"):
        open_beside(store, TASK, "n3", "n1", "val")


def test_of_very_many_the_nearest_are_named(tmp_path: Path) -> None:
    store = open_store(tmp_path, Clock())
    start_task(store, [visit(number) for number in range(MOST + 30)], settings=BESIDE)
    places = [place for place, *_ in named(store, "ann")]
    assert places == list(range(1, MOST + 1))


def test_an_item_without_a_subject_has_nothing_beside_it(tmp_path: Path) -> None:
    store = open_store(tmp_path, Clock())
    start_task(store, notes(3), settings=BESIDE)
    assert named(store, "ann") == []
    with pytest.raises(DataError, match="No record"):
        open_beside(store, TASK, "n0", "n1", "ann")
