"""The page about suggestions: where they come from, who sees them, how far they pull readers, and accepting many at once."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from starlette.responses import Response

from acclimate.annotation.jobs import ask, newest_jobs
from acclimate.annotation.people import Role
from acclimate.annotation.review import CHECKING
from acclimate.annotation.schema import Spans
from acclimate.annotation.store import moment
from acclimate.annotation.suggestions.bringing import WHAT_BECAME, TermFile
from acclimate.annotation.suggestions.bulk import (
    ACCEPTING,
    BulkAcceptance,
    Threshold,
    accept_in_bulk,
    acceptances,
    preview_bulk,
    withdraw_bulk,
)
from acclimate.annotation.suggestions.influence import anchoring
from acclimate.annotation.suggestions.proposals import Source, require_suggestible, sources_of
from acclimate.annotation.suggestions.removal import coverage, remove_suggestions
from acclimate.annotation.suggestions.written_answers import parse_answers
from acclimate.annotation.tasks import change_settings, current_schema, is_study, settings_of
from acclimate.app.jobs import (
    ANSWERS,
    DICTIONARY,
    ENDPOINT,
    PREDICTIONS,
    SUGGESTING,
    may_reach_out,
    predicted_steps,
)
from acclimate.app.web import Page, Visit, go_to
from acclimate.core.errors import ConfigError

MAX_UPLOAD = 50_000_000
_ACCEPTING = frozenset(ACCEPTING)
_MANAGER = frozenset({Role.MANAGER})


def show_suggestions(visit: Visit) -> Response:
    """What is suggested, how far it pulls readers, and what was accepted in bulk."""
    return _page(visit, Threshold(), counted=None)


def accept_suggestions(visit: Visit) -> Response:
    """Counts what the form would accept, or accepts it."""
    task, threshold = visit.path["task"], _threshold(visit)
    if visit.text("what") == "accept":
        accept_in_bulk(visit.store, task, threshold, by=visit.person.name)
        return go_to(f"/tasks/{task}/suggestions")
    return _page(visit, threshold, counted=preview_bulk(visit.store, task, threshold, by=visit.person.name))


def withdraw_acceptance(visit: Visit) -> Response:
    """Takes a bulk acceptance back."""
    task, number = visit.path["task"], visit.whole_number("number", low=1, high=2**31 - 1)
    withdraw_bulk(visit.store, task, number, by=visit.person.name)
    return go_to(f"/tasks/{task}/suggestions")


def add_suggestions(visit: Visit) -> Response:
    """Has suggestions made from a source, beside the serving; what cannot be read is refused at once."""
    task, kind = visit.path["task"], visit.text("kind")
    if kind not in _ASKED:
        raise ConfigError("There is no such source.", hint="load the page again")
    with visit.store.read() as connection:
        require_suggestible(connection, task, by=visit.person.name)
    given, source = _ASKED[kind](visit)
    with visit.store.write() as transaction:
        require_suggestible(transaction.connection, task, by=visit.person.name)
        ask(transaction, task, kind, given, about={"source": source}, by=visit.person.name)
    return go_to(f"/tasks/{task}/suggestions")


def choose_readers(visit: Visit) -> Response:
    """Says who sees suggestions."""
    task = visit.path["task"]
    with visit.store.read() as connection:
        settings = settings_of(connection, task)
    chosen = replace(settings, suggestions=visit.text("suggestions"))
    change_settings(visit.store, task, chosen, by=visit.person.name)
    return go_to(f"/tasks/{task}/suggestions")


def remove_source(visit: Visit) -> Response:
    """Takes what a source suggested away from all who did not get it."""
    task = visit.path["task"]
    remove_suggestions(visit.store, task, Source(visit.text("source"), visit.text("version")), by=visit.person.name)
    return go_to(f"/tasks/{task}/suggestions")


def _asked_terms(visit: Visit) -> tuple[dict[str, str], str]:
    given = {**_sent_file(visit), "label": visit.text("label"), "question": visit.text("question")}
    file = TermFile(given["content"].encode(), given["name"], given["label"], given["question"])
    terms, _ = file.read(visit.store, visit.path["task"])
    return given, terms.source.name


def _asked_answers(visit: Visit) -> tuple[dict[str, str], str]:
    given = _sent_file(visit)
    return given, parse_answers(given["content"].encode(), given["name"]).source.name


def _asked_predictions(visit: Visit) -> tuple[dict[str, str], str]:
    step = visit.text("step")
    if step not in predicted_steps(visit.office.folder):
        raise ConfigError("This step has no predictions.", hint="load the page again, and choose one that is there")
    return {"step": step}, step


def _asked_endpoint(visit: Visit) -> tuple[dict[str, str], str]:
    why = _why_no_endpoint(visit)
    if why or visit.office.endpoint is None:
        raise ConfigError(why, hint="ask whoever runs the server")
    return {}, f"{visit.office.endpoint.model} at {visit.office.endpoint.host}"


def _sent_file(visit: Visit) -> dict[str, str]:
    name = visit.text("name").strip()
    if not name or len(name) > 100 or not name.isprintable():
        raise ConfigError("The source has no name, or one that is too long.", hint="give at most 100 characters")
    # Browsers send every line end of a form as two characters; a source's version must not depend on that.
    return {"content": visit.text("content").replace("\r\n", "\n"), "name": name}


_ASKED: Mapping[str, Callable[[Visit], tuple[dict[str, str], str]]] = {
    DICTIONARY: _asked_terms,
    ANSWERS: _asked_answers,
    PREDICTIONS: _asked_predictions,
    ENDPOINT: _asked_endpoint,
}
"""By kind of source, what the job is given and what the source is called."""


def _why_no_endpoint(visit: Visit) -> str:
    """Why no model may be asked; empty where one may."""
    if visit.office.endpoint is None:
        return "The server was started without a model to ask (--endpoint and --model)."
    if not may_reach_out(visit.office.folder):
        return "acclimate.yaml does not say network: true, so records may not leave."
    return ""


def _page(visit: Visit, threshold: Threshold, *, counted: BulkAcceptance | None) -> Response:
    task, person = visit.path["task"], visit.person
    pull = anchoring(visit.store, task, by=person.name)
    with visit.store.read() as connection:
        questions = current_schema(connection, task).questions
        own = "" if person.reaches(*CHECKING) is None else person.name
        recent = newest_jobs(connection, task, *SUGGESTING, now=moment(visit.store.clock()), by=own)
        may_suggest = Role.MANAGER in person.roles and not is_study(connection, task)
        setting = settings_of(connection, task).suggestions
    return visit.page(
        "suggestions.html",
        task=task,
        setting=setting,
        sources=sources_of(visit.store, task, by=person.name),
        coverage=coverage(visit.store, task, by=person.name),
        jobs=recent,
        under_way=any(job.said is None for job in recent),
        what_became=WHAT_BECAME,
        may_suggest=may_suggest,
        marks=[question for question in questions if isinstance(question, Spans)],
        steps=predicted_steps(visit.office.folder) if may_suggest else [],
        endpoint=visit.office.endpoint,
        why_no_endpoint=_why_no_endpoint(visit),
        pull=pull,
        has_interval=not math.isnan(pull.difference.low),
        accepted=acceptances(visit.store, task, by=person.name),
        threshold=threshold,
        counted=counted,
        may_accept=bool(_ACCEPTING & set(person.roles)),
    )


def _threshold(visit: Visit) -> Threshold:
    score = visit.text("least_score").strip().replace(",", ".")
    if score and not re.fullmatch(r"-?\d{1,6}(\.\d{1,6})?", score):
        raise ConfigError(f"The least score is {score[:20]!r}.", hint="give a number such as 0.9, or leave it empty")
    return Threshold(float(score) if score else None, visit.text("source"))


PAGES = (
    Page("/tasks/{task}/suggestions", show_suggestions, allowed=frozenset(CHECKING)),
    Page("/tasks/{task}/suggestions", accept_suggestions, method="POST", allowed=_ACCEPTING),
    Page("/tasks/{task}/suggestions/withdraw", withdraw_acceptance, method="POST", allowed=_ACCEPTING),
    Page("/tasks/{task}/suggestions/add", add_suggestions, method="POST", allowed=_MANAGER, max_body=MAX_UPLOAD),
    Page("/tasks/{task}/suggestions/readers", choose_readers, method="POST", allowed=_MANAGER),
    Page("/tasks/{task}/suggestions/remove", remove_source, method="POST", allowed=_MANAGER),
)
