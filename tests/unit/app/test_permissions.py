"""Every route, asked by every role and by a stranger, about a record of a site that none of them belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from tests.unit.app.office_of_two_sites import NAMES, NORTH, ORIGIN, SECRET, app_of, browser, open_office, signed_in

from acclimate.annotation.people import Role
from acclimate.app.server import PAGES
from acclimate.app.web import EVERYONE, MAX_FIELDS, Office, Page, application
from acclimate.core.errors import ConfigError

JSON_PATHS = ("/answers/", "/undo/", "/skip/", "/verdicts/", "/questions/", "/codes/", "/beside/")
SENT = {"item": "n1", "token": "t", "answer": {"urgency": "low"}, "seconds": 1, "number": 1, "reason": "other"}
SENT |= {"verdict": "accepted", "text": "What is it?", "question": "urgency", "words": "a", "other": "n2"}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    office = open_office(tmp_path_factory.mktemp("office"))
    yield office
    office.store.close()


@pytest.fixture(scope="module")
def visitors(office: Office) -> dict[Role | None, tuple[TestClient, str]]:
    app = app_of(office)
    return {None: (browser(app), ""), **{role: signed_in(office, app, name) for role, name in NAMES.items()}}


def visit(page: Page, client: TestClient, token: str) -> tuple[int, str]:
    path = page.path.format(task="urgency", invitation="none") if "{" in page.path else page.path
    if page.method == "GET":
        answer = client.get(path)
    elif path.startswith(JSON_PATHS):
        answer = client.post(path, json=SENT, headers={"x-form-token": token})
    else:
        fields = {"form_token": token, "records": "", "name": "nobody", "readings": "1", "share": "100"}
        fields |= {"item": "n1", "what": "first", "priority": "0", "number": "1", "guideline": "", "words": "Only"}
        answer = client.post(path, data=fields)
    return answer.status_code, answer.text


@pytest.mark.parametrize("role", [None, *Role], ids=str)
@pytest.mark.parametrize(
    "page", [page for page in PAGES if "sign-out" not in page.path], ids=lambda page: f"{page.method} {page.path}"
)
def test_nobody_gets_past_their_roles_or_reads_a_record_of_another_site(
    page: Page, role: Role | None, visitors: dict[Role | None, tuple[TestClient, str]]
) -> None:
    status, text = visit(page, *visitors[role])
    assert [word for word in (SECRET, *NORTH) if word in text] == []
    if page.allowed != EVERYONE and role is None:
        assert status in (303, 401)
    elif page.allowed != EVERYONE and role not in (page.allowed or ()):
        assert status == 403
    else:
        assert status in (200, 303, 400, 403)
    if page.path in ("/answers/{task}", "/skip/{task}") and role is not None:
        assert status == 403


def test_after_all_that_nobody_answered_leased_or_saw_anything_of_the_north(office: Office) -> None:
    done = {event["action"] for event in office.store.events() if event["who"] in NAMES.values()}
    assert not done & {"answered", "decided", "leased", "skipped", "withdrawn", "answers seen"}


def test_a_snapshot_of_a_manager_of_the_south_holds_nothing_of_the_north(
    office: Office, visitors: dict[Role | None, tuple[TestClient, str]]
) -> None:
    client, token = visitors[Role.MANAGER]
    answer = client.post("/tasks/urgency/snapshot", data={"form_token": token})
    assert answer.status_code == 200
    files = [file for file in (office.folder / "restricted" / "annotated").rglob("*") if file.is_file()]
    assert len(files) > 3
    assert [file.name for file in files if SECRET.encode() in file.read_bytes() or b"nora" in file.read_bytes()] == []


@pytest.mark.parametrize("role", ["owner", "manager", "approver", "auditor"])
def test_a_manager_gives_no_role_that_judges_the_work_and_no_site_of_others(
    visitors: dict[Role | None, tuple[TestClient, str]], role: str
) -> None:
    client, token = visitors[Role.MANAGER]
    fields = {"form_token": token, "name": "eve", "sites": "south"}
    assert client.post("/people", data={**fields, "roles": role}).status_code == 403
    assert client.post("/people", data={**fields, "roles": "annotator", "sites": "north"}).status_code == 403
    assert client.post("/people/remove", data={"form_token": token, "name": "olga"}).status_code == 403


def test_a_page_that_declares_no_permission_stops_the_start(office: Office) -> None:
    with pytest.raises(ConfigError, match="GET /open declares no permission"):
        application(office, [Page("/open", lambda _visit: PlainTextResponse("open"))])


def test_a_foreign_host_is_refused(office: Office) -> None:
    assert browser(app_of(office)).get("/sign-in", headers={"host": "evil.example:8765"}).status_code == 421


@pytest.mark.parametrize("origin", ["http://evil.example", "null", ""])
def test_a_change_that_another_site_asks_for_is_refused(
    visitors: dict[Role | None, tuple[TestClient, str]], origin: str
) -> None:
    client, token = visitors[Role.MANAGER]
    asked = client.post("/people", data={"form_token": token, "name": "eve"}, headers={"origin": origin})
    assert asked.status_code == 403


def test_a_change_without_the_token_of_the_session_is_refused(
    visitors: dict[Role | None, tuple[TestClient, str]],
) -> None:
    client, _ = visitors[Role.MANAGER]
    _, others_token = visitors[Role.ANNOTATOR]
    fields = {"name": "eve", "roles": "manager", "form_token": others_token}
    assert client.post("/people", data=fields).status_code == 403


def test_too_many_fields_and_too_large_a_body_are_refused_with_a_sentence(
    visitors: dict[Role | None, tuple[TestClient, str]],
) -> None:
    client, token = visitors[Role.MANAGER]
    many = client.post("/people", content="&".join(f"a{n}=1" for n in range(MAX_FIELDS + 1)) + f"&form_token={token}")
    large = client.post("/people", content=b"x" * 1_000_001)
    assert (many.status_code, large.status_code) == (400, 400)
    assert "more than 1,000 fields" in many.text and "More than 1,000,000 bytes" in large.text


def test_every_answer_carries_the_headers_and_pages_hold_no_inline_script_or_style(
    visitors: dict[Role | None, tuple[TestClient, str]],
) -> None:
    for path in ("/", "/people", "/new-task", "/tasks/urgency", "/static/read.js", "/nowhere"):
        answer = visitors[Role.MANAGER][0].get(path)
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert "<style" not in answer.text and " style=" not in answer.text and " onclick=" not in answer.text


@pytest.mark.parametrize("path", ["/static/../web.py", "/static/%2e%2e/web.py", "/static/..%2fweb.py"])
def test_nothing_outside_the_folder_of_assets_is_served(office: Office, path: str) -> None:
    assert browser(app_of(office)).get(path).status_code in (404, 405)


def test_a_proxy_address_makes_the_cookie_one_of_https_alone(tmp_path: Path) -> None:
    office = Office(open_office(tmp_path).store, tmp_path, ("https://notes.example",))
    client = TestClient(app_of(office), base_url="https://notes.example")
    answer = client.get("/sign-in")
    assert answer.headers["set-cookie"].startswith("__Host-acclimate=") and "Secure" in answer.headers["set-cookie"]
    assert "max-age" in answer.headers["strict-transport-security"]
    assert ORIGIN not in answer.text
