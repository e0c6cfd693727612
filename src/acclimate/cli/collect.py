"""acclimate collect: land the sources as they are now."""

from __future__ import annotations

from typing import Any

import typer

from acclimate.api import Project
from acclimate.cli.console import next_command, print_json, say, size, tell
from acclimate.cli.options import HERE, JsonOption, ProjectOption, QuickOption, QuietOption, SetOption, new_app

app = new_app("acclimate collect --project demo")


@app.command()
def command(
    sources: list[str] = typer.Argument(None, help="The sources to fetch anew, by name; all without it."),
    project: ProjectOption = HERE,
    overrides: SetOption = [],  # noqa: B006 - typer copies it
    quick: QuickOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Land the sources as snapshots, going to databases and URLs again.

    A plan or a run notices changed files by itself, and goes to a database or a URL only the first time.

    example: acclimate collect clinic --project demo
    """
    landed = Project.open(project, overrides=overrides, quick=quick).collect(sources or ())
    rows: list[dict[str, Any]] = [
        {
            "source": source.config.name,
            "files": len(source.files),
            "bytes": sum(file.size for file in source.files),
            "set_aside": len(source.set_aside),
            "refused": source.refused,
            "elsewhere": source.config.is_elsewhere,
        }
        for source in landed
    ]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        fetched = "  fetched" if row["elsewhere"] and (not sources or row["source"] in sources) else ""
        aside = f"  {row['set_aside']} set aside" if row["set_aside"] else ""
        refused = f"  {row['refused']} rows of erased subjects left out" if row["refused"] else ""
        tell(f"{row['source']:<24} {row['files']:>6} files {size(row['bytes']):>9}{aside}{refused}{fetched}")
    say(f"next: {next_command('plan', project=project, quick=quick, overrides=overrides)}", quiet=quiet)
