"""How long the server waits for a client: uvicorn waits for ever for the head of a request that comes byte by byte."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 20.0
"""The whole head of a request, or of the next one on a connection that is kept, must have come by then."""


class Impatient(H11Protocol):
    """Closes a connection whose next request does not begin in time; bodies have a limit of their own (`web`)."""

    head_seconds = HEAD_SECONDS
    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begins to wait."""
        super().connection_made(transport)
        self._wait()

    def on_response_complete(self) -> None:
        """Waits for the next request."""
        super().on_response_complete()
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Waits no longer."""
        if self._waiting is not None:
            self._waiting.cancel()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = self.loop.call_later(self.head_seconds, self._give_up, self.cycle)

    def _give_up(self, answered: Any) -> None:
        at_rest = answered is None or answered.response_complete
        if self.cycle is answered and at_rest and not self.transport.is_closing():
            self.transport.close()
