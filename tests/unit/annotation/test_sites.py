"""Roles that are limited to sites: whatever is asked of the store, records of other sites do not come."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.unit.annotation.project_of_four import TASK, Clock, answer, read_all, urgency_schema

from acclimate.annotation.export import export_snapshot, label_readings
from acclimate.annotation.formats.leaving import export_annotations
from acclimate.annotation.people import SYSTEM, Person, RefusedError, Role, remove_person, save_person
from acclimate.annotation.queue import next_item
from acclimate.annotation.relabelling import rename_label, set_gold
from acclimate.annotation.review import Progress, answers_to, next_dispute, progress, reader_records
from acclimate.annotation.store import Store, database_url
from acclimate.annotation.tasks import NewItem, Overlap, add_items, create_task, set_priority, start_round
from acclimate.project.manifests import Manifest

SOUTH = ("south",)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """One record of the south, two of the north that its readers differ on, and one of no site."""
    store = Store.open(database_url(tmp_path, None), clock=Clock())
    save_person(store, Person("olga", (Role.OWNER, Role.MANAGER)), by=SYSTEM)
    for name, site in (("nora", "north"), ("nils", "north"), ("sam", "south")):
        save_person(store, Person(name, (Role.ANNOTATOR,), sites=(site,)), by="olga")
    save_person(store, Person("mia", (Role.MANAGER,), sites=SOUTH), by="olga")
    save_person(store, Person("rae", (Role.REVIEWER,), sites=SOUTH), by="olga")
    create_task(store, TASK, urgency_schema(), by="olga")
    places = {"n1": "north", "n2": "north", "s1": "south", "u1": None}
    notes = [NewItem({"id": name, "text": f"note {name}", "site": site}) for name, site in places.items()]
    add_items(store, TASK, notes, overlap=Overlap(readings=2), by="olga")
    labels = dict.fromkeys(places, "low")
    read_all(store, {"nora": labels, "nils": {**labels, "n1": "high", "n2": "high"}, "sam": labels})
    return store


def test_figures_count_what_is_of_one_s_sites(store: Store) -> None:
    assert progress(store, TASK, by="olga") == Progress(0, 1, 1, 2, 0, 0)
    assert progress(store, TASK, by="mia") == Progress(0, 1, 1, 0, 0, 0)
    assert {reader.person: reader.readings for reader in reader_records(store, TASK, by="mia")} == {
        "nils": 1,
        "nora": 1,
        "sam": 1,
    }
    assert len(label_readings(store, TASK, "urgency", by="olga").items) == 4
    assert list(label_readings(store, TASK, "urgency", by="mia").items) == ["s1", "u1"]


def test_a_dispute_of_another_site_is_not_handed_out_and_its_answers_are_not_shown(store: Store) -> None:
    assert next_dispute(store, TASK, "rae") is None
    with pytest.raises(RefusedError, match="another site"):
        answers_to(store, TASK, "n1", "mia")
    assert len(answers_to(store, TASK, "n1", "olga")) == 2


def test_exports_hold_what_is_of_one_s_sites_and_say_so(store: Store, tmp_path: Path) -> None:
    snapshot = export_snapshot(store, TASK, tmp_path / "out", by="mia")
    rows = [row for file in snapshot.folder.glob("*.parquet") for row in pq.read_table(file).to_pylist()]
    assert {row["text"] for row in rows} == {"note s1", "note u1"}
    manifest = Manifest.read(snapshot.folder)
    assert (manifest.zone, manifest.config) == ("restricted", {"task": TASK, "sites": ["south"]})
    assert Manifest.read(export_snapshot(store, TASK, tmp_path / "out", by="olga").folder).config == {"task": TASK}
    assert export_annotations(store, TASK, "hf", tmp_path / "hf", by="mia").items == 2


def test_what_is_held_when_a_site_is_taken_away_is_neither_shown_nor_answered(store: Store) -> None:
    save_person(store, Person("new", (Role.ANNOTATOR,), sites=SOUTH), by="olga")
    held = next_item(store, TASK, "new")
    assert held is not None and held.item == "s1"
    save_person(store, Person("new", (Role.ANNOTATOR,), sites=("west",)), by="olga")
    assert next_item(store, TASK, "new") is None
    with pytest.raises(RefusedError, match="another site"):
        answer(store, "new", "s1", "low")


CHANGES: dict[str, Callable[[Store], object]] = {
    "records of another site": lambda store: bring(store, "north"),
    "records without a site": lambda store: bring(store, None),
    "labels of all sites": lambda store: rename_label(store, TASK, "urgency", old="low", new="calm", by="mia"),
    "gold of another site": lambda store: set_gold(store, TASK, "n1", None, by="mia"),
    "priorities": lambda store: set_priority(store, TASK, {"n1": 1}, by="mia"),
    "rounds": lambda store: start_round(store, TASK, "pilot", by="mia"),
}


def bring(store: Store, site: str | None) -> int:
    note = NewItem({"id": "x", "text": "note", "site": site})
    return add_items(store, TASK, [note], overlap=Overlap(), by="mia")


@pytest.mark.parametrize("what", CHANGES)
def test_a_manager_of_one_site_changes_nothing_of_others(store: Store, what: str) -> None:
    with pytest.raises(RefusedError):
        CHANGES[what](store)
    assert bring(store, "south") == 1


GIVEN = [
    ("mia", Person("x", (Role.ANNOTATOR,), sites=SOUTH), True),
    ("mia", Person("x", (Role.ANNOTATOR,)), True),
    ("mia", Person("x", (Role.ANNOTATOR,), sites=("north", "south")), False),
    ("mia", Person("x", (Role.ANNOTATOR,), sites=("*",)), False),
    ("mia", Person("x", (Role.AUDITOR,), sites=SOUTH), False),
    ("mia", Person("mia", (Role.MANAGER, Role.APPROVER), sites=SOUTH), False),
    ("mia", Person("mia", (Role.MANAGER,)), False),
    ("mia", Person("nora", (Role.ANNOTATOR,), sites=SOUTH), False),
    ("olga", Person("x", (Role.APPROVER,)), True),
    ("olga", Person("olga", (Role.MANAGER,)), False),
    ("sam", Person("x", (Role.ANNOTATOR,), sites=SOUTH), False),
]


@pytest.mark.parametrize(("by", "person", "allowed"), GIVEN)
def test_who_gives_which_role_at_which_site(store: Store, by: str, person: Person, allowed: bool) -> None:
    before = store.head()
    if allowed:
        save_person(store, person, by=by)
    else:
        with pytest.raises(RefusedError):
            save_person(store, person, by=by)
        assert store.head() == before


def test_the_last_owner_cannot_be_removed_and_one_of_two_can(store: Store) -> None:
    with pytest.raises(RefusedError, match="only owner"):
        remove_person(store, "olga", by="olga")
    save_person(store, Person("omar", (Role.OWNER,)), by="olga")
    remove_person(store, "olga", by="omar")


def test_a_validator_is_given_outputs_to_judge_and_nothing_else(store: Store) -> None:
    save_person(store, Person("val", (Role.VALIDATOR,), sites=("*",)), by="olga")
    assert next_item(store, TASK, "val") is None
    outputs = NewItem({"id": "o1", "text": "note", "site": "north"}, candidates={"base": "Wait.", "tuned": "Go."})
    add_items(store, TASK, [outputs], overlap=Overlap(), by="olga")
    held = next_item(store, TASK, "val")
    assert held is not None and held.item == "o1"
    assert answer(store, "val", "o1", "low").number
