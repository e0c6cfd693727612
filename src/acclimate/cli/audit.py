"""acclimate audit: check the audit log's chain and print its events."""

from __future__ import annotations

from acclimate.cli.console import print_json, say
from acclimate.cli.options import HERE, JsonOption, ProjectOption, QuietOption, new_app
from acclimate.project.workspace import Workspace

app = new_app("acclimate audit --project demo")


@app.command()
def command(project: ProjectOption = HERE, as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Print every audit event; fails at the first line that was changed, added or removed.

    example: acclimate audit --project demo
    """
    events = list(Workspace.open(project).audit.events())
    if as_json:
        print_json(events)
    else:
        for event in events:
            details = " ".join(f"{name}={value}" for name, value in sorted(event.items()) if name not in _FIXED)
            print(f"{event['at']} {event['who']} {event['action']} {details}")
    say(f"{len(events)} events, the chain holds", quiet=quiet)


_FIXED = frozenset({"at", "who", "action", "previous"})
