"""acclimate release: judge the model that was evaluated last under the project's gates."""

from __future__ import annotations

import typer

from acclimate.api import Project
from acclimate.cli.console import print_json, say
from acclimate.cli.options import HERE, JsonOption, ProjectOption, QuickOption, QuietOption, new_app
from acclimate.release.evidence import PASS
from acclimate.release.words import finding_cells, verdict_sentence

app = new_app("acclimate release --project demo")

_HEADS = ("gate", "what is asked", "measured", "required", "status")


@app.command()
def command(
    project: ProjectOption = HERE,
    quick: QuickOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Give the verdict under the gates of acclimate.yaml: pass, fail, or insufficient evidence with what is still needed.

    Exits with 0 for pass and with 3 otherwise. The verdict lies as verdict.json in the project, and stands in the report.

    example: acclimate release --project demo
    """
    verdict = Project.open(project, quick=quick).release()
    if as_json:
        print_json(verdict.to_json())
    else:
        print(verdict_sentence(verdict))
        rows = [_HEADS, *(finding_cells(finding) for finding in verdict.findings)]
        widths = [max(len(row[place]) for row in rows) for place in range(len(_HEADS))]
        for row in rows if verdict.findings else ():
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        for reason in verdict.reasons:
            print(f"because {reason}")
        if verdict.no_gate:
            print(f"not tested, since no gate asks for it: {', '.join(verdict.no_gate)}")
    say("the report shows it with who set each gate and why: acclimate report", quiet=quiet)
    if verdict.status != PASS:
        raise typer.Exit(3)
