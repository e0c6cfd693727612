"""How long each stretch of a stage's work took. A stage never reads the clock; whoever shows its bars may."""

from __future__ import annotations

import time
from collections.abc import Callable

from acclimate.core.ports import Progress


class Stopwatch:
    """Bars that are shown as before and timed beside it: seconds by description, in `seconds`."""

    def __init__(self, show: Callable[[str, int], Progress]) -> None:
        self.seconds: dict[str, float] = {}
        self._show = show

    def progress(self, description: str, total: int) -> Progress:
        """A bar whose time is added to that of earlier bars of the same description."""
        return _Timed(self, description, self._show(description, total))


class _Timed:
    def __init__(self, stopwatch: Stopwatch, description: str, bar: Progress) -> None:
        self._stopwatch, self._description, self._bar = stopwatch, description, bar
        self._began = 0.0

    def advance(self, amount: int = 1) -> None:
        self._bar.advance(amount)

    def __enter__(self) -> _Timed:
        self._began = time.monotonic()
        self._bar.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.__exit__(*exception)
        seconds = self._stopwatch.seconds
        seconds[self._description] = seconds.get(self._description, 0.0) + time.monotonic() - self._began
