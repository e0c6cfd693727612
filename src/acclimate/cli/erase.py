"""acclimate erase: remove a person from the project, and leave a receipt."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from pathlib import Path

import typer

from acclimate.api import Project
from acclimate.cli.console import next_command, print_json, say, tell
from acclimate.cli.options import HERE, AsOption, JsonOption, ProjectOption, QuietOption, new_app
from acclimate.core.errors import ConfigError
from acclimate.project.erasure import SOURCE, Erased

app = new_app("acclimate erase --subject p0004 --project demo --dry-run")


@app.command()
def command(
    project: ProjectOption = HERE,
    subject: str = typer.Option("", help="Their id in the sources, or in the open zone (s…); - reads it from stdin."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Only tell what would be deleted and what it means."),
    keep_models: str = typer.Option(
        "", help="Why models that were trained on them may stay; it stands in the receipt. Without it they go."
    ),
    in_advance: bool = typer.Option(False, "--in-advance", help="Refuse the subject though no record names them."),
    resume: bool = typer.Option(False, "--resume", help="End an erasure that was interrupted."),
    as_person: AsOption = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Remove a person from everything the project keeps, and refuse them when they come again.

    Your own source files are not changed: the lines to remove there are listed. Annotations are those of annotation.db,
    or of DATABASE_URL; where there are any, an owner or manager of the whole project signs in.

    example: acclimate erase --subject p0004 --project demo --dry-run
    """
    opened = Project.open(project)
    if resume == bool(subject):
        raise ConfigError(
            "There is nobody to erase." if not resume else "--resume ends what was begun, and takes no subject.",
            hint="give either --subject ID or --resume",
        )
    named = sys.stdin.readline().strip() if subject == "-" else subject
    database = os.environ.get("DATABASE_URL")
    if resume:
        erased = opened.resume_erasure(database=database, by=_eraser(project, database, as_person))
    elif dry_run:
        erased = opened.preview_erasure(named, keep_models=keep_models, database=database)
    else:
        by = _eraser(project, database, as_person)
        erased = opened.erase(named, keep_models=keep_models, in_advance=in_advance, database=database, by=by)
    print_json(_plain(erased)) if as_json else _print(erased)
    if dry_run:
        say("nothing was changed; without --dry-run it is done", quiet=quiet)
        return
    say(f"erased {erased.subject}; receipt: {erased.receipt}", quiet=quiet)
    if erased.places:
        say("remove the records listed under source from your own files: acclimate does not change them", quiet=quiet)
    if any(one.kind == SOURCE for one in erased.affected):
        say("warning: a source that is fetched or unpacked brings them back until it is mended; see above", quiet=quiet)
    say(f"next: {next_command('run', project=project)}", quiet=quiet)


def _eraser(project: Path, database: str | None, as_person: str) -> str:
    """Who erases, where there are annotations and anybody can sign in to them; else nobody by name."""
    from acclimate.annotation.erasure import AnnotationDatabase
    from acclimate.annotation.people import Role, require_every_site, somebody_can_sign_in
    from acclimate.cli.sign_in import sign_in

    annotations = AnnotationDatabase.of_project(project, database)
    if annotations is None:
        return ""
    with annotations.opened() as store:
        with store.read() as connection:
            if not somebody_can_sign_in(connection):
                return ""
        who = sign_in(store, as_person, command="erase")
        with store.read() as connection:
            require_every_site(connection, who, Role.OWNER, Role.MANAGER)
    return who


_COPY = "nearly the same text under another subject, not erased; if it is theirs, remove it there too"


def _plain(erased: Erased) -> dict[str, object]:
    return {**asdict(erased), "receipt": str(erased.receipt) if erased.receipt else None}


def _print(erased: Erased) -> None:
    for one in erased.affected:
        tell(f"{one.kind:<9} {one.name}  {one.what}")
    for place in erased.places:
        tell(f"{'source':<9} {place.source} {place.locator}  {place.id}: remove it there")
    for copy in erased.copies:
        tell(f"{'copy':<9} {copy.source} {copy.locator}  {copy.id}: {_COPY}")
    if not (erased.affected or erased.places):
        tell("nothing of them is left here")
