"""A person's own page: their password, their second factor, and the browsers in which they are signed in."""

from __future__ import annotations

import io

import segno
from markupsafe import Markup
from starlette.responses import Response

from acclimate.annotation.people import RefusedError
from acclimate.app.identity import WRONG, change_password, open_sessions, proves, sign_out_everywhere
from acclimate.app.second_factor import (
    address_of,
    begin_second_factor,
    confirm_second_factor,
    has_second_factor,
    remove_second_factor,
)
from acclimate.app.web import SIGNED_IN, Page, Visit, give_cookie, go_to
from acclimate.core.errors import DataError


def show_account(visit: Visit) -> Response:
    """What one can change about signing in."""
    name = visit.person.name
    has = has_second_factor(visit.store, name)
    return visit.page("account.html", has_second_factor=has, sessions=open_sessions(visit.store, name))


def set_other_password(visit: Visit) -> Response:
    """Sets another password; other browsers are signed out."""
    new = visit.text("new")
    if new != visit.text("repeated"):
        raise DataError("The two new passwords differ.", hint="type the same one twice")
    name, old = visit.person.name, visit.text("password")
    response = go_to("/account")
    give_cookie(visit.office, response, change_password(visit.store, name, old=old, new=new, code=visit.text("code")))
    return response


def begin(visit: Visit) -> Response:
    """Shows a new secret as a picture and in letters, this once."""
    name = visit.person.name
    _require_proof(visit)
    secret = begin_second_factor(visit.store, name)
    return visit.page("second_factor.html", secret=secret, picture=_picture(address_of(secret, name)))


def confirm(visit: Visit) -> Response:
    """Shows the recovery codes, this once."""
    codes = confirm_second_factor(visit.store, visit.person.name, visit.text("code"))
    return visit.page("recovery_codes.html", codes=codes)


def remove(visit: Visit) -> Response:
    """Ends the second factor of whoever shows both."""
    _require_proof(visit)
    remove_second_factor(visit.store, visit.person.name)
    return go_to("/account")


def leave_everywhere(visit: Visit) -> Response:
    """Ends every session of the person, this one too."""
    sign_out_everywhere(visit.store, visit.person.name)
    return go_to("/sign-in")


def _require_proof(visit: Visit) -> None:
    """Refuses whoever found the browser open and knows no password."""
    if not proves(visit.store, visit.person.name, visit.text("password"), code=visit.text("code")):
        raise RefusedError(WRONG, hint="enter the password you have now, and a code where you use one")


def _picture(text: str) -> Markup:
    """A QR code as SVG without styles, which the pages' policy would refuse."""
    drawn = io.BytesIO()
    segno.make(text, error="m").save(drawn, kind="svg", xmldecl=False, svgns=True, scale=5, border=3, light="#fff")
    return Markup(drawn.getvalue().decode())  # noqa: S704 - drawn by segno from letters, digits and percent signs


PAGES = (
    Page("/account", show_account, allowed=SIGNED_IN),
    Page("/account/password", set_other_password, method="POST", allowed=SIGNED_IN),
    Page("/account/second-factor", begin, method="POST", allowed=SIGNED_IN),
    Page("/account/second-factor/confirm", confirm, method="POST", allowed=SIGNED_IN),
    Page("/account/second-factor/remove", remove, method="POST", allowed=SIGNED_IN),
    Page("/account/sign-out-everywhere", leave_everywhere, method="POST", allowed=SIGNED_IN),
)
