"""Named places where a kill is most dangerous, so that a test can die at each of them in turn.

Outside a test nothing is armed and reaching a point costs one comparison.
"""

from __future__ import annotations

import os
import signal

_fatal_visit: int | None = None
_visits = 0


def crash_point(name: str) -> None:
    """Marks a place between two durable steps; dies here by SIGKILL if a test armed this visit."""
    global _visits
    if _fatal_visit is None:
        return
    _visits += 1
    if _visits == _fatal_visit:
        os.kill(os.getpid(), signal.SIGKILL)


def arm(visit: int) -> None:
    """Makes the process die at the given visit (counted from 1) to any crash point. For tests."""
    global _fatal_visit, _visits
    _fatal_visit, _visits = visit, 0


def visits() -> int:
    """How many crash points were passed since `arm`."""
    return _visits
