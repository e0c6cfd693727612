"""acclimate audit: check the audit log's chain and print its events; check every artifact against what was published."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import typer

from acclimate.cli.console import print_json, say, tell
from acclimate.cli.options import HERE, ByOption, JsonOption, ProjectOption, QuietOption, new_app, refuse_options_before
from acclimate.core.errors import WorkspaceError
from acclimate.project.audit import AuditLog, account_name
from acclimate.project.verification import Checked, check_project, first_fault
from acclimate.project.workspace import Workspace

app = new_app(
    "acclimate audit --project demo",
    says="Print every audit event; check the chains of the log and of the annotations.",
)


@app.callback(invoke_without_command=True)
def command(
    context: typer.Context,
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
    if context.invoked_subcommand is not None:
        refuse_options_before(context.invoked_subcommand, context)
        return
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


@app.command()
def verify(project: ProjectOption = HERE, as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Check the audit log's chain and, where there are annotations, theirs, every answer, and what the log notes of them.

    Needs no acclimate.yaml. Fails at the first event that was changed, added, removed or cut off, and names an older
    database. After a backup was put back, what the log noted before counts no longer; it says so. Events of the
    annotations after the last that the log noted are unproved: it says how many.

    example: acclimate audit verify --project demo
    """
    from acclimate.annotation.anchoring import verify_anchored
    from acclimate.annotation.store import FILE, Store, database_url

    log = AuditLog(project / "audit.jsonl")
    url = os.environ.get("DATABASE_URL")
    said: dict[str, Any] = {"events": sum(1 for _ in log.events()), "head": log.head()}
    if url or (project / FILE).exists():
        store = Store.open(database_url(project, url))
        said["annotation"] = asdict(verify_anchored(store, log))
        store.close()
    elif not log.path.exists():
        raise WorkspaceError(
            f"There is neither an audit log nor a {FILE} in {project.resolve()}.",
            hint="point to the project with --project DIR",
        )
    if as_json:
        print_json(said)
        return
    print(f"audit log: {said['events']} events, the chain holds; newest digest {said['head']}")
    if found := said.get("annotation"):
        print(f"annotations: {found['events']} events, the chain and every answer hold; newest digest {found['head']}")
        since = f" since the last of {found['restored']} times a backup was put back" if found["restored"] else ""
        print(f"{found['anchors']} digests that the audit log noted{since} stand in the annotations")
        if found["unproved"]:
            print(f"unproved: the newest {found['unproved']} events, which came after the last noted digest")
    say(
        "note the newest digests outside the project: a later check can then show that nothing was cut off", quiet=quiet
    )


@app.command("annotations")
def annotation_events(
    project: ProjectOption = HERE,
    person: str = typer.Option("", help="What this person did, or what names them."),
    record: str = typer.Option("", help="What concerns the item with this id."),
    kind: str = typer.Option("", help="What is of this kind, such as answered, leased or 'snapshot exported'."),
    task: str = typer.Option("", help="What belongs to this task."),
    since: str = typer.Option("", help="What happened since this day or moment, in UTC where it names no offset."),
    by: ByOption = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Print what people did in the annotations, oldest first; fails where the chain of events is broken.

    For owners, managers and auditors of every site.

    example: acclimate audit annotations --person ann --kind answered --since 2026-03-01 --project demo
    """
    from acclimate.annotation.event_search import Wanted, find_events
    from acclimate.annotation.store import FILE, Store, database_url

    url = os.environ.get("DATABASE_URL")
    if not url and not (project / FILE).exists():
        raise WorkspaceError(f"There is no {FILE} in {project.resolve()}.", hint="point to it with --project DIR")
    store = Store.open(database_url(project, url))
    try:
        wanted = Wanted(person=person, record=record, kind=kind, task=task, since=since)
        found = find_events(store, wanted, by=by or account_name())
    finally:
        store.close()
    if as_json:
        print_json(found.events)
    else:
        for event in found.events:
            details = " ".join(f"{name}={value}" for name, value in sorted(event["details"].items()))
            tell(f"{event['number']} {event['at']} {event['who']} {event['action']} {details}")
    say(f"{found.matching} of {found.all} events; the chain holds, newest digest {found.head}", quiet=quiet)


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
