"""Talk on stderr: one line a step, a bar with time left for long work, plain lines where there is no terminal."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from acclimate.api import Silent
from acclimate.cli.options import HERE
from acclimate.cli.printable import one_line, printable
from acclimate.core.durations import duration
from acclimate.core.ports import Progress
from acclimate.core.sources import read_as
from acclimate.pipeline.plan import PlannedStep
from acclimate.pipeline.run import Listener, StepOutcome


def listener(*, quiet: bool) -> Listener:
    """Who talks to the user during a run."""
    return Silent() if quiet else Talk()


class Talk:
    """Says on stderr what happens."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False)

    def progress(self, description: str, total: int) -> Progress:
        """A bar with time left, gone when its work is done."""
        return _Bar(self.console, description, total)

    def begins(self, planned: PlannedStep) -> None:
        """One line: which step, why, how long it is expected to take."""
        expected = f", about {duration(planned.estimate.seconds)}" if planned.estimate else ""
        self._print(f"{planned.step.name}: {planned.reason}{expected}", style="dim")

    def ended(self, outcome: StepOutcome) -> None:
        """One line: what came of it."""
        took = duration(outcome.seconds) if outcome.made else "current, skipped"
        self._print(f"{outcome.planned.step.name}: {counts_line(outcome)} ({took})")
        if outcome.made:
            for name, source in outcome.report.metrics.get("sources", {}).items():
                self._print(f"  {name}: {read_as(source)}")
            for warning in outcome.report.warnings:
                self._print(f"  warning: {warning}", style="yellow")

    def _print(self, text: str, *, style: str = "") -> None:
        self.console.print(printable(text), soft_wrap=True, style=style, markup=False)


class _Bar:
    def __init__(self, console: Console, description: str, total: int) -> None:
        self._bar = RichProgress(
            TextColumn("  {task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task(description, total=total)

    def advance(self, amount: int = 1) -> None:
        self._bar.advance(self._task, amount)

    def __enter__(self) -> _Bar:
        self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.stop()


def counts_line(outcome: StepOutcome) -> str:
    """The accounting of a step in one line."""
    counts = outcome.report.counts
    created = f" + {counts.created} created" if counts.created else ""
    dropped = ", ".join(f"{reason} {number}" for reason, number in sorted(counts.dropped.items()))
    gone = f", dropped {sum(counts.dropped.values())} ({dropped})" if dropped else ""
    return f"{counts.inputs} {counts.unit}{created}: kept {counts.kept}{gone}"


def size(number: int) -> str:
    """Bytes in words.

    >>> size(1500)
    '1.5 kB'
    """
    amount, units = float(number), ["B", "kB", "MB", "GB", "TB"]
    while amount >= 1000 and len(units) > 1:
        amount /= 1000
        units.pop(0)
    return f"{amount:.0f} B" if units[0] == "B" else f"{amount:.1f} {units[0]}"


def print_json(value: Any) -> None:
    """The result on stdout, as JSON."""
    print(printable(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, default=str)))


def tell(line: object) -> None:
    """One line of the result on stdout; what would steer the terminal in it is shown, not obeyed."""
    print(one_line(str(line)))


def say(text: str, *, quiet: bool = False) -> None:
    """Talk on stderr."""
    if text and not quiet:
        print(printable(text), file=sys.stderr)


def next_command(
    *words: str, project: Path, quick: bool = False, overrides: Sequence[str] = (), strict: bool = False
) -> str:
    """The command to type next, with the options that this one was given, ready to be copied.

    >>> next_command("run", "--until", "train", project=Path("my demo"), quick=True)
    "acclimate run --until train --project 'my demo' --quick"
    """
    given = [] if project == HERE else ["--project", str(project)]
    given += [word for override in overrides for word in ("--set", override)]
    given += ["--quick"] * quick + ["--strict"] * strict
    return shlex.join(["acclimate", *words, *given])
