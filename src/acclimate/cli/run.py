"""acclimate run: run what is not current."""

from __future__ import annotations

from pathlib import Path

import typer

from acclimate.api import Project
from acclimate.cli.console import listener, next_command, print_json, say
from acclimate.cli.options import (
    HERE,
    JsonOption,
    ProjectOption,
    QuickOption,
    QuietOption,
    SetOption,
    StrictOption,
    new_app,
)
from acclimate.pipeline.run import StepOutcome

app = new_app("acclimate run --project demo")


@app.command()
def command(
    project: ProjectOption = HERE,
    until: str | None = typer.Option(None, help="Stop after this step."),
    overrides: SetOption = [],  # noqa: B006 - typer copies it
    quick: QuickOption = False,
    strict: StrictOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Run every step that is not current, in order; interrupt it freely and run it again.

    example: acclimate run --project demo --until split
    """
    outcomes = run_and_tell(project, until, overrides, quick=quick, strict=strict, quiet=quiet)
    if as_json:
        print_json([outcome_row(outcome) for outcome in outcomes])
    made = sum(outcome.made for outcome in outcomes)
    say(f"{made} steps made, {len(outcomes) - made} current", quiet=quiet)
    if until is None:
        following = next_command("report", project=project, quick=quick)
    else:
        following = next_command("run", project=project, quick=quick, overrides=overrides, strict=strict)
    say(f"next: {following}", quiet=quiet)


def run_and_tell(
    project: Path, until: str | None, overrides: list[str], *, quick: bool, strict: bool, quiet: bool
) -> list[StepOutcome]:
    """Runs the pipeline with talk on stderr."""
    opened = Project.open(project, overrides=overrides, quick=quick)
    return opened.run(until=until, listener=listener(quiet=quiet), strict=strict)


def outcome_row(outcome: StepOutcome) -> dict[str, object]:
    """One step's outcome, as plain JSON."""
    return {
        "step": outcome.planned.step.name,
        "made": outcome.made,
        "seconds": round(outcome.seconds, 3),
        "artifact": str(outcome.finished.artifact.path),
        "report": outcome.report.to_json(),
    }
