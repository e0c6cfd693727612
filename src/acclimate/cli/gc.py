"""acclimate gc: remove artifacts that nothing current needs."""

from __future__ import annotations

import typer

from acclimate.api import Project
from acclimate.cli.console import next_command, print_json, say, size, tell
from acclimate.cli.options import HERE, JsonOption, ProjectOption, QuickOption, QuietOption, new_app
from acclimate.core.errors import ConfigError
from acclimate.pipeline.plan import PlannedStep
from acclimate.project.cleanup import removable, remove

app = new_app("acclimate gc --project demo --dry-run")


@app.command()
def command(
    project: ProjectOption = HERE,
    yes: bool = typer.Option(False, "--yes", help="Delete what is listed; without it nothing is deleted."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Only list, as without --yes."),
    quick: QuickOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """List what nothing current needs, with sizes; delete it with --yes.

    Exported annotations stay where a source reads them or a release names them, and the newest of each task does.

    example: acclimate gc --project demo --dry-run
    """
    if yes and dry_run:
        raise ConfigError("--yes deletes and --dry-run does not.", hint="give one of them")
    opened = Project.open(project, quick=quick)
    with opened.workspace.lock():
        opened.workspace.check_no_erasure_is_unfinished()
        needed = [needed_artifact(opened, step) for step in opened.plan()]
        items = removable(opened.workspace, needed=needed, sources=source_paths(opened))
        if yes:
            remove(opened.workspace, items)
    rows = [{"folder": str(item.folder), "what": item.what, "bytes": item.bytes} for item in items]
    if as_json:
        print_json({"removed": yes, "items": rows})
        return
    for item in items:
        tell(f"{size(item.bytes):>9}  {item.what:<28} {item.folder}")
    total = size(sum(item.bytes for item in items))
    say(f"{'removed' if yes else 'would remove'} {len(items)} folders, {total}", quiet=quiet)
    if items and not yes:
        say(f"next: {next_command('gc', '--yes', project=project, quick=quick)}", quiet=quiet)


def source_paths(project: Project) -> list[str]:
    """The paths of all sources of a project, as acclimate.yaml has them."""
    configs = [project.config.resolve(step) for step in project.config.steps]
    return [source.path for config in configs for source in getattr(config, "sources", ()) if source.path]


def needed_artifact(project: Project, planned: PlannedStep) -> tuple[str, str]:
    """The artifact to keep for a step: the current one, else the newest, which the next run may still want."""
    finished = planned.finished or project.workspace.latest(planned.step.name)
    return planned.step.name, finished.manifest.key if finished else ""
