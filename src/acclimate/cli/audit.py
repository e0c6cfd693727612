"""acclimate audit: check the audit log's chain and print its events."""

from __future__ import annotations

import typer

from acclimate.cli.console import print_json, say
from acclimate.cli.options import HERE, JsonOption, ProjectOption, QuietOption, new_app
from acclimate.project.workspace import Workspace

app = new_app("acclimate audit --project demo")


@app.command()
def command(
    project: ProjectOption = HERE,
    holds: str = typer.Option("", help="A digest that an earlier run printed: fail unless it still stands."),
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Print every audit event; fails at the first line that does not follow from the one before it.

    Note the digest it ends with outside the project: --holds then shows that nothing up to it was changed or cut off.

    example: acclimate audit --project demo
    """
    log = Workspace.open(project).audit
    events, head = list(log.events()), log.head()
    if holds:
        log.check_holds(holds)
    if as_json:
        print_json(events)
    else:
        for event in events:
            details = " ".join(f"{name}={value}" for name, value in sorted(event.items()) if name not in _FIXED)
            print(f"{event['at']} {event['who']} {event['action']} {details}")
    say(f"{len(events)} events, the chain holds; newest digest {head}", quiet=quiet)


_FIXED = frozenset({"at", "who", "action", "previous"})
