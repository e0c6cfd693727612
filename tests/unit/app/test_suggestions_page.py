"""The pages with suggestions: a hidden one is in no page of a reader, a manager sees what is suggested and accepts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select
from starlette.applications import Starlette
from tests.unit.annotation.openai_endpoint import saying, served
from tests.unit.annotation.project_of_four import Clock
from tests.unit.app.office_of_two_sites import app_of, open_office, signed_in

from acclimate.annotation.jobs import claim, end
from acclimate.annotation.people import SYSTEM, Person, Role, save_person
from acclimate.annotation.schema import LabelSchema, Option, Spans, Text
from acclimate.annotation.suggestions.endpoint import Endpoint
from acclimate.annotation.suggestions.proposals import Source, Suggested, save_suggestions, sources_of
from acclimate.annotation.tables import exposures
from acclimate.annotation.tasks import NewItem, Overlap, TaskSettings, add_items, create_task
from acclimate.app.jobs import Surroundings, do
from acclimate.app.web import Office
from acclimate.app.working import working
from acclimate.core.stage import Zone
from acclimate.project.manifests import Manifest, artifact_files
from acclimate.project.workspace import Workspace

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


TERMS = "term,label\r\nsprain,injury\r\n"
ADD = "/tasks/marks/suggestions/add"


def with_marks(office: Office) -> Starlette:
    schema = LabelSchema(questions=(Spans(name="what", options=(Option(name="injury"),)),))
    create_task(office.store, "marks", schema, by="mara")
    items = [NewItem({"id": f"s{n}", "text": "A sprain."}) for n in range(3)]
    add_items(office.store, "marks", items, overlap=Overlap(), by="mara")
    return app_of(office)


def do_all(office: Office) -> None:
    while (job := claim(office.store)) is not None:
        end(office.store, job.number, do(office.store, job, Surroundings(office.folder, office.endpoint)))


def test_a_manager_suggests_terms_says_who_sees_them_and_removes_them(office: Office) -> None:
    client, token = signed_in(office, with_marks(office), "mara")
    form = {"form_token": token, "kind": "dictionary", "name": "injuries.csv", "content": TERMS}
    assert client.post(ADD, data=form).status_code == 303
    page = client.get("/tasks/marks/suggestions").text
    assert "waiting for its turn" in page and "data-renews" in page and "0 of 3 items" in page
    do_all(office)
    page = client.get("/tasks/marks/suggestions").text
    assert "3 new" in page and "data-renews" not in page and "3 of 3 items" in page
    readers = {"form_token": token, "suggestions": "randomised"}
    assert client.post("/tasks/marks/suggestions/readers", data=readers).status_code == 303
    [source] = sources_of(office.store, "marks", by="mara")
    named = {"form_token": token, "source": source.name, "version": source.version}
    assert client.post("/tasks/marks/suggestions/remove", data=named).status_code == 303
    page = client.get("/tasks/marks/suggestions").text
    assert "Nothing is suggested yet" in page and 'value="randomised" checked' in page
    done = [event["action"] for event in office.store.events() if event["who"] == "mara"]
    assert done[-4:] == ["records read for suggestions", "suggestions added", "settings changed", "suggestions removed"]


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"kind": "dictionary", "content": "term,label\nsprain,burn\n"}, "f.csv, line 2: no term, or a label"),
        ({"kind": "dictionary", "content": "word\nsprain\n"}, "f.csv has no column term"),
        ({"kind": "answers", "content": "{}"}, "f.csv, line 1 is no JSON object"),
        ({"kind": "dictionary", "content": TERMS, "name": " "}, "no name"),
        ({"kind": "predictions", "step": "predict.base"}, "no predictions"),
        ({"kind": "endpoint"}, "started without a model"),
        ({"kind": "hearsay"}, "no such source"),
    ],
)
def test_what_cannot_be_suggested_is_refused_at_once(office: Office, form: dict[str, str], says: str) -> None:
    client, token = signed_in(office, with_marks(office), "mara")
    answer = client.post(ADD, data={"form_token": token, "name": "f.csv", **form})
    assert answer.status_code == 400 and says in answer.text
    assert claim(office.store) is None


def test_answers_of_a_file_are_suggested_and_a_fault_met_later_stands_on_the_page(office: Office) -> None:
    client, token = signed_in(office, with_marks(office), "mara")
    content = '{"id": "s0", "answer": {"what": [{"quote": "sprain", "label": "injury"}]}}'
    form = {"form_token": token, "kind": "answers", "name": "a.jsonl", "content": content}
    client.post(ADD, data=form)
    do_all(office)
    assert "file a.jsonl" in client.get("/tasks/marks/suggestions").text
    client.post(ADD, data=form)
    save_nobody(office)
    do_all(office)
    page = client.get("/tasks/marks/suggestions").text
    assert "Not done." in page and "is no manager" in page


def test_predictions_of_a_run_of_the_project_are_chosen_by_step(office: Office, tmp_path: Path) -> None:
    (office.folder / "acclimate.yaml").write_text("project: demo\n")
    said = '{"what": [{"quote": "sprain", "label": "injury"}]}'
    rows = [{"id": "s1", "suite": "task", "generated": said}, {"id": "s2", "suite": "general", "generated": said}]
    made = tmp_path / "made"
    made.mkdir()
    pq.write_table(pa.Table.from_pylist(rows), made / "data-00000.parquet")
    workspace, files = Workspace.open(office.folder), artifact_files(made)
    manifest = Manifest(
        step="predict.base", stage="predict", key="k1", zone="open", equality="rows", config={}, inputs={}, code="c",
        secrets={}, identity="i", files=files, environment={},
    )  # fmt: skip
    workspace.publish(made, manifest, {"seconds": 1})
    workspace.settle("predict.base", "k1", Zone.OPEN)
    client, token = signed_in(office, with_marks(office), "mara")
    assert "<option>predict.base</option>" in client.get("/tasks/marks/suggestions").text
    client.post(ADD, data={"form_token": token, "kind": "predictions", "step": "predict.base"})
    do_all(office)
    assert [(one.name, one.version, one.count) for one in sources_of(office.store, "marks", by="mara")] == [
        ("predict.base", "k1", 1)
    ]


def save_nobody(office: Office) -> None:
    save_person(office.store, Person("mara", (Role.OWNER, Role.REVIEWER)), by=SYSTEM)


def test_a_model_is_asked_only_where_the_server_names_it_and_the_project_lets_records_leave(office: Office) -> None:
    (office.folder / "acclimate.yaml").write_text("project: demo\n")
    with served(lambda _asked, _key: saying('{"what": [{"quote": "sprain", "label": "injury"}]}')) as url:
        asking = replace(office, endpoint=Endpoint(url, "m1"))
        client, token = signed_in(asking, with_marks(asking), "mara")
        assert "network: true" in client.post(ADD, data={"form_token": token, "kind": "endpoint"}).text
        (office.folder / "acclimate.yaml").write_text("project: demo\nnetwork: true\n")
        assert "m1 at 127.0.0.1" in client.get("/tasks/marks/suggestions").text
        assert client.post(ADD, data={"form_token": token, "kind": "endpoint"}).status_code == 303
        do_all(asking)
    assert [one.count for one in sources_of(office.store, "marks", by="mara")] == [3]


def test_what_is_asked_for_is_done_beside_the_serving(office: Office) -> None:
    client, token = signed_in(office, with_marks(office), "mara")
    form = {"form_token": token, "kind": "dictionary", "name": "injuries.csv", "content": TERMS}
    client.post(ADD, data=form)
    with working(office.store, Surroundings(office.folder)):
        for _ in range(600):
            if "3 new" in client.get("/tasks/marks/suggestions").text:
                return
            time.sleep(0.1)
    raise AssertionError("the job was not done")


def test_a_reviewer_sees_what_is_suggested_and_cannot_change_it(office: Office) -> None:
    client, token = signed_in(office, with_marks(office), "rae")
    assert "Add suggestions" not in client.get("/tasks/marks/suggestions").text
    assert client.post(ADD, data={"form_token": token}).status_code == 403
