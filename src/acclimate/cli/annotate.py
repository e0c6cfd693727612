"""acclimate annotate: the pages on which people annotate, decide and manage; backups of what they did, and break-glass."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from acclimate.cli.console import next_command, print_json, say
from acclimate.cli.options import HERE, JsonOption, ProjectOption, QuietOption, new_app, refuse_options_before
from acclimate.core.errors import ConfigError

if TYPE_CHECKING:
    from acclimate.annotation.suggestions.endpoint import Endpoint

app = new_app(
    "acclimate annotate --project study",
    says="Serve the pages for annotation, review and their management; back up what people did, and put it back.",
)

PortOption = typer.Option(8765, min=1, max=65535, help="The port on this machine.")
PublicOption = typer.Option(
    "", "--public-url", help="The https:// address of the proxy in front, where others are to reach it."
)


@app.callback(invoke_without_command=True)
def command(
    context: typer.Context,
    project: ProjectOption = HERE,
    port: int = PortOption,
    listen: str = typer.Option(
        "127.0.0.1", help="The address to listen on; another only with --public-url: the proxy must be what reaches it."
    ),
    manager: str = typer.Option("manager", help="Who owns and manages, where nobody does yet; gets a one-time link."),
    reason: str = typer.Option(
        "", help="Why --manager is let in where others can sign in but no owner or manager; owners are shown it."
    ),
    public_url: str = PublicOption,
    oidc_issuer: str = typer.Option(
        "", help="An OpenID Connect provider to sign in with; its secret in ACCLIMATE_OIDC_SECRET."
    ),
    oidc_client: str = typer.Option("", help="The client id that the provider gave this application."),
    endpoint: str = typer.Option(
        "",
        help="An OpenAI-compatible endpoint that managers may have asked for suggestions; its key in"
        " ACCLIMATE_ENDPOINT_KEY.",
    ),
    model: str = typer.Option("", help="The model to ask at the endpoint."),
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Serve the pages for annotation, review and their management from a project's folder, made where there is none.

    The answers lie in annotation.db in that folder, or in the PostgreSQL database that DATABASE_URL names.

    example: acclimate annotate --project study --port 8765
    """
    if context.invoked_subcommand is not None:
        refuse_options_before(context.invoked_subcommand, context)
        return
    if listen != "127.0.0.1" and not public_url:
        raise ConfigError(
            f"Listening on {listen} would send passwords in clear over the network.",
            hint="give the https:// address of the proxy in front with --public-url",
        )
    with _pages():
        from acclimate.app.server import OutsideSignIn, open_office, serve

        if oidc_issuer:
            import_module("acclimate.app.outside")
    secret = os.environ.get("ACCLIMATE_OIDC_SECRET", "")
    if oidc_issuer and not (oidc_client and secret):
        raise ConfigError(
            "The provider needs a client id and its secret.",
            hint="give --oidc-client, and the secret in the environment variable ACCLIMATE_OIDC_SECRET",
        )
    outside = OutsideSignIn(oidc_issuer, oidc_client, secret) if oidc_issuer else None
    asked = _endpoint(endpoint, model)
    project.mkdir(parents=True, exist_ok=True)
    url = os.environ.get("DATABASE_URL")
    opened = open_office(project, url=url, manager=manager, reason=reason, port=port, public_url=public_url or None)
    address = opened.office.origins[0]
    if as_json:
        print_json({"address": address, "first_link": opened.first_link})
    elif opened.first_link:
        print(opened.first_link, flush=True)
        say("open this link, once, to choose the manager's password", quiet=quiet)
    else:
        print(address, flush=True)
    say("stop with Ctrl-C; every acknowledged answer is on disk", quiet=quiet)
    serve(replace(opened.office, endpoint=asked), port=port, address=listen, outside=outside)


@app.command()
def backup(
    file: Path = typer.Argument(help="A new file; its digest is written beside it."),
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Copy the annotations of this moment to a file, while people go on working.

    It holds records and answers: keep it as you keep the project. Sessions and invitations are not in it.

    example: acclimate annotate backup monday.db --project study
    """
    from acclimate.annotation.backup import back_up
    from acclimate.annotation.store import Store, database_url

    _require_annotations(project)
    store = Store.open(database_url(project, os.environ.get("DATABASE_URL")))
    made = back_up(store, file)
    store.close()
    said = {"file": str(made.file), "sha256": made.sha256, "events": made.events, "head": made.head}
    print_json(said) if as_json else print(made.file)
    say(f"{made.events} events, the chain and every answer hold; sha256 {made.sha256}", quiet=quiet)
    restoring = next_command("annotate", "restore", str(made.file), project=project)
    say(f"to put it back where no annotations are: {restoring}", quiet=quiet)


@app.command()
def restore(
    file: Path = typer.Argument(help="What `acclimate annotate backup` wrote, with its .sha256 beside it."),
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Put a backup back into a project without annotations, or into the empty database of DATABASE_URL.

    Nothing is replaced. Everybody signs in again; invitations that were open have to be made anew.

    example: acclimate annotate restore monday.db --project study
    """
    from acclimate.annotation.anchoring import RESTORED
    from acclimate.annotation.backup import restore as put_back
    from acclimate.annotation.store import database_url
    from acclimate.project.audit import AuditLog

    project.mkdir(parents=True, exist_ok=True)
    done = put_back(file, database_url(project, os.environ.get("DATABASE_URL")))
    AuditLog(project / "audit.jsonl").append(RESTORED, head=done.head, backup=done.sha256)
    said = {"file": str(done.file), "sha256": done.sha256, "events": done.events, "head": done.head}
    print_json(said) if as_json else print(f"{done.events} events from {done.file}")
    say(f"next: {next_command('annotate', project=project)}", quiet=quiet)


@app.command("break-glass")
def break_glass(
    name: str = typer.Argument(help="Who becomes owner and manager, with a new password and without a second factor."),
    reason: str = typer.Option(..., help="Why; it stands in the audit chain with the name of your account."),
    project: ProjectOption = HERE,
    port: int = PortOption,
    public_url: str = PublicOption,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Let somebody in when no owner can: prints a one-time link. Every other way in of this person ends.

    example: acclimate annotate break-glass mia --reason "the owner has left" --project study
    """
    with _pages():
        from acclimate.annotation.store import Store, database_url
        from acclimate.app.identity import break_glass as let_in
        from acclimate.app.server import ADDRESS, join_link, origin_of
        from acclimate.project.audit import AuditLog, account_name

    _require_annotations(project)
    origin = origin_of(public_url) if public_url else f"http://{ADDRESS}:{port}"
    store = Store.open(database_url(project, os.environ.get("DATABASE_URL")))
    link = join_link(origin, let_in(store, name, reason=reason, account=account_name()))
    store.anchor(AuditLog(project / "audit.jsonl"))
    store.close()
    print_json({"link": link}) if as_json else print(link)
    say("open this link, once, to choose a password; what was done stands in the audit chain", quiet=quiet)


@contextmanager
def _pages() -> Iterator[None]:
    """Says what to install where the pages' libraries are missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"The pages need {error.name}, which is not installed.",
            hint="pip install 'acclimate[app]', or 'acclimate[app,oidc]' for a provider",
        ) from None


def _endpoint(url: str, model: str) -> Endpoint | None:
    """The model that managers may ask; its address and key are for whoever starts the server, not for them."""
    from acclimate.annotation.suggestions.endpoint import Endpoint

    if bool(url) != bool(model):
        raise ConfigError("An endpoint and its model go together.", hint="give both --endpoint and --model")
    return Endpoint(url, model, os.environ.get("ACCLIMATE_ENDPOINT_KEY", "")) if url else None


def _require_annotations(project: Path) -> None:
    """Refuses to make an empty database only to copy or change it."""
    from acclimate.annotation.store import FILE

    if not os.environ.get("DATABASE_URL") and not (project / FILE).exists():
        raise ConfigError(f"There is no {FILE} in {project.resolve()}.", hint="point to the project with --project DIR")
