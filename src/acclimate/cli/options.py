"""The options that every verb shares."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from acclimate.core.errors import ConfigError

ProjectOption = Annotated[Path, typer.Option("--project", help="The project's folder.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
QuietOption = Annotated[bool, typer.Option("--quiet", help="No progress and no talk on stderr.")]
SetOption = Annotated[list[str], typer.Option("--set", help="A setting for this run alone: stage.key=value.")]
QuickOption = Annotated[bool, typer.Option("--quick", help="A small trial of everything, kept apart in quick/.")]
AsOption = Annotated[
    str,
    typer.Option("--as", help="Who you are in the annotations: you sign in. By default the name of your account."),
]
ByOption = Annotated[
    str,
    typer.Option(
        "--by",
        help="Whose roles apply, by default the name of your account; taken at your word, since the command only reads"
        " and notes nothing in that name.",
    ),
]
StrictOption = Annotated[bool, typer.Option("--strict", help="Other library versions or threads count as stale.")]
ApproverOption = Annotated[
    list[Path],
    typer.Option("--approver", help="The public key of somebody who may decide on it, where no policy names them."),
]

HERE = Path()


def refuse_options_before(verb: str, context: typer.Context) -> None:
    """Fails when options stand before a verb's own verb, which would not see them."""
    sources = {option.opts[0]: context.get_parameter_source(option.name or "") for option in context.command.params}
    for option, source in sources.items():
        if source is not None and source.name == "COMMANDLINE":
            raise ConfigError(
                f"{option} stands before {verb}, which would not see it.",
                hint=f"write it after: {context.info_name} {verb} {option} …",
            )


def new_app(example: str, *, says: str = "") -> typer.Typer:
    """A verb's application; the help of one with verbs below it is what it says and an example."""
    return typer.Typer(
        add_completion=False,
        pretty_exceptions_enable=False,
        no_args_is_help=False,
        rich_markup_mode=None,
        help=f"{says}\n\nexample: {example}",
    )
