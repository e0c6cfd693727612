"""acclimate audit: check the audit log's chain and print its events; check every artifact against what was published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import typer

from acclimate.cli.console import print_json, say, tell
from acclimate.cli.options import HERE, JsonOption, ProjectOption, QuietOption, new_app
from acclimate.project.verification import Checked, check_project, first_fault
from acclimate.project.workspace import Workspace

app = new_app("acclimate audit --project demo")


@app.command()
def command(
    project: ProjectOption = HERE,
    holds: str = typer.Option("", help="A digest that an earlier run printed: fail unless it still stands."),
    files: bool = typer.Option(
        False, "--files", help="Read every artifact instead: each must be whole, or erased with its receipt."
    ),
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Print every audit event; fails at the first line that does not follow from the one before it.

    Note the digest it ends with outside the project: --holds then shows that nothing up to it was changed or cut off.

    example: acclimate audit --project demo
    """
    workspace = Workspace.open(project)
    log = workspace.audit
    events, head = list(log.events()), log.head()
    if holds:
        log.check_holds(holds)
    if files:
        _print_files(check_project(workspace), as_json=as_json)
    elif as_json:
        print_json(events)
    else:
        for event in events:
            details = " ".join(f"{name}={value}" for name, value in sorted(event.items()) if name not in _FIXED)
            tell(f"{event['at']} {event['who']} {event['action']} {details}")
    say(f"{len(events)} events, the chain holds; newest digest {head}", quiet=quiet)


def _print_files(checked: Sequence[Checked], *, as_json: bool) -> None:
    """Every artifact and receipt; fails, after all were shown, where something is wrong with one."""
    if as_json:
        print_json([asdict(one) for one in checked])
    else:
        for one in checked:
            tell("  ".join(part for part in (f"{one.state:<8}", one.name, one.receipt, one.fault) if part))
    fault = first_fault(checked)
    if fault is not None:
        raise fault


_FIXED = frozenset({"at", "who", "action", "previous"})
