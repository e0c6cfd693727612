"""Pages for signing in through a provider; they are there only where one is named."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from acclimate.app.outside import CALLBACK, Provider, begin_outside, end_outside
from acclimate.app.web import EVERYONE, Page, Visit, give_cookie, go_to


def outside_pages(provider: Provider) -> tuple[Page, ...]:
    """The routes of a provider."""

    def leave_for_provider(visit: Visit) -> Response:
        """Sends the browser to the provider; from an invitation's page, to be bound to the invited person."""
        invitation = visit.path.get("invitation", "")
        address = begin_outside(visit.store, provider, browser=visit.token, invitation=invitation)
        return RedirectResponse(address, status_code=303)

    def come_back(visit: Visit) -> Response:
        """Begins a session for whom the provider vouches."""
        state, code = visit.query.get("state", ""), visit.query.get("code", "")
        token = end_outside(visit.store, provider, browser=visit.token, state=state, code=code)
        response = go_to("/")
        give_cookie(visit.office, response, token)
        return response

    return (
        Page("/sign-in/outside", leave_for_provider, allowed=EVERYONE),
        Page("/join/{invitation}/outside", leave_for_provider, allowed=EVERYONE),
        Page(CALLBACK, come_back, allowed=EVERYONE),
    )
