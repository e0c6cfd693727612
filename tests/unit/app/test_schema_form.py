"""Questions that a manager draws in the browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient
from tests.unit.app.office_of_two_sites import app_of, open_office, signed_in

from acclimate.annotation.schema import LabelSchema, Option, Rating, Spans
from acclimate.annotation.tasks import current_schema
from acclimate.app.web import Office


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    office = open_office(tmp_path_factory.mktemp("office"))
    yield office
    office.store.close()


@pytest.fixture(scope="module")
def manager(office: Office) -> tuple[TestClient, str]:
    return signed_in(office, app_of(office), "mara")


def test_what_the_steps_of_a_scale_mean_is_drawn_shown_and_configured(
    office: Office, manager: tuple[TestClient, str]
) -> None:
    client, token = manager
    drawn = {"form_token": token, "name-0": "quality", "kind-0": "rating", "meanings-0": "1: wrong\n5: could: be mine"}
    shown = client.post("/new-task/preview", data=drawn).text
    assert "<span>1 <small>wrong</small></span>" in shown and "<span>2</span>" in shown
    assert client.post("/new-task", data={**drawn, "task": "rated"}).status_code == 303
    with office.store.read() as connection:
        schema = current_schema(connection, "rated")
    assert schema == LabelSchema(questions=(Rating(name="quality", meanings={1: "wrong", 5: "could: be mine"}),))
    assert "&#39;5&#39;: &#39;could: be mine&#39;" in client.get("/tasks/rated").text


@pytest.mark.parametrize(
    ("chosen", "fields"),
    [("", ("text",)), ("completion", ("completion",)), ("prompt completion", ("prompt", "completion"))],
)
def test_marks_are_asked_in_the_text_that_is_chosen(
    office: Office, manager: tuple[TestClient, str], chosen: str, fields: tuple[str, ...]
) -> None:
    client, token = manager
    assert '<option value="prompt completion">' in client.get("/new-task").text
    drawn = {"form_token": token, "name-0": "wrong", "kind-0": "spans", "labels-0": "fact", "marked-0": chosen}
    assert f'data-fields="{" ".join(fields)}"' in client.post("/new-task/preview", data=drawn).text
    task = f"marked-in-{len(chosen)}"
    assert client.post("/new-task", data={**drawn, "task": task}).status_code == 303
    with office.store.read() as connection:
        schema = current_schema(connection, task)
    assert schema == LabelSchema(questions=(Spans(name="wrong", options=(Option(name="fact"),), fields=fields),))


def test_records_without_the_text_that_is_marked_are_refused(manager: tuple[TestClient, str]) -> None:
    client, token = manager
    drawn = {"form_token": token, "name-0": "wrong", "kind-0": "spans", "labels-0": "fact", "marked-0": "completion"}
    client.post("/new-task", data={**drawn, "task": "answers"})
    fixed = {"form_token": token, "readings": "1", "share": "0", "priority": "0"}
    refused = client.post("/tasks/answers/records", data={**fixed, "records": '{"id": "n1", "text": "note"}'})
    assert refused.status_code == 400 and "n1 has no completion" in refused.text
    taken = {**fixed, "records": '{"id": "n1", "prompt": "which", "completion": "this"}'}
    assert client.post("/tasks/answers/records", data=taken).status_code == 303


def test_marks_in_a_text_that_records_have_not_are_one_sentence(manager: tuple[TestClient, str]) -> None:
    client, token = manager
    drawn = {"form_token": token, "name-0": "wrong", "kind-0": "spans", "labels-0": "fact", "marked-0": "site"}
    refused = client.post("/new-task/preview", data=drawn)
    assert refused.status_code == 400 and "Nothing can be marked in" in refused.text


@pytest.mark.parametrize(
    ("meanings", "fault"), [("good: 1", "says of no step"), ("3:", "says of no step"), ("9: best", "goes from 1 to 5")]
)
def test_a_meaning_of_no_step_is_one_sentence(manager: tuple[TestClient, str], meanings: str, fault: str) -> None:
    client, token = manager
    drawn = {"form_token": token, "name-0": "quality", "kind-0": "rating", "meanings-0": meanings}
    refused = client.post("/new-task/preview", data=drawn)
    assert refused.status_code == 400 and fault in refused.text
