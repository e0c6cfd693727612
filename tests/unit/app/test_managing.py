"""What a manager's pages keep as it was, and what they do not give away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sqlalchemy import select
from tests.unit.app.office_of_two_sites import app_of, open_office, signed_in

from acclimate.annotation.formats.leaving import export_annotations
from acclimate.annotation.people import SYSTEM, Person, Role, person_named, save_person
from acclimate.annotation.study.design import Answered
from acclimate.annotation.study.protocol import Protocol
from acclimate.annotation.study.running import look, open_study
from acclimate.annotation.tables import items
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


def test_a_manager_sets_what_a_person_can_and_what_a_task_needs(office: Office) -> None:
    client, token = signed_in(office, app_of(office), "mara")
    person = {
        "form_token": token,
        "name": "ann",
        "roles": "annotator",
        "sites": "south",
        "skills": "burns",
        "quota": "3",
    }
    shown = client.post("/people", data=person).text
    assert "<td>burns</td><td>3</td>" in shown
    add_items(office.store, "urgency", [NewItem({"id": "s0", "text": "A sprain."})], overlap=Overlap(), by="mara")
    assert client.post("/tasks/urgency/skill", data={"form_token": token, "skill": "burns"}).status_code == 303
    brought = {
        "form_token": token,
        "records": "id,text\ns1,A burn.\n",
        "readings": "1",
        "share": "100",
        "priority": "0",
    }
    assert client.post("/tasks/urgency/records", data={**brought, "skill": "burns"}).status_code == 303
    with office.store.read() as connection:
        needed = {row.id: row.skill for row in connection.execute(select(items.c.id, items.c.skill))}
    assert (needed["s0"], needed["s1"]) == ("burns", "burns")
    refused = client.post("/tasks/urgency/skill", data={"form_token": token, "skill": "bruns"})
    assert refused.status_code == 400 and "there are: burns" in refused.text


def test_a_plan_of_examples_may_need_a_skill(office: Office) -> None:
    save_person(office.store, Person("ann", (Role.ANNOTATOR,), ("south",), skills=("burns",)), by=SYSTEM)
    client, token = signed_in(office, app_of(office), "mara")
    plan = {"form_token": token, "plan": "site,group,count\nsouth,over 80,2\n", "skill": "burns"}
    assert client.post("/tasks/urgency/examples", data=plan).status_code == 303
    with office.store.read() as connection:
        needed = connection.scalars(select(items.c.skill).where(items.c.id.startswith("example-"))).all()
    assert needed == ["burns", "burns"]


def test_the_settings_of_a_closed_study_leave_it_closed(office: Office) -> None:
    protocol = Protocol(name="review", arms=("adapted", "base"), items=2, readings=1)
    answered = [Answered(f"r{n}", "Why?", {"adapted": "So.", "base": "Hm."}, "", cluster=f"p{n}") for n in range(2)]
    open_study(office.store, protocol, answered, by="mara")
    look(office.store, "review", by="mara", close_early="no readers")
    client, token = signed_in(office, app_of(office), "mara")
    assert "This task is closed" in client.get("/tasks/review/settings").text
    fields = {"form_token": token, "gold_every": "0", "lease_minutes": "10", "training": "0", "training_percent": "80"}
    assert client.post("/tasks/review/settings", data=fields).status_code == 303
    refused = client.post("/tasks/review/settings", data={**fields, "round": "work"})
    assert refused.status_code == 403 and "mixed with answers given blind" in refused.text


def test_a_manager_sets_a_training_and_sees_who_is_in_it(office: Office) -> None:
    gold = [NewItem({"id": f"g{n}", "text": "A cut."}, gold={"urgency": "low"}) for n in range(3)]
    add_items(office.store, "urgency", gold, overlap=Overlap(), by="mara")
    client, token = signed_in(office, app_of(office), "mara")
    fields = {"form_token": token, "gold_every": "0", "lease_minutes": "10", "training": "3", "training_percent": "70"}
    assert client.post("/tasks/urgency/settings", data=fields).status_code == 303
    assert 'name="training" value="3"' in client.get("/tasks/urgency/settings").text
    save_person(office.store, Person("noel", (Role.ANNOTATOR,)), by=SYSTEM)
    reader, reader_token = signed_in(office, app_of(office), "noel")
    shown = reader.get("/read/urgency").text
    assert (
        "70 % of the last 3 are right; a skipped item is not" in shown
        and "so far there were 0" in shown
        and 'data-item="g' in shown
    )
    item = re.search(r'data-item="(g.)"', shown)
    sent = {"item": item and item[1], "token": "t", "answer": {"urgency": "high"}, "seconds": 1}
    told = reader.post("/answers/urgency", json=sent, headers={"x-form-token": reader_token}).json()
    assert told["feedback"] == {"right": False, "answer": {"urgency": "low"}}
    assert '<th scope="row">noel</th><td>1</td><td>0</td><td>in training</td>' in client.get("/tasks/urgency").text
