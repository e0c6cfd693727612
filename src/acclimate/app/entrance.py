"""Pages for coming in and going: sign-in, invitation, sign-out, and the list of tasks one lands on."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from acclimate.annotation.people import Role
from acclimate.annotation.review import CHECKING
from acclimate.annotation.tasks import task_names
from acclimate.app.identity import WRONG, accept_invitation, broken_glass, form_token, invited_person, sign_in, sign_out
from acclimate.app.web import EVERYONE, SIGNED_IN, Page, Visit, give_cookie, go_to
from acclimate.core.errors import DataError


def home(visit: Visit) -> Response:
    """The tasks, with what one's roles let one do in each."""
    with visit.store.read() as connection:
        names = task_names(connection)
    glass = broken_glass(visit.store) if Role.OWNER in visit.person.roles else []
    return visit.page("home.html", tasks=names, checking=CHECKING, broken_glass=glass)


def ask_password(visit: Visit) -> Response:
    """The sign-in form."""
    return go_to("/") if visit.visitor else visit.page("sign_in.html", name="", says="")


def check_password(visit: Visit) -> Response:
    """Begins a session, or says the same sentence whatever was wrong."""
    name = visit.text("name").strip()
    password, code = visit.text("password"), visit.text("code")
    token = sign_in(visit.store, name, password, code=code, replaces=visit.token)
    if token is None:
        return visit.page("sign_in.html", status=403, name=name, says=WRONG)
    response = go_to("/")
    give_cookie(visit.office, response, token)
    return response


def leave(visit: Visit) -> Response:
    """Ends the session."""
    sign_out(visit.store, visit.token)
    response = go_to("/sign-in")
    response.delete_cookie(visit.office.cookie, secure=visit.office.secure, httponly=True, samesite="lax")
    return response


def ask_new_password(visit: Visit) -> Response:
    """The page behind an invitation's link."""
    return _join(visit)


def take_new_password(visit: Visit) -> Response:
    """Sets the password and begins a session."""
    invitation = visit.path["invitation"]
    try:
        if visit.text("password") != visit.text("repeated"):
            raise DataError("The two passwords differ.", hint="type the same one twice")
        token = accept_invitation(visit.store, invitation, visit.text("password"))
    except DataError as error:
        return _join(visit, status=400, says=error.message)
    response = go_to("/")
    give_cookie(visit.office, response, token)
    return response


def _join(visit: Visit, *, status: int = 200, says: str = "") -> Response:
    invitation = visit.path["invitation"]
    name = invited_person(visit.store, invitation)
    return visit.page("join.html", status=status, name=name, invitation=invitation, says=says)


def fresh_form_token(visit: Visit) -> Response:
    """The form token of the session, for a page that is older than it."""
    return JSONResponse({"form_token": form_token(visit.token), "person": visit.person.name})


PAGES = (
    Page("/", home, allowed=SIGNED_IN),
    Page("/sign-in", ask_password, allowed=EVERYONE),
    Page("/sign-in", check_password, method="POST", allowed=EVERYONE),
    Page("/sign-out", leave, method="POST", allowed=SIGNED_IN),
    Page("/join/{invitation}", ask_new_password, allowed=EVERYONE),
    Page("/join/{invitation}", take_new_password, method="POST", allowed=EVERYONE),
    Page("/form-token", fresh_form_token, allowed=SIGNED_IN),
)
