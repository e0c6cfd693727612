"""`acclimate train dial`: how strongly what was trained acts, shown and changed without training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer

from acclimate.api import Project
from acclimate.cli.console import listener, next_command, print_json, say, tell
from acclimate.cli.options import HERE, JsonOption, ProjectOption, QuickOption, QuietOption
from acclimate.core.errors import ConfigError


def dial(
    project: ProjectOption = HERE,
    alpha: float | None = typer.Option(None, help="Strength from 0 (the base) to 1 (as trained) to keep from now on."),
    auto: bool = typer.Option(False, "--auto", help="Let the retention budget choose the strength again."),
    quick: QuickOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show what each strength of the trained model gains and forgets; set the one to keep, without training.

    The strength is written to acclimate.yaml as dial.alpha; the next run evaluates anew.

    example: acclimate train dial --project demo --alpha 0.75
    """
    if alpha is not None and auto:
        raise ConfigError("--alpha sets a strength and --auto lets the budget choose one.", hint="give one of the two")
    opened = Project.open(project, quick=quick)
    if alpha is not None or auto:
        opened.set_dial(alpha)
        opened = Project.open(project, quick=quick)
    opened.run(until="dial", listener=listener(quiet=quiet))
    metrics = opened.report("dial").metrics
    if as_json:
        print_json(metrics)
    else:
        for row in metrics["points"]:
            tell(_line(row, kept=metrics["alpha"]))
    say(f"next: {next_command('run', project=project, quick=quick)}", quiet=quiet)


def _line(row: Mapping[str, Any], *, kept: float) -> str:
    parts = [f"{row['alpha']:5.2f}"]
    if row.get("preference_accuracy") is not None:
        parts.append(f"{row['preference_accuracy']:.0%} of validation pairs right, loss {row['preference_loss']:.3f}")
    elif row.get("bits_per_byte") is not None:
        parts.append(f"validation {row['bits_per_byte']:.3f} bits per byte")
    if row.get("general") is not None:
        parts.append(f"general text {row['general']:+.2%}")
    if row.get("abilities") is not None:
        parts.append(f"abilities {100 * row['abilities']:+.1f} points")
    parts.append("inside the budget" if row["inside"] else row["because"])
    return " · ".join(parts) + (" · kept" if row["alpha"] == kept else "")
