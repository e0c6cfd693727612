"""The options that every verb shares."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ProjectOption = Annotated[Path, typer.Option("--project", help="The project's folder.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
QuietOption = Annotated[bool, typer.Option("--quiet", help="No progress and no talk on stderr.")]
SetOption = Annotated[list[str], typer.Option("--set", help="A setting for this run alone: stage.key=value.")]
QuickOption = Annotated[bool, typer.Option("--quick", help="A small trial of everything, kept apart in quick/.")]
StrictOption = Annotated[bool, typer.Option("--strict", help="Other library versions or threads count as stale.")]

HERE = Path()


def new_app(example: str, *, says: str = "") -> typer.Typer:
    """A verb's application; the help of one with verbs below it is what it says and an example."""
    return typer.Typer(
        add_completion=False,
        pretty_exceptions_enable=False,
        no_args_is_help=False,
        rich_markup_mode=None,
        help=f"{says}\n\nexample: {example}",
    )
