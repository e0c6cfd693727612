"""From a request to a page: who asks, whether they may, and what they sent, checked before any page's own code runs.

A page is a function of a `Visit`. It declares who may open it; one that does not stops the application from starting.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import parse_qs, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from acclimate.annotation.people import Person, RefusedError, Role, prepare_password_check
from acclimate.annotation.store import Store
from acclimate.app.identity import form_token, person_of
from acclimate.app.security import Shield
from acclimate.core.errors import ConfigError, ResourceError, UserError

if TYPE_CHECKING:
    from acclimate.annotation.suggestions.endpoint import Endpoint

EVERYONE: Final = "everyone"
SIGNED_IN = frozenset(Role)
Allowed = frozenset[Role] | Literal["everyone"]
MAX_BODY = 1_000_000
MAX_FIELDS = 1_000
BODY_SECONDS = 30
PROOF_HEADER = "x-form-token"


@dataclass(frozen=True)
class Office:
    """What all pages share: the database, the project's folder, and the addresses the application answers to."""

    store: Store
    folder: Path
    origins: tuple[str, ...]
    outside: str = ""
    """The provider through which people may sign in; empty where there is none."""
    endpoint: Endpoint | None = None
    """The model that may be asked for suggestions, where there is one."""

    @property
    def secure(self) -> bool:
        """Whether browsers reach it by HTTPS alone."""
        return all(origin.startswith("https://") for origin in self.origins)

    @property
    def cookie(self) -> str:
        """The name of its cookie; with `__Host-` browsers take it from this host by HTTPS alone."""
        return "__Host-acclimate" if self.secure else "acclimate"


@dataclass(frozen=True)
class Visit:
    """One request to one page, by someone who may open it."""

    office: Office
    visitor: Person | None
    token: str
    path: Mapping[str, str]
    form: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sent: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def store(self) -> Store:
        """The database."""
        return self.office.store

    @property
    def person(self) -> Person:
        """Who is signed in."""
        if self.visitor is None:
            raise RefusedError("Nobody is signed in.", hint="sign in first")
        return self.visitor

    def text(self, name: str) -> str:
        """A field of the form; empty where it was not sent."""
        return next(iter(self.form.get(name, ())), "")

    def whole_number(self, name: str, *, low: int, high: int) -> int:
        """A field of the form that is a whole number in a range."""
        given = self.text(name).strip()
        if not (given.isascii() and given.isdigit() and len(given) < 10 and low <= int(given) <= high):
            raise ConfigError(f"{name} is {given[:20]!r}.", hint=f"give a whole number from {low} to {high}")
        return int(given)

    def page(self, template: str, *, status: int = 200, **values: Any) -> Response:
        """A page made from a template; everything put into it is escaped."""
        shown = _TEMPLATES.get_template(template)
        person = self.visitor
        return HTMLResponse(
            shown.render(
                person=person, Role=Role, form_token=form_token(self.token), outside=self.office.outside, **values
            ),
            status_code=status,
        )


Handler = Callable[[Visit], Response]


@dataclass(frozen=True)
class Page:
    """A route. `allowed` says who may open it: some roles (any one of them is enough), or everyone."""

    path: str
    handler: Handler
    method: Literal["GET", "POST"] = "GET"
    allowed: Allowed | None = None
    max_body: int = MAX_BODY


def go_to(path: str) -> Response:
    """Sends the browser on, after a change."""
    return RedirectResponse(path, status_code=303)


def application(office: Office, pages: Sequence[Page]) -> Starlette:
    """The ASGI application. Raises ConfigError for a page that does not declare who may open it."""
    open_to_nobody = [f"{page.method} {page.path}" for page in pages if not page.allowed]
    if open_to_nobody:
        raise ConfigError(f"{', '.join(open_to_nobody)} declares no permission.", hint="give the page `allowed`")
    prepare_password_check()
    routes: list[Route | Mount] = [
        Route(page.path, _endpoint(office, page), methods=[page.method], name=f"{page.method} {page.path}")
        for page in pages
    ]
    static = StaticFiles(packages=[("acclimate.app", "static")])
    return Starlette(
        routes=[*routes, Mount("/static", static)], middleware=[Middleware(Shield, origins=office.origins)]
    )


def _endpoint(office: Office, page: Page) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        token = request.cookies.get(office.cookie, "")
        fresh = not token
        token = token or secrets.token_urlsafe(32)
        visit = Visit(office, None, token, request.path_params, query=request.query_params)
        try:
            _require_plain(request.path_params.values())
            visit = replace(visit, visitor=await run_in_threadpool(person_of, office.store, token))
            refused = _refusal(visit, page, wants_json=_is_json(request))
            if refused is not None:
                return refused
            if page.method == "POST":
                visit = await _with_body(request, visit, page.max_body)
            response = await run_in_threadpool(page.handler, visit)
        except UserError as error:
            response = _fault(visit, error, wants_json=_is_json(request))
        if fresh and page.allowed == EVERYONE and "set-cookie" not in response.headers:
            give_cookie(office, response, token)
        return response

    return answer


def give_cookie(office: Office, response: Response, token: str) -> None:
    """Sets the browser's only cookie; scripts cannot read it."""
    response.set_cookie(office.cookie, token, httponly=True, secure=office.secure, samesite="lax", path="/")


def _refusal(visit: Visit, page: Page, *, wants_json: bool) -> Response | None:
    if page.allowed == EVERYONE:
        return None
    if visit.visitor is None:
        said = "Your session has ended. Sign in again in another tab: what you entered stays here and is sent then."
        return JSONResponse({"error": said}, 401) if wants_json else go_to("/sign-in")
    if not set(page.allowed or ()) & set(visit.visitor.roles):
        error = RefusedError("This page is not open to your roles.", hint="ask a manager, if you need it")
        return _fault(visit, error, wants_json=wants_json)
    return None


async def _with_body(request: Request, visit: Visit, limit: int) -> Visit:
    """The visit with what was sent; refuses too much of it, and what another site's page sent."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await _body(request, limit)
    except (TimeoutError, ClientDisconnect):
        raise ConfigError("What was sent did not arrive in time.", hint="send it again") from None
    if _is_json(request):
        found = replace(visit, sent=_json(body))
        proof = request.headers.get(PROOF_HEADER, "")
    else:
        found = replace(visit, form=_form(body))
        proof = found.text("form_token")
    if not hmac.compare_digest(proof.encode(errors="replace"), form_token(visit.token).encode()):
        raise RefusedError("This form was not made for your session.", hint="load the page again and send it anew")
    return found


async def _body(request: Request, limit: int) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise ConfigError(f"More than {limit:,} bytes were sent.", hint="send less at once")
        parts.append(part)
    return b"".join(parts)


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        sent = None
    if not isinstance(sent, dict):
        raise ConfigError("What was sent is not a JSON object.", hint="load the page again")
    _require_plain(value for value in sent.values() if isinstance(value, str))
    return sent


def _form(body: bytes) -> Mapping[str, Sequence[str]]:
    try:
        form = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except ValueError:
        raise ConfigError(
            f"The form has more than {MAX_FIELDS:,} fields, or is not UTF-8.", hint="load the page again"
        ) from None
    for values in form.values():
        _require_plain(values)
    return form


def _require_plain(values: Iterable[str]) -> None:
    """Refuses characters that are none: databases cannot hold them."""
    for value in values:
        if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise ConfigError("What was sent holds a character that is none.", hint="load the page again")


def _is_json(request: Request) -> bool:
    return request.headers.get("content-type", "").split(";")[0].strip() == "application/json"


def _fault(visit: Visit, error: UserError, *, wants_json: bool) -> Response:
    # A database that is away is no fault of what was sent: the page keeps it and sends it again.
    status = {RefusedError: 403, ResourceError: 503}.get(type(error), 400)
    if wants_json:
        return JSONResponse({"error": str(error)}, status)
    return visit.page("fault.html", status=status, says=str(error))


def _exact(text: str) -> Markup:
    """Text for a page, where a carriage return stays one: browsers would turn it into a line feed, and offsets shift."""
    return escape(text).replace("\r", Markup("&#13;"))


def host_of(origin: str) -> str:
    """The host and port of an address.

    >>> host_of("http://127.0.0.1:8765")
    '127.0.0.1:8765'
    """
    return urlsplit(origin).netloc


_TEMPLATES = Environment(
    loader=PackageLoader("acclimate.app"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters["exact"] = _exact
