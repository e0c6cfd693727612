"""acclimate init: make a project."""

from __future__ import annotations

from pathlib import Path

import typer

from acclimate.cli.console import next_command, print_json, say
from acclimate.cli.options import JsonOption, QuietOption, new_app
from acclimate.core.atomic import write_bytes
from acclimate.core.errors import ConfigError, WorkspaceError
from acclimate.pipeline.template import project_template
from acclimate.project.keys import has_key, new_key
from acclimate.project.workspace import PROJECT_FILE, Workspace

app = new_app("acclimate init demo --example clinical")

EXAMPLES = ("clinical",)


@app.command()
def command(
    folder: Path = typer.Argument(help="The project's folder; made when missing."),
    example: str | None = typer.Option(None, help=f"Fill it with an example: {', '.join(EXAMPLES)}."),
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Make a project: acclimate.yaml with every setting explained, and a key for surrogates.

    example: acclimate init demo --example clinical
    """
    if folder.exists() and not folder.is_dir():
        raise WorkspaceError(f"{folder} is a file, and a project is a folder.", hint="choose another name")
    if (folder / PROJECT_FILE).exists():
        raise WorkspaceError(
            f"{folder} holds an {PROJECT_FILE} already.", hint="choose another folder, or edit that file"
        )
    if example is not None and example not in EXAMPLES:
        raise ConfigError(f"There is no example {example!r}.", hint=f"there is: {', '.join(EXAMPLES)}")
    folder.mkdir(parents=True, exist_ok=True)
    project = _write_example(folder) if example else _write_template(folder)
    key = new_key(project, "surrogates") if not has_key(project, "surrogates") else None
    Workspace.open(folder).audit.append("project made", example=example or "")
    following = next_command("plan", project=folder)
    print_json({"folder": str(folder), "project": project, "key": str(key)}) if as_json else print(folder)
    say(f"wrote {folder / PROJECT_FILE}", quiet=quiet)
    say(f"made the key {key}: keep a copy of it in a safe place" if key else "the project's key exists", quiet=quiet)
    say(f"next: {'' if example else f'name your data in {folder / PROJECT_FILE}, then '}{following}", quiet=quiet)


def _write_example(folder: Path) -> str:
    from acclimate.examples.clinical import write_project

    write_project(folder)
    return "clinical-demo"


def _write_template(folder: Path) -> str:
    project = folder.resolve().name.replace(" ", "-").replace(".", "-") or "project"
    write_bytes(folder / PROJECT_FILE, project_template(project).encode())
    return project
