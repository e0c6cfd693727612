"""Serves runs of a project in forks: `python -m tests.integration.killed_runs`."""

from __future__ import annotations

from typing import Any

from acclimate.api import Project
from acclimate.core import crash_points
from acclimate.pipeline.table import STAGE_NAMES, load_stage
from acclimate.testing.forks import import_models, serve


def run(request: dict[str, Any]) -> None:
    """Runs the project, killed at a crash point or not."""
    if request["fatal_visit"]:
        crash_points.arm(request["fatal_visit"])
    Project.open(request["project"]).run()


if __name__ == "__main__":
    import_models()
    for name in STAGE_NAMES:
        load_stage(name)
    serve(run)
