"""What a manager's pages keep as it was, and what they do not give away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.unit.app.office_of_two_sites import app_of, open_office, signed_in

from acclimate.annotation.formats.leaving import export_annotations
from acclimate.annotation.people import SYSTEM, Person, Role, person_named, save_person
from acclimate.annotation.tasks import NewItem, Overlap, add_items
from acclimate.app.web import Office

TEXTS = {"adapted": "Rest for days.", "base": "Call a doctor."}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = open_office(tmp_path)
    yield office
    office.store.close()


def test_a_person_who_is_changed_in_the_browser_keeps_their_quota(office: Office) -> None:
    save_person(office.store, Person("ann", (Role.ANNOTATOR,), ("south",), quota=7), by=SYSTEM)
    client, token = signed_in(office, app_of(office), "olga")
    fields = {"form_token": token, "name": "ann", "roles": "annotator", "sites": "south", "skills": "burns"}
    assert client.post("/people", data=fields).status_code == 200
    with office.store.read() as connection:
        changed = person_named(connection, "ann")
    assert (changed.skills, changed.quota) == (("burns",), 7)


def add_pairs(office: Office) -> list[NewItem]:
    items = [NewItem({"id": f"s{n}", "text": "A sprain.", "site": "south"}, candidates=TEXTS) for n in range(12)]
    add_items(office.store, "urgency", items, overlap=Overlap(), by="mara")
    return items


def test_output_a_of_an_item_is_not_always_the_same_arm(office: Office) -> None:
    items = add_pairs(office)
    client, token = signed_in(office, app_of(office), "mia")
    asked = ({"form_token": token, "item": item.id} for item in items)
    pages = [client.post("/tasks/urgency/item", data=fields).text for fields in asked]
    assert {page.index(TEXTS["adapted"]) < page.index(TEXTS["base"]) for page in pages} == {True, False}


def test_nor_is_the_first_output_of_an_exported_item(office: Office, tmp_path: Path) -> None:
    add_pairs(office)
    export_annotations(office.store, "urgency", "hf", tmp_path / "out", by="mara")
    [file] = (tmp_path / "out").rglob("*.parquet")
    rows = [row for row in pq.read_table(file).to_pylist() if row["id"].startswith("s")]
    assert {row["candidates"][0]["text"] for row in rows} == set(TEXTS.values())


def pages_of(office: Office, name: str) -> str:
    client, _ = signed_in(office, app_of(office), name)
    answers = [client.get(f"/tasks/urgency/agreement{part}") for part in ("", "/parts")]
    assert [answer.status_code for answer in answers] == [200, 200]
    return "".join(answer.text for answer in answers)


def test_agreement_is_shown_and_what_readers_differ_on_is_named_without_their_labels(office: Office) -> None:
    shown = pages_of(office, "mara")
    assert "krippendorff alpha nominal" in shown and "gwet ac1" in shown
    assert 'value="n2"' in shown and "the readings leave the answer open" in shown
    assert "nora" not in shown and "high" not in shown


def test_agreement_tells_nothing_of_another_site(office: Office) -> None:
    shown = pages_of(office, "mia")
    assert 'value="n2"' not in shown and "No item of 0 has two readings" in shown
