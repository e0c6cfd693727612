"""acclimate key: the secret that surrogates are derived from, and keys to sign with, kept outside the project."""

from __future__ import annotations

import typer

from acclimate.api import Project
from acclimate.cli.console import print_json, say
from acclimate.cli.options import HERE, JsonOption, ProjectOption, QuietOption, new_app
from acclimate.project.keys import fingerprint, load_key, new_key
from acclimate.project.signing import new_signing_key, public_file
from acclimate.release.verify_bundle import key_id

app = new_app(
    "acclimate key new --project demo", says="Make the project's key or one to sign with, or show a fingerprint."
)


@app.command()
def new(
    project: ProjectOption = HERE,
    name: str = typer.Option("surrogates", help="The secret's name, as deidentify.key gives it."),
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Make the project's key, readable by you alone; an existing one is never replaced.

    example: acclimate key new --project demo
    """
    opened = Project.open(project)
    path = new_key(opened.config.project, name)
    shown = fingerprint(load_key(opened.config.project, name))
    opened.workspace.audit.append("key made", name=name, fingerprint=shown)
    print_json({"path": str(path), "fingerprint": shown}) if as_json else print(path)
    say(f"fingerprint {shown}; keep a copy in a safe place: without it no surrogate can be made again", quiet=quiet)


@app.command()
def show(
    project: ProjectOption = HERE,
    name: str = typer.Option("surrogates", help="The secret's name, as deidentify.key gives it."),
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Print the key's fingerprint, never the key.

    example: acclimate key show --project demo
    """
    shown = fingerprint(load_key(Project.open(project).config.project, name))
    print_json({"fingerprint": shown}) if as_json else print(shown)


@app.command()
def signing(
    name: str = typer.Option(..., help="Whose key it is."),
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Make a key to sign releases with, readable by you alone, and print where its public half lies.

    example: acclimate key signing --name m.keller
    """
    key, path = new_signing_key(name), public_file(name)
    shown = key_id(key.public)
    print_json({"public": str(path), "key": shown}) if as_json else print(path)
    say(f"key {shown}; give the public half to those who will check, by a way that they trust", quiet=quiet)
