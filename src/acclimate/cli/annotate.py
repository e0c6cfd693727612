"""acclimate annotate: the pages on which people annotate, decide and manage."""

from __future__ import annotations

import typer

from acclimate.cli.console import print_json, say
from acclimate.cli.options import HERE, JsonOption, ProjectOption, QuietOption, new_app
from acclimate.core.errors import ConfigError

app = new_app("acclimate annotate --project study")


@app.command()
def command(
    project: ProjectOption = HERE,
    port: int = typer.Option(8765, min=1, max=65535, help="The port on this machine."),
    manager: str = typer.Option("manager", help="Who manages, where nobody does yet; gets a link to set a password."),
    public_url: str = typer.Option(
        "", "--public-url", help="The https:// address of the proxy in front, where others are to reach it."
    ),
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Serve the pages for annotation, review and their management from a project's folder, made where there is none.

    example: acclimate annotate --project study --port 8765
    """
    try:
        from acclimate.app.server import open_office, serve
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"The pages need {error.name}, which is not installed.", hint="pip install 'acclimate[app]'"
        ) from None

    project.mkdir(parents=True, exist_ok=True)
    opened = open_office(project, manager=manager, port=port, public_url=public_url or None)
    address = opened.office.origins[0]
    if as_json:
        print_json({"address": address, "first_link": opened.first_link})
    elif opened.first_link:
        print(opened.first_link, flush=True)
        say("open this link, once, to choose the manager's password", quiet=quiet)
    else:
        print(address, flush=True)
    say("stop with Ctrl-C; every acknowledged answer is on disk", quiet=quiet)
    serve(opened.office, port=port)
