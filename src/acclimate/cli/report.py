"""acclimate report: write the HTML report, or the page of the data alone."""

from __future__ import annotations

import typer

from acclimate.api import Project
from acclimate.cli.console import print_json, say
from acclimate.cli.options import HERE, JsonOption, ProjectOption, QuickOption, QuietOption, new_app

app = new_app("acclimate report --project demo")


@app.command()
def command(
    project: ProjectOption = HERE,
    data: bool = typer.Option(False, "--data", help="The data alone (profile.html), before anything is trained."),
    quick: QuickOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write one self-contained HTML file that says whether it helped, what it cost and what was not tested.

    example: acclimate report --project demo
    """
    opened = Project.open(project, quick=quick)
    path = opened.write_profile() if data else opened.write_report()
    print_json({"report": str(path)}) if as_json else print(path)
    say("open it in a browser; it holds example texts, so it is readable by you alone", quiet=quiet)
