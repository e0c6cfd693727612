"""acclimate annotations suggest, accept and anchoring: proposed answers, taken in bulk, and how far they pull readers."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import typer

from acclimate.annotation.store import Store
from acclimate.annotation.suggestions.bringing import (
    WHAT_BECAME,
    TermFile,
    bring_answers,
    bring_from_endpoint,
    bring_terms,
)
from acclimate.annotation.suggestions.bulk import Threshold, accept_in_bulk, preview_bulk
from acclimate.annotation.suggestions.proposals import SuggestionAccount
from acclimate.annotation.suggestions.written_answers import read_answers, read_predictions
from acclimate.cli.annotation_store import annotation_store
from acclimate.cli.console import next_command, print_json, say, tell
from acclimate.cli.options import HERE, AsOption, ByOption, JsonOption, ProjectOption, QuietOption
from acclimate.cli.sign_in import person_or_account, sign_in
from acclimate.core.errors import ConfigError, SourceError
from acclimate.pipeline.config import network_is_on
from acclimate.project.workspace import Workspace

_BULK: Mapping[str, str] = {
    "accepted": "accepted",
    "below": "left: a lower score, or none",
    "incomplete": "left: the suggestion leaves a required question open",
    "no_suggestion": "left: nothing is suggested",
}


@dataclass(frozen=True)
class _Task:
    """Where suggestions go, and who brings them."""

    store: Store
    name: str
    by: str


def suggest(
    task: str = typer.Option(..., "--task", help="The task whose items get suggestions."),
    dictionary: Path | None = typer.Option(
        None,
        help="A CSV file with the columns term and label, or the project's glossary: marks wherever a term stands.",
    ),
    label: str = typer.Option("", help="The label of the dictionary's terms that have none."),
    question: str = typer.Option("", help="The question for marks; by default the first."),
    predictions: str = typer.Option("", help="A step such as predict.adapted, or a JSON lines file of id and answer."),
    endpoint: str = typer.Option("", help="The address of an OpenAI-compatible endpoint; records are sent there."),
    model: str = typer.Option("", help="The model to ask at the endpoint."),
    key_from: str = typer.Option("", help="The environment variable that holds the endpoint's key."),
    project: ProjectOption = HERE,
    as_person: AsOption = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Suggest answers for the items that still want readings, from one of three: dictionary, predictions or endpoint.

    Nobody sees them until the task's settings say so. Doing it again adds what is new alone. An endpoint is asked only
    where acclimate.yaml says network: true.

    example: acclimate annotations suggest --task notes --dictionary drugs.csv --project demo
    """
    if [dictionary is not None, bool(predictions), bool(endpoint)].count(True) != 1:
        raise ConfigError(
            "Suggestions come from one source at a time.", hint="give --dictionary, --predictions or --endpoint"
        )
    workspace = Workspace.open(project)
    with annotation_store(project) as store:
        about = _Task(store, task, sign_in(store, as_person, command="annotations suggest"))
        if dictionary is not None:
            account = _from_dictionary(about, dictionary, label=label, question=question)
        elif predictions:
            account = _from_predictions(about, predictions, workspace)
        else:
            account = _from_endpoint(about, endpoint, workspace, model=model, key_from=key_from)
        store.anchor(workspace.audit)
    print_json(account.to_json()) if as_json else _print_account(account)
    say(f"who sees them stands in the task's settings; next: {next_command('annotate', project=project)}", quiet=quiet)


def accept(
    task: str = typer.Option(..., "--task", help="The task whose suggestions are accepted."),
    least_score: float | None = typer.Option(None, help="The least score of a suggestion; by default any."),
    source: str = typer.Option("", help="Only what this source suggests, as the list of suggestions names it."),
    project: ProjectOption = HERE,
    as_person: AsOption = "",
    dry_run: bool = typer.Option(False, "--dry-run", help="Only tell how many would be accepted."),
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Accept suggestions in bulk, for items that nobody has read or holds: counted like decisions, marked, no readings.

    example: acclimate annotations accept --task notes --least-score 0.95 --dry-run --project demo
    """
    threshold = Threshold(least_score, source)
    with annotation_store(project) as store:
        if dry_run:
            found = preview_bulk(store, task, threshold, by=person_or_account(as_person))
        else:
            who = sign_in(store, as_person, command="annotations accept")
            found = accept_in_bulk(store, task, threshold, by=who)
            store.anchor(Workspace.open(project).audit)
    if as_json:
        print_json(found.to_json())
    else:
        for outcome, count in sorted(found.outcomes.items()):
            tell(f"{count:>6} {_BULK[outcome]}")
    said = "nothing was changed; without --dry-run it is done" if dry_run else f"event {found.number} tells of it"
    say(said, quiet=quiet)


def anchoring(
    task: str = typer.Option(..., "--task", help="The task."),
    clustered: str = typer.Option("item", help="What is resampled whole: item (with its subject), or reader."),
    project: ProjectOption = HERE,
    by: ByOption = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Tell how much more often readers agree with a suggestion that they saw than with one that was hidden by a draw.

    For owners, managers, reviewers, approvers and auditors.

    example: acclimate annotations anchoring --task notes --project demo
    """
    from acclimate.annotation.suggestions.influence import ITEM, READER
    from acclimate.annotation.suggestions.influence import anchoring as measured_anchoring

    if clustered not in (ITEM, READER):
        raise ConfigError(f"{clustered[:40]!r} cannot be resampled.", hint="give item or reader")
    with annotation_store(project) as store:
        found = measured_anchoring(
            store, task, clustered="reader" if clustered == READER else "item", by=person_or_account(by)
        )
    if as_json:
        print_json(found.to_json())
        return
    for what, kept, of in (("shown", found.shown_kept, found.shown), ("hidden", found.hidden_kept, found.hidden)):
        tell(f"{what:<7} {f'{kept / of:.1%}' if of else '–':>6} agree ({kept} of {of} readings)")
    if found.reason:
        tell(found.reason)
        return
    difference = found.difference
    tell(f"shown less hidden: {difference.value:+.1%}, 95 % interval {difference.low:+.1%} to {difference.high:+.1%}")
    say(f"whole {clustered}s resampled, {difference.clusters} of them", quiet=quiet)


def _from_dictionary(task: _Task, file: Path, *, label: str, question: str) -> SuggestionAccount:
    if not file.is_file():
        raise SourceError(f"There is no file {file}.", hint="give a CSV file with the columns term and label")
    return bring_terms(task.store, task.name, TermFile(file.read_bytes(), file.name, label, question), by=task.by)


def _from_predictions(task: _Task, named: str, workspace: Workspace) -> SuggestionAccount:
    is_file = Path(named).is_file()
    if not is_file and not named.startswith("predict."):
        raise SourceError(
            f"There is no file {named}.", hint="give a JSON lines file, or a step such as predict.adapted"
        )
    written = read_answers(Path(named)) if is_file else read_predictions(workspace, named)
    return bring_answers(task.store, task.name, written, by=task.by)


def _from_endpoint(task: _Task, url: str, workspace: Workspace, *, model: str, key_from: str) -> SuggestionAccount:
    from acclimate.annotation.suggestions.endpoint import Endpoint

    if not model:
        raise ConfigError("No model is named.", hint="give --model, the name the endpoint knows it by")
    if not network_is_on(workspace.folder):
        raise ConfigError(
            "The endpoint would be sent records, and network access is off.",
            hint="set network: true in acclimate.yaml, if these records may leave",
        )
    if key_from and not os.environ.get(key_from):
        raise ConfigError(
            f"The environment variable {key_from}, which is to hold the endpoint's key, is not set.",
            hint=f"set it in the shell that runs acclimate, for example: export {key_from}=…",
        )
    there = Endpoint(url, model, os.environ[key_from] if key_from else "")
    return bring_from_endpoint(task.store, task.name, there, by=task.by)


def _print_account(account: SuggestionAccount) -> None:
    tell(f"{account.source}, version {account.version}")
    for outcome, count in sorted(account.outcomes.items()):
        tell(f"  {count:>6} {WHAT_BECAME[outcome]}")
    if not account.outcomes:
        tell("  nothing was found to suggest")
