"""Pages of annotators and reviewers: the next item, its answer, undo and skip.

Every answer comes with a token made in the browser, so that one sent again is kept once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse, Response

from acclimate.annotation.answering import Submission, last_answer, submit, undo
from acclimate.annotation.assignments import ADJUDICATION, READING, WORKING, Lease, SkipReason
from acclimate.annotation.beside import open_beside
from acclimate.annotation.queue import next_item, next_items, skip
from acclimate.annotation.remarks import answered_questions
from acclimate.annotation.review import next_dispute
from acclimate.annotation.schema import Choice, LabelSchema, Spans, Text
from acclimate.annotation.tasks import current_schema, guideline, require_task
from acclimate.annotation.training import training_of
from acclimate.app.web import Page, Visit
from acclimate.core.errors import DataError
from acclimate.core.schema import TEXT_COLUMNS

SKIP_REASONS = {
    SkipReason.UNCLEAR: "I cannot tell",
    SkipReason.UNREADABLE: "It cannot be read",
    SkipReason.OUT_OF_SCOPE: "It does not belong here",
    SkipReason.KNOWS_THE_PERSON: "I know this person",
    SkipReason.OTHER: "Another reason",
}
AHEAD = 25
"""How many items a page holds at most, so that some minutes without the server stop nobody."""
_READING, _DECIDING = frozenset(WORKING[READING]), frozenset(WORKING[ADJUDICATION])
_ANSWERING = _READING | _DECIDING


def read_next(visit: Visit) -> Response:
    """The item this reader holds, else the next; a page that says so where none is left."""
    task = visit.path["task"]
    lease = next_item(visit.store, task, visit.person.name)
    return card_page(visit, lease, purpose=READING)


def read_ahead(visit: Visit) -> Response:
    """What this reader holds and will be given next, so that the page can go on while the server is away."""
    task = visit.path["task"]
    leases = next_items(visit.store, task, visit.person.name, at_most=AHEAD)
    return visit.page("ahead.html", leases=leases, **_around(visit, purpose=READING))


def decide_next(visit: Visit) -> Response:
    """The disputed item this reviewer holds, else the next, with the readings but not the readers."""
    dispute = next_dispute(visit.store, visit.path["task"], visit.person.name)
    lease, readings = (dispute.lease, dispute.readings) if dispute else (None, ())
    return card_page(visit, lease, purpose=ADJUDICATION, readings=readings)


def take_answer(visit: Visit) -> Response:
    """Keeps an answer; what comes back says under which number."""
    receipt = submit(visit.store, sent_answer(visit))
    said: dict[str, Any] = {"number": receipt.number, "repeated": receipt.repeated}
    if receipt.feedback is not None:
        said["feedback"] = {"right": receipt.feedback.right, "answer": dict(receipt.feedback.answer)}
    return JSONResponse(said)


def sent_answer(visit: Visit) -> Submission:
    """The answer that the page sent."""
    sent = visit.sent
    answer = sent.get("answer")
    if not isinstance(answer, dict):
        raise DataError("The answer is not a JSON object.", hint="load the page again")
    return Submission(
        visit.path["task"],
        sent_text(visit, "item"),
        visit.person.name,
        sent_text(visit, "token", at_most=100),
        answer,
        _seconds(sent),
        guideline_version=sent_number(visit, "guideline", low=1) if "guideline" in sent else None,
    )


def take_back(visit: Visit) -> Response:
    """Takes back the reader's last answer and gives them the item again."""
    number = sent_number(visit, "number", low=1)
    lease = undo(visit.store, visit.path["task"], visit.person.name, number)
    return JSONResponse({"item": lease.item, "purpose": lease.purpose})


def show_beside(visit: Visit) -> Response:
    """The texts of another record of the same subject."""
    task = visit.path["task"]
    record = open_beside(visit.store, task, sent_text(visit, "item"), sent_text(visit, "other"), visit.person.name)
    with visit.store.read() as connection:
        schema = current_schema(connection, task)
    turns = enumerate(record.get("messages") or (), start=1)
    texts = [
        *({"name": name, "text": text} for name, text in fields_shown(record, schema).items()),
        *({"name": f"{place} · {turn['role']}", "text": turn["content"] or ""} for place, turn in turns),
    ]
    return JSONResponse({"texts": texts})


def take_skip(visit: Visit) -> Response:
    """Gives the item back for good, with a reason."""
    given = sent_text(visit, "reason")
    if given not in set(SkipReason):
        raise DataError("Say why the item is skipped.", hint="choose one of the reasons")
    comment = sent_text(visit, "comment", at_most=1000)
    task, item = visit.path["task"], sent_text(visit, "item")
    skip(visit.store, task, item, visit.person.name, reason=SkipReason(given), comment=comment)
    return JSONResponse({"item": item})


def fields_shown(record: Mapping[str, Any], schema: LabelSchema) -> dict[str, str]:
    """The texts of a record in the order they are read; a text that a question corrects stands in its box instead."""
    edited = {question.edits for question in schema.questions if isinstance(question, Text)}
    marked = {field for question in schema.questions if isinstance(question, Spans) for field in question.fields}
    return {
        column: record[column]
        for column in TEXT_COLUMNS
        if isinstance(record.get(column), str) and (column not in edited or column in marked)
    }


def depths(question: Choice | Spans) -> dict[str, int]:
    """How deep each label lies in its hierarchy, 0 at the top.

    >>> from acclimate.annotation.schema import Option
    >>> depths(Choice(name="q", options=(Option(name="a"), Option(name="b", parent="a"))))
    {'a': 0, 'b': 1}
    """
    parents = {option.name: option.parent for option in question.options}
    found = {}
    for name in parents:
        above, depth = parents[name], 0
        while above is not None:
            above, depth = parents[above], depth + 1
        found[name] = depth
    return found


def card_page(visit: Visit, lease: Lease | None, *, purpose: str, **shown: Any) -> Response:
    """The page with one item and its questions, or the page that says that none is left."""
    return visit.page("read.html", lease=lease, reasons=SKIP_REASONS, **{**_around(visit, purpose=purpose), **shown})


def sent_text(visit: Visit, name: str, *, at_most: int = 10_000) -> str:
    """A text that the page sent; empty where it was not sent."""
    value = visit.sent.get(name, "")
    if not isinstance(value, str) or len(value) > at_most:
        raise DataError(f"{name} is not a text of at most {at_most} characters.", hint="load the page again")
    return value


def sent_number(visit: Visit, name: str, *, low: int) -> int:
    """A whole number that the page sent."""
    value = visit.sent.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value < 2**31:
        raise DataError(f"{name} is not a whole number from {low} on.", hint="load the page again")
    return value


def _around(visit: Visit, *, purpose: str) -> dict[str, Any]:
    """What stands around every item of a task."""
    task = visit.path["task"]
    with visit.store.read() as connection:
        answered = answered_questions(connection, task)
        row = require_task(connection, task)
        training = training_of(connection, row, visit.person.name) if purpose == READING else None
    return {
        "task": task,
        "purpose": purpose,
        "readings": (),
        "check": None,
        "guideline": guideline(visit.store, task),
        "answered": answered,
        "quick": row.quick,
        "training": training if training is not None and not training.passed else None,
        "training_percent": row.training_percent,
        "last": last_answer(visit.store, task, visit.person.name),
        "fields_shown": fields_shown,
        "depths": depths,
    }


def _seconds(sent: Mapping[str, Any]) -> float:
    value = sent.get("seconds", 0)
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e9:
        raise DataError("The time spent is not a number.", hint="load the page again")
    return float(value)


PAGES = (
    Page("/read/{task}", read_next, allowed=_READING),
    Page("/ahead/{task}", read_ahead, allowed=_READING),
    Page("/decide/{task}", decide_next, allowed=_DECIDING),
    Page("/answers/{task}", take_answer, method="POST", allowed=_ANSWERING),
    Page("/undo/{task}", take_back, method="POST", allowed=_ANSWERING),
    Page("/beside/{task}", show_beside, method="POST", allowed=_ANSWERING),
    Page("/skip/{task}", take_skip, method="POST", allowed=_ANSWERING),
)
