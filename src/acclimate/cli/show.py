"""acclimate show: the way of a record from source to prediction, or of a model back to its sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import typer

from acclimate.api import Project
from acclimate.cli.console import print_json, tell
from acclimate.cli.options import HERE, JsonOption, ProjectOption, QuickOption, QuietOption, new_app
from acclimate.pipeline.lineage import ancestors, is_artifact, record_way

app = new_app("acclimate show train --project demo")


@app.command()
def command(
    name: str = typer.Argument(help="A record's id, or a step, key or folder of an artifact."),
    project: ProjectOption = HERE,
    quick: QuickOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show where a record came from and what became of it, or everything an artifact was made from.

    example: acclimate show train --project demo
    """
    opened = Project.open(project, quick=quick)
    if is_artifact(opened.workspace, name):
        way = ancestors(opened.workspace, name)
        if as_json:
            print_json([asdict(ancestor) for ancestor in way])
            return
        for ancestor in way:
            role = f"{ancestor.role}: " if ancestor.role else ""
            tell(f"{'  ' * ancestor.depth}{role}{ancestor.step} {ancestor.key}  {_facts(ancestor.facts)}")
        return
    sightings = record_way(opened.workspace, opened.config, name)
    if as_json:
        print_json([asdict(sighting) for sighting in sightings])
        return
    for sighting in sightings:
        tell(f"{sighting.step:<17} {sighting.outcome:<8} {sighting.id}  {_facts(sighting.facts)}")


def _facts(facts: Mapping[str, Any]) -> str:
    return "  ".join(f"{name}={_plain(value)}" for name, value in facts.items())


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return f"{len(value)} ({', '.join(value[:3])}{', …' if len(value) > 3 else ''})"
    return f"{value:.2f}" if isinstance(value, float) else str(value)
