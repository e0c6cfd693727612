"""Serves erasures of a project in forks: `python -m tests.integration.killed_erasures`."""

from __future__ import annotations

from typing import Any

from tests.integration.erasing import SUBJECT

from acclimate.api import Project
from acclimate.core import crash_points
from acclimate.testing.forks import serve


def erase(request: dict[str, Any]) -> None:
    """Erases the person, killed at a crash point or not."""
    if request["fatal_visit"]:
        crash_points.arm(request["fatal_visit"])
    Project.open(request["project"]).erase(SUBJECT)


if __name__ == "__main__":
    serve(erase)
