"""acclimate where: the folder of a step's newest artifact."""

from __future__ import annotations

import typer

from acclimate.api import Project
from acclimate.cli.console import print_json
from acclimate.cli.options import HERE, JsonOption, ProjectOption, QuickOption, QuietOption, new_app

app = new_app("acclimate where split --project demo")


@app.command()
def command(
    step: str = typer.Argument(help="A step's name, for example split or predict.base."),
    project: ProjectOption = HERE,
    quick: QuickOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Print the folder of a step's newest artifact.

    example: ls $(acclimate where split --project demo)
    """
    folder = Project.open(project, quick=quick).where(step)
    print_json({"step": step, "folder": str(folder)}) if as_json else print(folder)
