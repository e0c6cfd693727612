"""acclimate export: the adapted model as a folder of its own, to be served, trained further or a base in its turn."""

from __future__ import annotations

from pathlib import Path

import typer

from acclimate.api import Project
from acclimate.cli.console import print_json, say
from acclimate.cli.options import HERE, JsonOption, ProjectOption, QuickOption, QuietOption, new_app

app = new_app("acclimate export notes-model --project notes")


@app.command()
def command(
    folder: Path = typer.Argument(help="A new folder for the model."),
    project: ProjectOption = HERE,
    quick: QuickOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write the adapted model, base and adapter merged at the kept strength, as a safetensors folder in fp32.

    Another project can name it as its base: preferences are often learnt after answers.

    example: acclimate export notes-model --project notes
    """
    made = Project.open(project, quick=quick).export(folder)
    print_json({"folder": str(made)}) if as_json else print(made)
    say(f"another project can start from it: base: {made.resolve()}", quiet=quiet)
