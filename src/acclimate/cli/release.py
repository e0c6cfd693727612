"""acclimate release: judge the model that was evaluated last under the project's gates; bundle the evidence."""

from __future__ import annotations

import typer

from acclimate.api import Project
from acclimate.cli.console import print_json, say
from acclimate.cli.options import (
    HERE,
    JsonOption,
    ProjectOption,
    QuickOption,
    QuietOption,
    new_app,
    refuse_options_before,
)
from acclimate.release.evidence import PASS
from acclimate.release.words import finding_cells, verdict_sentence

app = new_app(
    "acclimate release --project demo",
    says="Give the verdict under the gates of acclimate.yaml: pass, fail, or insufficient evidence. Exits with 0 for pass"
    " and with 3 otherwise.",
)

_HEADS = ("gate", "what is asked", "measured", "required", "status")


@app.callback(invoke_without_command=True)
def command(
    context: typer.Context,
    project: ProjectOption = HERE,
    quick: QuickOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Give the verdict under the gates of acclimate.yaml: pass, fail, or insufficient evidence with what is still needed.

    Exits with 0 for pass and with 3 otherwise. The verdict lies as verdict.json in the project, and stands in the report.

    example: acclimate release --project demo
    """
    if context.invoked_subcommand is not None:
        refuse_options_before(context.invoked_subcommand, context)
        return
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


@app.command()
def bundle(
    version: str = typer.Argument(help="What the release is called: letters, digits, points, dashes."),
    project: ProjectOption = HERE,
    sign: str = typer.Option("", help="The signing key's name; acclimate key signing makes one."),
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write the evidence of the last evaluation into releases/VERSION: reports, manifests, log, verdict, cards.

    Others check it with acclimate verify, or with one file and no acclimate. Whatever the verdict, it is bundled.

    example: acclimate release bundle 1.0 --sign m.keller --project demo
    """
    folder = Project.open(project).write_release(version, sign=sign)
    print_json({"bundle": str(folder), "signed": bool(sign)}) if as_json else print(folder)
    unsigned = "" if sign else "; nobody signed it, so it proves nothing to others"
    say(f"check it: acclimate verify {folder} --key PUBLIC_KEY{unsigned}", quiet=quiet)
