"""Starts the application: on this machine alone, or behind a proxy that speaks HTTPS."""

from __future__ import annotations

import socket
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn

from acclimate.annotation.anchoring import anchored
from acclimate.annotation.people import SYSTEM, Role, active_people, make_first_owner
from acclimate.annotation.store import Store, database_url
from acclimate.app import (
    account,
    agreeing,
    checking,
    code_lists,
    entrance,
    learning,
    managing,
    overseeing,
    reading,
    revising,
    suggesting,
)
from acclimate.app.identity import break_glass, invite
from acclimate.app.jobs import Surroundings
from acclimate.app.patience import Impatient
from acclimate.app.web import Office, Page, application, host_of
from acclimate.app.working import working
from acclimate.core.errors import ConfigError, ResourceError
from acclimate.project.audit import AuditLog, account_name

ADDRESS = "127.0.0.1"
CONNECTIONS = 200
PAGES = (
    *entrance.PAGES,
    *account.PAGES,
    *reading.PAGES,
    *checking.PAGES,
    *code_lists.PAGES,
    *managing.PAGES,
    *agreeing.PAGES,
    *overseeing.PAGES,
    *revising.PAGES,
    *suggesting.PAGES,
    *learning.PAGES,
)


@dataclass(frozen=True)
class Opened:
    """The application before it serves: what it is, and the link for its first manager, empty where there is one."""

    office: Office
    first_link: str


@dataclass(frozen=True)
class OutsideSignIn:
    """An OpenID Connect provider, and the id and secret that it gave this application."""

    issuer: str
    client: str
    secret: str


def open_office(
    folder: Path, *, url: str | None = None, manager: str, reason: str = "", port: int, public_url: str | None
) -> Opened:
    """Opens the project's annotations, in its folder or at a URL.

    Where nobody can sign in yet, the person `manager` becomes owner and manager and gets a one-time link. Where others
    can, but no owner or manager, that is break-glass access: it raises ConfigError without a reason.
    """
    origins = (origin_of(public_url),) if public_url else (f"http://{ADDRESS}:{port}", f"http://localhost:{port}")
    store = Store.open(database_url(folder, url))
    office = Office(store, folder.absolute(), origins)
    application(office, PAGES)
    with store.read() as connection:
        people = active_people(connection)
    leading = {Role.OWNER, Role.MANAGER}
    if any(leading & set(person.roles) and can_sign_in for person, can_sign_in in people):
        return Opened(office, "")
    if any(can_sign_in for _, can_sign_in in people):
        if not reason.strip():
            raise ConfigError(
                f"People can sign in to this project, but no owner or manager, so making {manager} one is break-glass access.",
                hint='say why with --reason "the owner has left": the audit chain keeps it, and owners are shown it',
            )
        link = break_glass(store, manager, reason=reason, account=account_name())
        return Opened(office, join_link(origins[0], link))
    if not any(person.name == manager and Role.OWNER in person.roles for person, _ in people):
        make_first_owner(store, manager, account=account_name())
    return Opened(office, join_link(origins[0], invite(store, manager, by=SYSTEM)))


def join_link(origin: str, token: str) -> str:
    """The address of an invitation."""
    return f"{origin}/join/{token}"


def serve(office: Office, *, port: int, address: str = ADDRESS, outside: OutsideSignIn | None = None) -> None:
    """Serves until it is interrupted; raises ResourceError where the port is taken.

    What the database's chain holds is noted in the project's audit log at the start, at the end and in between.
    """
    try:
        listening = socket.create_server((address, port))
    except OSError as error:
        raise ResourceError(
            f"Port {port} of {address} cannot be listened on: {error.strerror}.", hint="choose another with --port"
        ) from None
    log, around = AuditLog(office.folder / "audit.jsonl"), Surroundings(office.folder, office.endpoint)
    with listening, anchored(office.store, log), working(office.store, around):
        uvicorn.Server(configuration(office, outside)).run(sockets=[listening])


def pages_of(office: Office, outside: OutsideSignIn | None) -> tuple[Office, tuple[Page, ...]]:
    """The office and its pages, with those of a provider where one is named."""
    if outside is None:
        return office, PAGES
    from acclimate.app.outside import Provider
    from acclimate.app.outside_pages import outside_pages

    provider = Provider(outside.issuer, outside.client, outside.secret, office.origins[0])
    return replace(office, outside=host_of(outside.issuer)), (*PAGES, *outside_pages(provider))


def configuration(office: Office, outside: OutsideSignIn | None = None) -> uvicorn.Config:
    """How the application is served: within limits for every client, and trusting nothing that a proxy adds."""
    return uvicorn.Config(
        application(*pages_of(office, outside)),
        http=Impatient,
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=10,
    )


def origin_of(url: str) -> str:
    """A public address as browsers name it; raises ConfigError for one that is not https:// and a host alone."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.netloc or parts.path.strip("/") or parts.query or "@" in parts.netloc:
        raise ConfigError(
            f"The public address {url!r} is not one such as https://annotate.example.org.",
            hint="give https:// and the host alone; passwords must not travel in clear",
        )
    return f"https://{parts.netloc}"
