"""acclimate annotations: bring people's answers in from another tool, take them out for one, suggest some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer
import yaml

from acclimate.annotation.formats.exchange import ReadOptions
from acclimate.annotation.formats.leaving import export_annotations
from acclimate.annotation.formats.offsets import Unit
from acclimate.annotation.formats.reconciliation import REASONS, Reconciliation
from acclimate.annotation.formats.table import FORMATS
from acclimate.annotation.formats.taking import ImportSource, import_annotations, preview_import
from acclimate.annotation.schema import LabelSchema, read_schema
from acclimate.cli.annotation_agreement import agreement
from acclimate.cli.annotation_learning import order, rank_items
from acclimate.cli.annotation_store import annotation_store
from acclimate.cli.annotation_suggestions import accept, anchoring, suggest
from acclimate.cli.console import next_command, print_json, say, tell
from acclimate.cli.options import HERE, AsOption, JsonOption, ProjectOption, QuietOption, new_app
from acclimate.cli.sign_in import person_or_account, sign_in
from acclimate.core.errors import ConfigError, SourceError
from acclimate.project.workspace import Workspace

_FORMATS = ", ".join(FORMATS)

app = new_app(
    "acclimate annotations import export.json --format label-studio --task notes --project demo",
    says="Bring annotations in from another tool, or take them out for one.",
)

app.command("suggest")(suggest)
app.command("accept")(accept)
app.command("anchoring")(anchoring)
app.command("agreement")(agreement)
app.command("order")(order)
app.command("rank")(rank_items)


@app.command("import")
def import_(
    source: Path = typer.Argument(help="The file or folder that the other tool exported."),
    format: str = typer.Option(..., "--format", help=f"Whose format it is: {_FORMATS}."),
    task: str = typer.Option(..., "--task", help="The task that takes it; it is made where there is none."),
    project: ProjectOption = HERE,
    annotator: str = typer.Option("imported", help="Whose answers these are, where the format names nobody."),
    person: list[str] = typer.Option([], help="Another name for somebody in the file: user-1=ann."),
    question: str = typer.Option("", help="What the question is called, where the format names none."),
    text: str = typer.Option("", help="The field that is the text, where none is called text, prompt or completion."),
    schema: Path | None = typer.Option(
        None, help="A new task's label schema (YAML), or Label Studio's configuration (XML)."
    ),
    offsets: Unit | None = typer.Option(None, help="How offsets are counted, if not as the format's own tool does."),
    readings: int = typer.Option(1, min=1, help="How many readings new items want."),
    as_person: AsOption = "",
    dry_run: bool = typer.Option(False, "--dry-run", help="Only tell what would be taken and what set aside."),
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Take annotations into a task as readings of the people who gave them; importing again adds nothing.

    Prints for every annotator how many answers came, were taken, were here already or were set aside, and why; what has
    no place here is named and counted. The owner and manager of a project without people is whoever imports first.

    example: acclimate annotations import export.json --format label-studio --task notes --project demo
    """
    if not source.exists():
        raise SourceError(f"There is no file {source}.", hint="give the path of what was exported")
    config = schema if schema is not None and schema.suffix == ".xml" else None
    options = ReadOptions(annotator=annotator, question=question, offsets=offsets, text=text, config=config)
    asked = _schema(schema) if config is None else None
    given = ImportSource(format, source, options, _names(person), asked, readings)
    named = person_or_account(as_person)
    with annotation_store(project, first_manager=named, dry_run=dry_run) as store:
        if dry_run:
            account = preview_import(store, task, given, by=named)
        else:
            who = sign_in(store, as_person, command="annotations import")
            account = import_annotations(store, task, given, by=who)
        if account.changed and not dry_run:
            store.anchor(Workspace.open(project).audit)
    print_json(account.to_json()) if as_json else _print_account(account)
    if dry_run:
        say("nothing was changed; without --dry-run it is done", quiet=quiet)
        return
    words = ("annotations", "export", f"{task}-annotations", "--format", "hf", "--task", task)
    say(f"{account.taken} readings taken; to take them out again: {next_command(*words, project=project)}", quiet=quiet)


@app.command("export")
def export(
    folder: Path = typer.Argument(help="A new folder, which appears whole or not at all."),
    format: str = typer.Option(..., "--format", help=f"The format: {_FORMATS}."),
    task: str = typer.Option(..., "--task", help="The task whose annotations leave."),
    project: ProjectOption = HERE,
    question: str = typer.Option("", help="The question, where the format holds one alone."),
    annotator: str = typer.Option("", help="One person's answers alone, instead of everybody's or what counts."),
    as_person: AsOption = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write a task's annotations for another tool; what its format does not hold is named and counted.

    The folder holds the texts themselves: it is readable by you alone, keep it so.

    example: acclimate annotations export for-doccano --format doccano --task notes --project demo
    """
    with annotation_store(project) as store:
        who = sign_in(store, as_person, command="annotations export")
        done = export_annotations(store, task, format, folder, question=question, annotator=annotator, by=who)
        store.anchor(Workspace.open(project).audit)
    if as_json:
        print_json(done.to_json())
    else:
        tell(f"{done.items} items, {done.answers} answers: {done.folder}")
        _print_lost(done.lost)
    say(f"it holds the texts themselves: {done.folder} is readable by you alone, keep it so", quiet=quiet)


def _names(given: Sequence[str]) -> dict[str, str]:
    pairs = [one.rpartition("=") for one in given]
    wrong = [one for one, (old, _, new) in zip(given, pairs, strict=True) if not (old and new)]
    if wrong:
        raise ConfigError(f"--person {wrong[0]!r} names nobody.", hint="write the file's name = yours: user-1=ann")
    return {old: new for old, _, new in pairs}


def _schema(path: Path | None) -> LabelSchema | None:
    if path is None:
        return None
    try:
        document = yaml.safe_load(path.read_bytes())
    except (yaml.YAMLError, UnicodeDecodeError):
        document = None
    if not isinstance(document, dict):
        raise ConfigError(f"{path.name} is no YAML with questions.", hint="see the guide for what a label schema is")
    return read_schema(document)


def _print_account(account: Reconciliation) -> None:
    rows = account.rows()
    width = max([9, *(len(row["annotator"]) for row in rows)])
    tell(f"{'annotator':<{width}}  {'came':>6} {'taken':>6} {'here':>6} {'aside':>6}")
    for row in rows:
        aside = sum(row["aside"].values())
        tell(f"{row['annotator']:<{width}}  {row['came']:>6} {row['taken']:>6} {row['there']:>6} {aside:>6}")
        for reason, count in row["aside"].items():
            tell(f"{'':<{width}}  {count:>6} set aside: {REASONS.get(reason, reason)}")
    items = account.items
    tell(f"items: {items['came']} came, {items['new']} new, {items['other_text']} here with another text")
    if account.suggestions:
        tell(f"suggestions: {account.suggestions}, kept with their items")
    if account.made_task:
        tell(f"new task: {account.task}")
    if account.made_people:
        tell(f"new people, without a password: {', '.join(account.made_people)}")
    _print_lost(account.lost)
    for reason, fault in sorted(account.first_faults.items()):
        tell(f"first {reason}: {fault}")


def _print_lost(lost: Mapping[str, Any]) -> None:
    for name, count in sorted(lost.items()):
        if count:
            tell(f"not held: {name}: {count}")
