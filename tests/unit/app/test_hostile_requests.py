"""Requests that no browser of ours sends: every one ends in a refusal, none in an error or outside the folder."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
import uvicorn
from starlette.testclient import TestClient
from tests.unit.app.office_of_two_sites import NAMES, SECRET, app_of, browser, open_office, signed_in

from acclimate.annotation.people import Role
from acclimate.app.server import PAGES, configuration
from acclimate.app.web import Office

IDS = (
    "../../../etc/passwd",
    "..",
    "..\\..\\x",
    "%00",
    "\0",
    "x" * 5000,
    "<script>alert(1)</script>",
    "'; DROP TABLE items",
)
JSON = {"answer": {}, "seconds": 1, "number": 1, "reason": "other", "token": "t"}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    office = open_office(tmp_path_factory.mktemp("office"))
    yield office
    office.store.close()


@pytest.fixture(scope="module")
def visitors(office: Office) -> list[tuple[TestClient, str]]:
    app = app_of(office)
    return [signed_in(office, app, NAMES[role]) for role in (Role.MANAGER, Role.ANNOTATOR, Role.REVIEWER)]


def files(office: Office) -> set[Path]:
    return {path for path in office.folder.parent.rglob("*") if "annotation.db" not in path.name}


@pytest.mark.parametrize("hostile", IDS)
def test_no_id_leads_outside_or_to_an_error(
    office: Office, visitors: list[tuple[TestClient, str]], hostile: str
) -> None:
    before = files(office)
    for client, token in visitors:
        for page in (page for page in PAGES if "{" in page.path):
            path = page.path.format(task=quote(hostile, safe=""), invitation=quote(hostile, safe=""))
            if page.method == "GET":
                answer = client.get(path)
            elif page.path.startswith(("/answers", "/undo", "/skip")):
                answer = client.post(path, json={**JSON, "item": hostile}, headers={"x-form-token": token})
            else:
                fields = {"form_token": token, "records": "", "readings": "1", "share": "100"}
                answer = client.post(path, data=fields)
            assert 200 <= answer.status_code < 500
            assert "root:" not in answer.text and SECRET not in answer.text and "<script>alert" not in answer.text
    assert {path.relative_to(office.folder.parent).parts[1:2] for path in files(office) - before} <= {("restricted",)}


@pytest.mark.parametrize("item", ["\ud800", "a\0b"])
def test_characters_that_are_none_are_refused(visitors: list[tuple[TestClient, str]], item: str) -> None:
    client, token = visitors[1]
    headers = {"x-form-token": token, "content-type": "application/json"}
    body = b'{"item": "%s", "token": "t", "answer": {}}' % item.encode("unicode-escape")
    answer = client.post("/answers/urgency", content=body.replace(b"\\x00", b"\\u0000"), headers=headers)
    assert answer.status_code == 400 and "a character that is none" in answer.text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.method} {page.path}")
def test_every_route_refuses_foreign_hosts_and_every_change_foreign_origins(
    visitors: list[tuple[TestClient, str]], page: object
) -> None:
    client, token = visitors[0]
    path = page.path.format(task="urgency", invitation="none")  # type: ignore[attr-defined]
    method = page.method  # type: ignore[attr-defined]
    assert client.request(method, path, headers={"host": "rebound.example:8765"}).status_code == 421
    if method == "POST":
        asked = client.post(path, data={"form_token": token}, headers={"origin": "http://127.0.0.1:8766"})
        assert asked.status_code == 403


def test_a_million_fields_are_refused_at_once(visitors: list[tuple[TestClient, str]]) -> None:
    client, token = visitors[0]
    before = time.process_time()
    answer = client.post("/tasks/urgency/records", content=f"form_token={token}&" + "a=1&" * 1_000_000)
    assert answer.status_code == 400 and "more than 1,000 fields" in answer.text
    assert time.process_time() - before < 5


@contextmanager
def running(office: Office, *, head_seconds: float) -> Iterator[int]:
    """The real server in a thread; its port."""
    config = configuration(office)
    config.load()
    config.http_protocol_class = type("Quick", (config.http_protocol_class,), {"head_seconds": head_seconds})
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        work = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])))
        work.start()
        while not server.started:
            time.sleep(0.01)
        yield listening.getsockname()[1]
        server.should_exit = True
        work.join()


def said_to(port: int, sent: bytes, *, drip: bytes = b"") -> bytes:
    """All that the server says before it closes the connection; the drip goes out a byte at a time meanwhile."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(sent)
        try:
            for byte in drip:
                client.sendall(bytes([byte]))
                time.sleep(0.1)
        except OSError:
            return b""
        received = b""
        try:
            while part := client.recv(65536):
                received += part
        except ConnectionResetError:
            return received
    return received


def test_clients_that_lie_about_length_or_come_byte_by_byte_do_not_hold_the_server(office: Office) -> None:
    with running(office, head_seconds=1) as port:
        host = b"Host: 127.0.0.1:8765\r\nOrigin: http://127.0.0.1:8765\r\n"
        post = b"POST /sign-in HTTP/1.1\r\nConnection: close\r\n" + host
        form = b"Content-Type: application/x-www-form-urlencoded\r\n"
        assert b" 400 " in said_to(port, post + form + b"Content-Length: -5\r\n\r\nname=a")
        assert b" 400 " in said_to(port, post + form + b"Content-Length: 3\r\nContent-Length: 6\r\n\r\nname=a")
        assert b" 403 " in said_to(port, post + form + b"Content-Length: 3\r\n\r\nname=a&password=b").splitlines()[0]
        assert said_to(port, b"GET /sign-in HT") == b""
        assert said_to(port, b"GET /sign-in HTTP/1.1\r\n", drip=b"X-Slow: " + b"a" * 100) == b""
        page = said_to(port, b"GET /sign-in HTTP/1.1\r\nConnection: close\r\n" + host + b"\r\n")
        assert b" 200 OK" in page and b"Sign in" in page


def test_a_stranger_s_browser_sees_the_sign_in_page_alone(office: Office) -> None:
    client = browser(app_of(office))
    assert [client.get(path).headers["location"] for path in ("/", "/people", "/account")] == ["/sign-in"] * 3
