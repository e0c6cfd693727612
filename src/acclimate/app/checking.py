"""Pages for checking annotations: batches, the reading to check next, and what readers ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from starlette.responses import JSONResponse, Response

from acclimate.annotation.assignments import READING, WORKING
from acclimate.annotation.batches import (
    DRAWING,
    MAX_COMMENT,
    Rates,
    batches_of,
    return_batch,
    screen_batch,
    start_batch,
)
from acclimate.annotation.checks import CHECK, accept, correct, next_check, return_to_reader
from acclimate.annotation.people import Role, active_people
from acclimate.annotation.remarks import answer_remark, answered_questions, ask, open_remarks
from acclimate.annotation.review import ACCEPTED, CHECKING
from acclimate.annotation.store import CORRECTED, RETURNED
from acclimate.app.reading import card_page, sent_answer, sent_number, sent_text
from acclimate.app.web import Page, Visit, go_to
from acclimate.core.errors import DataError

_MANAGER, _REVIEWER = frozenset({Role.MANAGER}), frozenset({Role.REVIEWER})
_LEADING = frozenset({Role.MANAGER, Role.REVIEWER})


def show_batches(visit: Visit) -> Response:
    """The batches of a task and the form that draws another."""
    task = visit.path["task"]
    own = visit.person.reaches(*DRAWING)
    with visit.store.read() as connection:
        reading = [one for one, _ in active_people(connection) if set(WORKING[READING]) & set(one.roles)]
    readers = [one.name for one in reading if own is None or (one.reaches(*WORKING[READING]) or own) <= own]
    return visit.page(
        "batches.html", task=task, batches=batches_of(visit.store, task, by=visit.person.name), readers=readers
    )


def draw_batch(visit: Visit) -> Response:
    """Draws a batch: all readings, or a sample by the error rates of the form."""
    task, reader = visit.path["task"], visit.text("reader") or None
    rates = None
    if visit.text("how") == "sample":
        rates = Rates(*(visit.whole_number(name, low=0, high=100) / 100 for name in ("acceptable", "unacceptable")))
    start_batch(visit.store, task, reader=reader, rates=rates, by=visit.person.name)
    return go_to(f"/tasks/{task}/batches")


def end_batch(visit: Visit) -> Response:
    """What is done about a batch that failed: the rest is checked, or all of it is read again."""
    task, number = visit.path["task"], visit.whole_number("number", low=1, high=2**31 - 1)
    if visit.text("what") == "screen":
        screen_batch(visit.store, task, number, by=visit.person.name)
    else:
        return_batch(visit.store, task, number, comment=visit.text("comment"), by=visit.person.name)
    return go_to(f"/tasks/{task}/batches")


def check_next(visit: Visit) -> Response:
    """The reading this reviewer is to check next."""
    check = next_check(visit.store, visit.path["task"], visit.person.name)
    return card_page(visit, check.lease if check else None, purpose=CHECK, check=check)


def take_verdict(visit: Visit) -> Response:
    """Keeps a verdict on a reading."""
    verdict = _VERDICTS.get(sent_text(visit, "verdict"))
    if verdict is None:
        raise DataError("There is no such verdict.", hint="accept the reading, correct it or return it")
    verdict(visit, sent_number(visit, "number", low=1))
    return JSONResponse({})


def take_question(visit: Visit) -> Response:
    """Keeps what a reader asks about an item."""
    words, token = sent_text(visit, "text"), sent_text(visit, "token", at_most=100)
    number = ask(visit.store, visit.path["task"], sent_text(visit, "item"), visit.person.name, words, token=token)
    return JSONResponse({"number": number})


def show_questions(visit: Visit) -> Response:
    """What readers asked and nobody answered, and what was answered."""
    task = visit.path["task"]
    with visit.store.read() as connection:
        answered = answered_questions(connection, task)
    waiting = open_remarks(visit.store, task, by=visit.person.name)
    return visit.page("asked.html", task=task, waiting=waiting, answered=answered)


def answer_question(visit: Visit) -> Response:
    """Answers a question for all readers."""
    task, number = visit.path["task"], visit.whole_number("number", low=1, high=2**31 - 1)
    said = {name: visit.text(name).replace("\r\n", "\n") for name in ("question", "answer")}
    answer_remark(visit.store, task, number, by=visit.person.name, **said)
    return go_to(f"/tasks/{task}/questions")


def _accept(visit: Visit, number: int) -> None:
    accept(visit.store, visit.path["task"], number, visit.person.name)


def _correct(visit: Visit, number: int) -> None:
    correct(visit.store, number, sent_answer(visit))


def _return(visit: Visit, number: int) -> None:
    comment = sent_text(visit, "comment", at_most=MAX_COMMENT)
    return_to_reader(visit.store, visit.path["task"], number, visit.person.name, comment=comment)


_VERDICTS: Mapping[str, Callable[[Visit, int], None]] = {ACCEPTED: _accept, CORRECTED: _correct, RETURNED: _return}

PAGES = (
    Page("/tasks/{task}/batches", show_batches, allowed=frozenset(CHECKING)),
    Page("/tasks/{task}/batches", draw_batch, method="POST", allowed=_LEADING),
    Page("/tasks/{task}/batches/end", end_batch, method="POST", allowed=_MANAGER),
    Page("/check/{task}", check_next, allowed=_REVIEWER),
    Page("/verdicts/{task}", take_verdict, method="POST", allowed=_REVIEWER),
    Page("/questions/{task}", take_question, method="POST", allowed=frozenset({Role.ANNOTATOR, Role.REVIEWER})),
    Page("/tasks/{task}/questions", show_questions, allowed=_LEADING),
    Page("/tasks/{task}/questions", answer_question, method="POST", allowed=_LEADING),
)
