"""Named places where a kill is most dangerous, so that a test can die at each of them in turn.

Outside a test nothing is armed and reaching a point costs one comparison.
"""

from __future__ import annotations

import os
import signal

NEVER = 10**9
"""A visit that no run reaches, for one that is only to tell which points it passed."""

_fatal_visit: int | None = None
_passed: list[str] = []


def crash_point(name: str) -> None:
    """Marks a place between two durable steps; dies here by SIGKILL if a test armed this visit."""
    if _fatal_visit is None:
        return
    _passed.append(name)
    if len(_passed) == _fatal_visit:
        os.kill(os.getpid(), signal.SIGKILL)


def arm(visit: int) -> None:
    """Makes the process die at the given visit (counted from 1) to any crash point. For tests."""
    global _fatal_visit
    _fatal_visit = visit
    _passed.clear()


def passed() -> list[str]:
    """The names of the crash points passed since `arm`, in order."""
    return list(_passed)
