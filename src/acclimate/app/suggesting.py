"""The page about suggestions: how far they pull readers, and accepting many at once with a trace."""

from __future__ import annotations

import math
import re

from starlette.responses import Response

from acclimate.annotation.review import CHECKING
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
from acclimate.annotation.suggestions.proposals import sources_of
from acclimate.annotation.tasks import settings_of
from acclimate.app.web import Page, Visit, go_to
from acclimate.core.errors import ConfigError

_ACCEPTING = frozenset(ACCEPTING)


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


def _page(visit: Visit, threshold: Threshold, *, counted: BulkAcceptance | None) -> Response:
    task, name = visit.path["task"], visit.person.name
    pull = anchoring(visit.store, task, by=name)
    with visit.store.read() as connection:
        setting = settings_of(connection, task).suggestions
    return visit.page(
        "suggestions.html",
        task=task,
        setting=setting,
        sources=sources_of(visit.store, task, by=name),
        pull=pull,
        has_interval=not math.isnan(pull.difference.low),
        accepted=acceptances(visit.store, task, by=name),
        threshold=threshold,
        counted=counted,
        may_accept=bool(_ACCEPTING & set(visit.person.roles)),
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
)
