"""What stands before every page: the host allow-list, the Origin check, the size of bodies, and security headers."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not no-referrer: under it browsers send forms with Origin null, which the check below refuses.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    # Records must not stay in the browser's cache on a shared computer.
    "cache-control": "no-store",
}
HTTPS_ALONE = {"strict-transport-security": "max-age=31536000"}
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class Shield:
    """Refuses foreign hosts (DNS rebinding) and changes that another site's page asks for; adds the headers."""

    def __init__(self, app: ASGIApp, *, origins: tuple[str, ...]) -> None:
        self.app = app
        self.by_host = {urlsplit(origin).netloc: origin for origin in origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        origin = self.by_host.get(Headers(scope=scope).get("host", ""))

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                if (origin or "").startswith("https://"):
                    headers.update(HTTPS_ALONE)
            await send(message)

        fault = _fault(scope, origin)
        if fault is not None:
            await fault(scope, receive, send_with_headers)
        else:
            await self.app(scope, receive, send_with_headers)


def _fault(scope: Scope, origin: str | None) -> PlainTextResponse | None:
    if origin is None:
        return PlainTextResponse("This host name is not served here.", 421)
    headers = Headers(scope=scope)
    if scope["method"] in SAFE_METHODS:
        return None
    said = headers.get("origin")
    if said != origin:
        return PlainTextResponse("Changes are taken from this application's own pages alone.", 403)
    return None
