"""An application over a project with one task whose records are of two sites, and browsers without a window."""

from __future__ import annotations

import re
from pathlib import Path

from starlette.applications import Starlette
from starlette.testclient import TestClient
from tests.unit.annotation.project_of_four import Clock, urgency_schema

from acclimate.annotation.answering import Submission, submit
from acclimate.annotation.people import SYSTEM, Person, Role, save_person, set_password
from acclimate.annotation.queue import next_item
from acclimate.annotation.store import Store, database_url
from acclimate.annotation.tasks import NewItem, Overlap, add_items, create_task
from acclimate.app.server import PAGES
from acclimate.app.web import Office, application

ORIGIN = "http://127.0.0.1:8765"
PASSWORD = "correct horse battery"
SECRET = "Only the north may read this."
NAMES = {
    Role.OWNER: "olga",
    Role.MANAGER: "mia",
    Role.ANNOTATOR: "ann",
    Role.REVIEWER: "rae",
    Role.VALIDATOR: "val",
    Role.APPROVER: "app",
    Role.AUDITOR: "aud",
}
NORTH = ("nora", "nils")


def open_office(folder: Path, clock: Clock | None = None) -> Office:
    """A person of each role, all of the south; records, outputs, a dispute and its readers are of the north."""
    store = Store.open(database_url(folder, None), clock=clock or Clock())
    save_person(store, Person("mara", (Role.OWNER, Role.MANAGER)), by=SYSTEM)
    for role, name in NAMES.items():
        save_person(store, Person(name, (role,), sites=("south",)), by="mara")
    for name in NORTH:
        save_person(store, Person(name, (Role.ANNOTATOR,), sites=("north",)), by="mara")
    create_task(store, "urgency", urgency_schema(), guideline="Urgent is today.", by="mara")
    disputed = NewItem({"id": "n2", "text": SECRET, "site": "north"}, candidates={"base": SECRET})
    add_items(store, "urgency", [disputed], overlap=Overlap(readings=2), by="mara")
    for name, label in zip(NORTH, ("low", "high"), strict=True):
        next_item(store, "urgency", name)
        submit(store, Submission("urgency", "n2", name, f"token-{name}", {"urgency": label}))
    unread = NewItem({"id": "n1", "text": SECRET, "site": "north"}, candidates={"base": SECRET})
    add_items(store, "urgency", [unread], overlap=Overlap(), by="mara")
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
