"""From a source to kept suggestions, as the command line and the pages both do it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from acclimate.annotation.schema import Spans
from acclimate.annotation.store import Store
from acclimate.annotation.suggestions.dictionary import Dictionary, read_dictionary, spans_question, suggested_spans
from acclimate.annotation.suggestions.proposals import SuggestionAccount, open_records, save_suggestions
from acclimate.annotation.suggestions.written_answers import WrittenAnswers, suggested_answers
from acclimate.annotation.tasks import current_schema, guideline

if TYPE_CHECKING:
    from acclimate.annotation.suggestions.endpoint import Endpoint

WHAT_BECAME: Mapping[str, str] = {
    "kept": "new",
    "there": "here already",
    "no_such_item": "left out: no such item at your sites that wants readings",
    "not_allowed": "left out: not an answer that the label schema allows",
    "malformed": "left out: not an answer at all, or words that are not in the text",
    "too_long": "left out: the record is too long to be sent",
}
"""What can become of a suggestion, in words."""
_PAID_FOR = 16


@dataclass(frozen=True)
class TermFile:
    """A CSV file of terms, and its name; `label` is that of terms without one, `question` the one for marks."""

    content: bytes
    name: str
    label: str = ""
    question: str = ""

    def read(self, store: Store, task: str) -> tuple[Dictionary, Spans]:
        """Its terms, and the question of the task that they answer. Raises SourceError where it is no such file."""
        with store.read() as connection:
            asked = spans_question(current_schema(connection, task), self.question)
        return read_dictionary(self.content, self.name, label=self.label, labels=asked.labels), asked


def bring_terms(store: Store, task: str, file: TermFile, *, by: str) -> SuggestionAccount:
    """Suggests marks wherever a term stands."""
    terms, asked = file.read(store, task)
    suggested = suggested_spans(terms, open_records(store, task, by=by), asked)
    return save_suggestions(store, task, terms.source, suggested, by=by)


def bring_answers(store: Store, task: str, written: WrittenAnswers, *, by: str) -> SuggestionAccount:
    """Suggests what a model answered."""
    with store.read() as connection:
        schema = current_schema(connection, task)
    suggested = suggested_answers(written, open_records(store, task, by=by), schema)
    return save_suggestions(store, task, written.source, suggested, by=by)


def bring_from_endpoint(store: Store, task: str, there: Endpoint, *, by: str) -> SuggestionAccount:
    """Suggests what a model behind an endpoint answers, for the items it was not asked about yet.

    The records leave for that address: whether they may is for the caller to know.
    """
    from acclimate.annotation.suggestions.endpoint import asked_answers

    with store.read() as connection:
        schema = current_schema(connection, task)
    words = guideline(store, task)
    source = there.source(schema, words)
    records = open_records(store, task, by=by, without=source, sent_to=there.host)
    answers = asked_answers(there, records, schema, words)
    # Few at a time: each was paid for, and whatever ends the asking must not lose many.
    return save_suggestions(store, task, source, answers, at_once=_PAID_FOR, by=by)
