"""An application over a project with one task whose records are of two sites, and browsers without a window."""

from __future__ import annotations

import re
from pathlib import Path

from starlette.applications import Starlette
from starlette.testclient import TestClient
from tests.unit.annotation.project_of_four import Clock, urgency_schema

from acclimate.annotation.people import SYSTEM, Person, Role, save_person, set_password
from acclimate.annotation.store import Store, database_url
from acclimate.annotation.tasks import NewItem, Overlap, add_items, create_task
from acclimate.app.server import PAGES
from acclimate.app.web import Office, application

ORIGIN = "http://127.0.0.1:8765"
PASSWORD = "correct horse battery"
SECRET = "Only the north may read this."
NAMES = {Role.MANAGER: "mia", Role.ANNOTATOR: "ann", Role.REVIEWER: "rae", Role.AUDITOR: "aud"}


def open_office(folder: Path, clock: Clock | None = None) -> Office:
    """Everybody belongs to the south, the one record to the north."""
    store = Store.open(database_url(folder, None), clock=clock or Clock())
    for role, name in NAMES.items():
        save_person(store, Person(name, (role,), sites=("south",)), by=SYSTEM)
    create_task(store, "urgency", urgency_schema(), guideline="Urgent is today.", by="mia")
    add_items(store, "urgency", [NewItem({"id": "n1", "text": SECRET, "site": "north"})], overlap=Overlap(), by="mia")
    return Office(store, folder, (ORIGIN,))


def app_of(office: Office) -> Starlette:
    return application(office, PAGES)


def browser(app: Starlette, *, origin: str = ORIGIN) -> TestClient:
    return TestClient(app, base_url=ORIGIN, headers={"origin": origin}, follow_redirects=False)


def form_token(page: str) -> str:
    found = re.search(r'name="form-token" content="(\w+)"', page)
    assert found is not None
    return found[1]


def signed_in(office: Office, app: Starlette, name: str) -> tuple[TestClient, str]:
    """A browser in which this person is signed in, with the form token of their session."""
    set_password(office.store, name, PASSWORD, by=SYSTEM)
    client = browser(app)
    token = form_token(client.get("/sign-in").text)
    fields = {"name": name, "password": PASSWORD, "form_token": token}
    assert client.post("/sign-in", data=fields).status_code == 303
    return client, form_token(client.get("/").text)
