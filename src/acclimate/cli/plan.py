"""acclimate plan: what is stale and why, and what running it will cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer

from acclimate.api import Project
from acclimate.backends.memory import free_machine_memory
from acclimate.cli.console import print_json, say, size
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
from acclimate.core.durations import duration
from acclimate.core.stage import ExpectedCost
from acclimate.pipeline.plan import PlannedStep, Status

app = new_app("acclimate plan --project demo")


@app.command()
def command(
    project: ProjectOption = HERE,
    until: str | None = typer.Option(None, help="Plan only what leads to this step."),
    overrides: SetOption = [],  # noqa: B006 - typer copies it
    quick: QuickOption = False,
    strict: StrictOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show which steps are current, which will run and why, with time and memory expected.

    example: acclimate plan --project demo
    """
    planned = Project.open(project, overrides=overrides, quick=quick).plan(until=until, strict=strict)
    say(_too_little_memory(planned), quiet=quiet)
    if as_json:
        print_json([_row(step) for step in planned])
        return
    for step in planned:
        print(f"{step.step.name:<17} {step.status:<8} {step.reason}{_expected(step)}")
    waiting = [step for step in planned if step.status is not Status.CURRENT]
    print(f"{len(waiting)} of {len(planned)} steps will run{_total(waiting)}")


def _too_little_memory(planned: Sequence[PlannedStep]) -> str:
    """A warning where a step is expected to need more memory than is free now; else nothing."""
    needed = {step.step.name: step.estimate.memory_bytes for step in planned if step.estimate}
    most, free = max(needed.values(), default=0), free_machine_memory()
    if most <= free:
        return ""
    step = next(name for name, memory in needed.items() if memory == most)
    return f"warning: {step} is expected to need {size(most)} of memory and {size(free)} are free"


def _total(waiting: Sequence[PlannedStep]) -> str:
    costs = [step.estimate.seconds for step in waiting if step.estimate]
    if not costs:
        return ""
    rest = len(waiting) - len(costs)
    unknown = f", and what {rest} of them take is known once the steps before them have run" if rest else ""
    return f", about {duration(sum(costs))}{unknown}"


def _row(planned: PlannedStep) -> dict[str, Any]:
    estimate = planned.estimate
    return {
        "step": planned.step.name,
        "status": planned.status,
        "reason": planned.reason,
        "key": planned.key,
        "expected_seconds": estimate.seconds if estimate else None,
        "expected_memory_bytes": estimate.memory_bytes if estimate else None,
    }


def _expected(planned: PlannedStep) -> str:
    return f"  [{expected_cost(planned.estimate)}]" if planned.estimate else ""


def expected_cost(estimate: ExpectedCost) -> str:
    """What a step is expected to cost, and how that is known.

    >>> expected_cost(ExpectedCost(95, 2_000_000_000, because="for a 135M model on two cores"))
    'about 1 min 35 s, 2.0 GB; for a 135M model on two cores'
    >>> expected_cost(ExpectedCost(4.2, because="as in the last run"))
    'about 4.2 s; as in the last run'
    """
    memory = f", {size(estimate.memory_bytes)}" if estimate.memory_bytes else ""
    because = f"; {estimate.because}" if estimate.because else ""
    return f"about {duration(estimate.seconds)}{memory}{because}"
