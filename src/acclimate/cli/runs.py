"""acclimate runs: every training run that the project still holds, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from acclimate.cli.console import print_json, say, tell
from acclimate.cli.options import HERE, JsonOption, ProjectOption, QuickOption, QuietOption, new_app
from acclimate.core.atomic import write_bytes
from acclimate.core.durations import duration
from acclimate.pipeline.runs import Figure, TrainingRun, training_runs
from acclimate.project.workspace import TRIAL, Workspace

app = new_app("acclimate runs --project demo --plot runs.svg")


@app.command()
def command(
    project: ProjectOption = HERE,
    plot: Path | None = typer.Option(None, help="Draw what each run gained and forgot into this file (SVG)."),
    quick: QuickOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """List the training runs of a project with their settings and what came of them, oldest first.

    Runs whose artifacts `acclimate gc` removed are not in the list. An asterisk marks the run that the report tells of.

    example: acclimate runs --project demo --plot runs.svg
    """
    runs = training_runs(Workspace.open(project, area=TRIAL if quick else ""))
    if as_json:
        print_json([run.to_json() for run in runs])
    else:
        for line in _table(runs):
            tell(line)
    if plot is not None:
        from acclimate.report.figures import gain_and_forgetting

        points = {_label(run): (run.gain.value, run.general.value) for run in runs if run.gain and run.general}
        write_bytes(plot, gain_and_forgetting(points).encode())
        say(f"wrote {plot}", quiet=quiet)
    if not runs:
        say("No model has been trained yet.\nnext: acclimate run --until train", quiet=quiet)


def _table(runs: Sequence[TrainingRun]) -> list[str]:
    """Columns of equal width, the settings that differ last."""
    if not runs:
        return []
    rows = [["run", "started", "took", "tokens", "alpha", "gain", "general text", "retention", "settings that differ"]]
    rows += [_cells(run) for run in runs]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _cells(run: TrainingRun) -> list[str]:
    return [
        run.key[:8] + ("*" if run.is_current else ""),
        run.started[:16].replace("T", " "),
        duration(run.seconds),
        f"{run.tokens:,}",
        "-" if run.alpha is None else f"{run.alpha:g}",
        _shown(run.gain, ".3f"),
        _shown(run.general, ".2%"),
        run.retention or "not evaluated",
        ", ".join(f"{name}={value}" for name, value in run.differs.items()),
    ]


def _shown(figure: Figure | None, form: str) -> str:
    if figure is None:
        return "-"
    interval = "" if figure.low is None else f" ({figure.low:+{form}} to {figure.high:+{form}})"
    return f"{figure.value:+{form}}{interval}"


def _label(run: TrainingRun) -> str:
    return run.key[:8] if run.alpha is None else f"{run.key[:8]} at {run.alpha:g}"
