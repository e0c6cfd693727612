"""acclimate report: write the HTML report."""

from __future__ import annotations

from acclimate.api import Project
from acclimate.cli.console import print_json, say
from acclimate.cli.options import HERE, JsonOption, ProjectOption, QuickOption, QuietOption, new_app

app = new_app("acclimate report --project demo")


@app.command()
def command(
    project: ProjectOption = HERE, quick: QuickOption = False, as_json: JsonOption = False, quiet: QuietOption = False
) -> None:
    """Write one self-contained HTML file that says whether it helped, what it cost and what was not tested.

    example: acclimate report --project demo
    """
    path = Project.open(project, quick=quick).write_report()
    print_json({"report": str(path)}) if as_json else print(path)
    say("open it in a browser; it holds example texts, so it is readable by you alone", quiet=quiet)
