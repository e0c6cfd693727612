"""The pages with suggestions: a hidden one is in no page of a reader, a manager sees what is suggested and accepts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from starlette.applications import Starlette
from tests.unit.annotation.project_of_four import Clock
from tests.unit.app.office_of_two_sites import app_of, open_office, signed_in

from acclimate.annotation.schema import LabelSchema, Text
from acclimate.annotation.suggestions.proposals import Source, Suggested, save_suggestions
from acclimate.annotation.tables import exposures
from acclimate.annotation.tasks import NewItem, Overlap, TaskSettings, add_items, create_task
from acclimate.app.web import Office

WORDS = "Rest for three days."


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = open_office(tmp_path, Clock())
    yield office
    office.store.close()


def with_task(office: Office, setting: str) -> Starlette:
    schema = LabelSchema(questions=(Text(name="advice"),))
    create_task(office.store, "advice", schema, settings=TaskSettings(suggestions=setting), by="mara")
    items = [NewItem({"id": f"s{n}", "text": "A sprain.", "site": "south"}) for n in range(30)]
    add_items(office.store, "advice", items, overlap=Overlap(), by="mara")
    given = [Suggested(item.id, {"advice": f"{WORDS} {item.id}"}, 0.9) for item in items]
    save_suggestions(office.store, "advice", Source("predict.adapted", "k1"), given, by="mara")
    return app_of(office)


@pytest.mark.parametrize(("setting", "seen"), [("hidden", set()), ("shown", {True})])
def test_what_is_hidden_is_in_no_page_of_a_reader(office: Office, setting: str, seen: set[bool]) -> None:
    client, _ = signed_in(office, with_task(office, setting), "ann")
    pages = [client.get(path).text for path in ("/read/advice", "/ahead/advice", "/")]
    assert "A sprain." in pages[0] and "A sprain." in pages[1]
    assert {WORDS in page for page in pages[:2]} - {False} == seen
    assert client.get("/tasks/advice/suggestions").status_code == 403


def test_of_what_is_drawn_a_page_holds_what_its_reader_may_see_and_no_more(office: Office) -> None:
    client, _ = signed_in(office, with_task(office, "randomised"), "ann")
    page = client.get("/ahead/advice").text
    shown = {row.item for row in exposed(office) if row.shown}
    hidden = {row.item for row in exposed(office) if not row.shown}
    assert shown and hidden
    assert all(f"{WORDS} {item}" in page for item in shown)
    assert not any(f"{WORDS} {item}" in page for item in hidden)


def exposed(office: Office) -> list[Any]:
    with office.store.read() as connection:
        return list(connection.execute(select(exposures)))


def test_a_manager_counts_accepts_and_takes_back(office: Office) -> None:
    client, token = signed_in(office, with_task(office, "shown"), "mia")
    form = {"form_token": token, "source": "", "least_score": "0,8"}
    counted = client.post("/tasks/advice/suggestions", data={**form, "what": "count"})
    assert "30 would be accepted" in counted.text
    assert client.post("/tasks/advice/suggestions", data={**form, "what": "accept"}).status_code == 303
    page = client.get("/tasks/advice/suggestions").text
    assert "predict.adapted" in page and "Take back" in page and "Not enough readings" in page
    number = next(event["number"] for event in office.store.events() if event["action"] == "bulk acceptance begun")
    back = client.post("/tasks/advice/suggestions/withdraw", data={"form_token": token, "number": str(number)})
    assert back.status_code == 303
    assert "Take back" not in client.get("/tasks/advice/suggestions").text
    wrong = client.post("/tasks/advice/suggestions", data={**form, "what": "count", "least_score": "much"})
    assert wrong.status_code == 400 and "least score" in wrong.text
