"""Pages on which those who check see how far readers agree, where they do not, and what deserves another look."""

from __future__ import annotations

from starlette.responses import Response

from acclimate.annotation.agreement.of_task import agreement_of, agreement_parts
from acclimate.annotation.review import CHECKING
from acclimate.app.web import Page, Visit

MOST_DOUBTS = 50
"""Items in doubt that the page lists; the command lists all."""


def show_agreement(visit: Visit) -> Response:
    """The figures, question by question."""
    task = visit.path["task"]
    return visit.page("agreement.html", task=task, questions=agreement_of(visit.store, task, by=visit.person.name))


def show_parts(visit: Visit) -> Response:
    """The same by label, site and pair of readers, each reader's quality, and the items in doubt."""
    task = visit.path["task"]
    parts = agreement_parts(visit.store, task, by=visit.person.name)
    return visit.page("agreement_parts.html", task=task, questions=parts, most=MOST_DOUBTS)


PAGES = (
    Page("/tasks/{task}/agreement", show_agreement, allowed=frozenset(CHECKING)),
    Page("/tasks/{task}/agreement/parts", show_parts, allowed=frozenset(CHECKING)),
)
