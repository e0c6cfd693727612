"""Starts the application: on this machine alone, or behind a proxy that speaks HTTPS."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn

from acclimate.annotation.people import SYSTEM, Person, Role, active_people, save_person
from acclimate.annotation.store import Store, database_url
from acclimate.app import checking, code_lists, entrance, managing, overseeing, reading, revising
from acclimate.app.identity import invite
from acclimate.app.web import Office, application
from acclimate.core.errors import ConfigError, ResourceError

ADDRESS = "127.0.0.1"
PAGES = (
    *entrance.PAGES,
    *reading.PAGES,
    *checking.PAGES,
    *code_lists.PAGES,
    *managing.PAGES,
    *overseeing.PAGES,
    *revising.PAGES,
)


@dataclass(frozen=True)
class Opened:
    """The application before it serves: what it is, and the link for its first manager, empty where there is one."""

    office: Office
    first_link: str


def open_office(folder: Path, *, manager: str, port: int, public_url: str | None) -> Opened:
    """Opens the project's annotations. Where no manager has a password yet, one is added and gets a one-time link."""
    origins = (_origin(public_url),) if public_url else (f"http://{ADDRESS}:{port}", f"http://localhost:{port}")
    store = Store.open(database_url(folder, None))
    office = Office(store, folder.absolute(), origins)
    application(office, PAGES)
    with store.read() as connection:
        people = active_people(connection)
    if any(Role.MANAGER in person.roles and has_password for person, has_password in people):
        return Opened(office, "")
    if not any(person.name == manager and Role.MANAGER in person.roles for person, _ in people):
        save_person(store, Person(manager, (Role.MANAGER,)), by=SYSTEM)
    return Opened(office, f"{origins[0]}/join/{invite(store, manager, by=SYSTEM)}")


def serve(office: Office, *, port: int) -> None:
    """Serves until it is interrupted; raises ResourceError where the port is taken."""
    try:
        listening = socket.create_server((ADDRESS, port))
    except OSError as error:
        raise ResourceError(
            f"Port {port} of this machine cannot be listened on: {error.strerror}.", hint="choose another with --port"
        ) from None
    config = uvicorn.Config(
        application(office, PAGES),
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=200,
        timeout_keep_alive=15,
    )
    with listening:
        uvicorn.Server(config).run(sockets=[listening])


def _origin(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.netloc or parts.path.strip("/") or parts.query or "@" in parts.netloc:
        raise ConfigError(
            f"The public address {url!r} is not one such as https://annotate.example.org.",
            hint="give https:// and the host alone; passwords must not travel in clear",
        )
    return f"https://{parts.netloc}"
