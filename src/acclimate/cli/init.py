"""acclimate init: make a project."""

from __future__ import annotations

import importlib
from pathlib import Path

import typer

from acclimate.cli.console import next_command, print_json, say
from acclimate.cli.options import JsonOption, QuietOption, new_app
from acclimate.core.atomic import write_bytes
from acclimate.core.errors import ConfigError, WorkspaceError
from acclimate.pipeline.config import TASKS
from acclimate.pipeline.other_trainers import CarriedOver, carry_over
from acclimate.pipeline.template import project_template
from acclimate.project.keys import has_key, new_key
from acclimate.project.workspace import PROJECT_FILE, Workspace

app = new_app("acclimate init demo --example clinical")

EXAMPLES = ("clinical", "tickets", "replies")


@app.command()
def command(
    folder: Path = typer.Argument(help="The project's folder; made when missing."),
    example: str | None = typer.Option(None, help=f"Fill it with an example: {', '.join(EXAMPLES)}."),
    source: Path | None = typer.Option(
        None, "--from", help="Take over a YAML file of LLaMA-Factory, Axolotl or TRL; what cannot be is listed."
    ),
    task: str | None = typer.Option(None, help=f"What the model is to learn: {', '.join(TASKS)}."),
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Make a project: acclimate.yaml with every setting explained, and a key for surrogates.

    example: acclimate init demo --example clinical
    example: acclimate init notes --from llama3_lora_sft.yaml
    example: acclimate init tickets --task classification
    """
    if folder.exists() and not folder.is_dir():
        raise WorkspaceError(f"{folder} is a file, and a project is a folder.", hint="choose another name")
    if (folder / PROJECT_FILE).exists():
        raise WorkspaceError(
            f"{folder} holds an {PROJECT_FILE} already.", hint="choose another folder, or edit that file"
        )
    if example is not None and example not in EXAMPLES:
        raise ConfigError(f"There is no example {example!r}.", hint=f"there is: {', '.join(EXAMPLES)}")
    if example is not None and source is not None:
        raise ConfigError("--example and --from both say what the project holds.", hint="give one of the two")
    if task is not None and (example or source):
        raise ConfigError(
            f"--task and {'--example' if example else '--from'} both say what is learnt.", hint="give one of the two"
        )
    if task is not None and task not in TASKS:
        raise ConfigError(f"--task: {task!r} is not known.", hint=f"use one of: {', '.join(TASKS)}")
    carried = carry_over(source) if source is not None else None
    folder.mkdir(parents=True, exist_ok=True)
    project = _write(folder, example, carried, task or "generation")
    key = new_key(project, "surrogates") if not has_key(project, "surrogates") else None
    Workspace.open(folder).audit.append("project made", example=example or "")
    following = next_command("plan", project=folder)
    left = carried.left if carried else {}
    print_json({"folder": str(folder), "project": project, "key": str(key), "left": left}) if as_json else print(folder)
    for name, why in sorted(left.items()):
        say(f"not carried over: {name} ({why})", quiet=quiet)
    say(f"wrote {folder / PROJECT_FILE}", quiet=quiet)
    say(f"made the key {key}: keep a copy of it in a safe place" if key else "the project's key exists", quiet=quiet)
    say(
        f"next: {'' if example or carried else f'name your data in {folder / PROJECT_FILE}, then '}{following}",
        quiet=quiet,
    )


def _write(folder: Path, example: str | None, carried: CarriedOver | None, task: str) -> str:
    """Writes acclimate.yaml and what belongs to it; the project's name."""
    if example:
        return _write_example(folder, example)
    project = folder.resolve().name.replace(" ", "-").replace(".", "-") or "project"
    text = carried.to_yaml(project, folder.resolve()) if carried else project_template(project, task=task)
    write_bytes(folder / PROJECT_FILE, text.encode())
    return project


def _write_example(folder: Path, example: str) -> str:
    """Writes an example project; its name."""
    package = importlib.import_module(f"acclimate.examples.{example}")
    package.write_project(folder)
    return f"{example}-demo"
