"""acclimate annotations suggest: answers proposed for the items of a task, by a dictionary."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from pathlib import Path

import typer

from acclimate.annotation.store import Store
from acclimate.annotation.suggestions.dictionary import read_dictionary, spans_question, suggested_spans
from acclimate.annotation.suggestions.proposals import SuggestionAccount, open_records, save_suggestions
from acclimate.annotation.tasks import current_schema
from acclimate.cli.annotation_store import annotation_store
from acclimate.cli.console import next_command, print_json, say, tell
from acclimate.cli.options import HERE, JsonOption, ProjectOption, QuietOption
from acclimate.core.errors import SourceError
from acclimate.project.workspace import Workspace

_WHY: Mapping[str, str] = {
    "kept": "new",
    "there": "here already",
    "no_such_item": "left out: no such item at your sites",
    "not_allowed": "left out: not an answer that the label schema allows",
}


def suggest(
    task: str = typer.Option(..., "--task", help="The task whose items get suggestions."),
    dictionary: Path = typer.Option(..., help="A CSV file with the columns term and label, or the project's glossary."),
    project: ProjectOption = HERE,
    label: str = typer.Option("", help="The label of the dictionary's terms that have none."),
    question: str = typer.Option("", help="The question for spans; by default the first."),
    by: str = typer.Option("", help="The manager who does this; by default your account's name."),
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Suggest answers for the items that still want readings: spans wherever a term of a dictionary stands.

    Nobody sees them until the task's settings say so. Doing it again adds what is new alone.

    example: acclimate annotations suggest --task notes --dictionary drugs.csv --project demo
    """
    who = by or getpass.getuser()
    with annotation_store(project) as store:
        account = _from_dictionary(store, task, dictionary, label=label, question=question, by=who)
        store.anchor(Workspace.open(project).audit)
    print_json(account.to_json()) if as_json else _print_account(account)
    say(f"who sees them stands in the task's settings; next: {next_command('annotate', project=project)}", quiet=quiet)


def _from_dictionary(store: Store, task: str, file: Path, *, label: str, question: str, by: str) -> SuggestionAccount:
    if not file.is_file():
        raise SourceError(f"There is no file {file}.", hint="give a CSV file with the columns term and label")
    with store.read() as connection:
        asked = spans_question(current_schema(connection, task), question)
    found = read_dictionary(file.read_bytes(), file.name, label=label, labels=asked.labels)
    suggested = suggested_spans(found, open_records(store, task, by=by), asked)
    return save_suggestions(store, task, found.source, suggested, by=by)


def _print_account(account: SuggestionAccount) -> None:
    tell(f"{account.source}, version {account.version}")
    for outcome, count in sorted(account.outcomes.items()):
        tell(f"  {count:>6} {_WHY[outcome]}")
    if not account.outcomes:
        tell("  nothing was found to suggest")
