"""Answers that come back: kept once each, and the last one taken back on request."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from acclimate.annotation.assignments import (
    ADJUDICATION,
    BULK,
    DONE,
    LEASED,
    READING,
    WORKING,
    Lease,
    assignment_of,
    give_lease,
    held_lease,
    item_row,
    live,
    refresh_item,
    require_visible,
    save_assignment,
    take_back,
)
from acclimate.annotation.items import subject_of
from acclimate.annotation.people import RefusedError, require_role
from acclimate.annotation.schema import Answer, LabelSchema, is_plain, labels_in
from acclimate.annotation.store import (
    ACCEPTED_IN_BULK,
    ANSWERED,
    CURRENT,
    DECIDED,
    WITHDRAWN,
    Store,
    Transaction,
    answer_digest,
    moment,
    new_salt,
)
from acclimate.annotation.suggestions.exposure import what_it_made
from acclimate.annotation.tables import answers, assignments, guidelines
from acclimate.annotation.task_settings import TRAINING
from acclimate.annotation.tasks import current_schema, require_task
from acclimate.core.atomic import json_digest
from acclimate.core.errors import DataError
from acclimate.core.reinclusion import id_digest


@dataclass(frozen=True)
class Submission:
    """An answer as the page sends it. `token` is made by the page, once for each answer, and sent again in a retry."""

    task: str
    item: str
    person: str
    token: str
    answer: Answer
    seconds: float = 0.0
    """How long the person worked on the item."""
    guideline_version: int | None = None
    """The guideline beside which it was answered; without it, the newest one that was shown with the item."""


@dataclass(frozen=True)
class Feedback:
    """What a reader of a gold item is told afterwards, where the task gives feedback."""

    right: bool
    answer: Answer


@dataclass(frozen=True)
class Receipt:
    """That an answer is kept. `repeated` says that it was already."""

    number: int
    repeated: bool = False
    feedback: Feedback | None = None


def submit(store: Store, submission: Submission) -> Receipt:
    """Keeps an answer to an item that the person holds; the same token again changes nothing and gives the same receipt.

    A lease that has run out still counts while the item wants a reading. Raises DataError for an answer that the
    schema does not allow, with every fault, and RefusedError where the item is not this person's, or where a label of
    the answer got another meaning while it was open.
    """
    require_plain(submission)
    with store.write() as transaction:
        connection = transaction.connection
        person = require_role(connection, submission.person, *WORKING[READING], *WORKING[ADJUDICATION])
        schema = current_schema(connection, submission.task)
        row = item_row(connection, submission.task, submission.item)
        earlier = kept_before(connection, submission)
        if earlier is not None:
            return Receipt(earlier, repeated=True, feedback=_feedback(connection, row, schema, submission))
        held = _require_held(connection, submission, row, moment(transaction.now))
        require_visible(row, person, *WORKING[held.purpose])
        require_valid(connection, row, schema, submission)
        read_beside = min(held.guideline_version, submission.guideline_version or held.guideline_version)
        _require_known_meaning(connection, submission, schema, read_beside)
        reading = held.purpose == READING
        suggested = what_it_made(connection, row, person.name, schema, submission.answer) if reading else {}
        number = keep_answer(
            transaction,
            submission,
            schema,
            purpose=held.purpose,
            guideline_version=read_beside,
            suggested=suggested,
        )
        feedback = _feedback(connection, row, schema, submission)
        # Whoever was told the right answer cannot take theirs back and give it anew.
        seen = held.seen or feedback is not None
        save_assignment(connection, row, submission.person, {"state": DONE, "seen": seen})
        refresh_item(connection, row, schema)
        return Receipt(number, feedback=feedback)


def undo(store: Store, task: str, person: str, number: int) -> Lease:
    """Takes back this person's last answer, and gives the item to them again. Taking it back twice changes nothing.

    `number` is that of the answer's receipt. Raises RefusedError where it is not their last, where its item was
    decided, and where they have seen others' answers since.
    """
    with store.write() as transaction:
        connection = transaction.connection
        author = require_role(connection, person, *WORKING[READING], *WORKING[ADJUDICATION])
        mine = (answers.c.task == task) & (answers.c.person == person) & (answers.c.purpose != BULK)
        answer = connection.execute(select(answers).where(mine, answers.c.number == number)).first()
        last = connection.scalar(select(func.max(answers.c.number)).where(mine, answers.c.state == CURRENT))
        if answer is None or (answer.state == CURRENT and number != last):
            raise RefusedError(
                f"Answer {number} is not the last of {person}.", hint="only the last answer can be taken back"
            )
        if answer.state == CURRENT:
            row = item_row(connection, task, answer.item)
            require_visible(row, author, *WORKING[answer.purpose])
            _require_open(connection, row, answer)
            take_back(transaction, row, [number], WITHDRAWN, by=person)
            return give_lease(transaction, row, person, answer.purpose)
        held = held_lease(transaction, task, person, answer.purpose, item=answer.item)
        if held is None:
            raise RefusedError(f"Answer {number} was taken back before.", hint="ask for the next item")
        return held


def last_answer(store: Store, task: str, person: str) -> int | None:
    """The number of this person's last answer that stands, which `undo` takes; None where there is none."""
    mine = (answers.c.task == task) & (answers.c.person == person) & (answers.c.state == CURRENT)
    mine &= answers.c.purpose != BULK
    with store.read() as connection:
        number: int | None = connection.scalar(select(func.max(answers.c.number)).where(mine))
    return number


def require_valid(connection: Connection, row: Row[Any], schema: LabelSchema, submission: Submission) -> None:
    """Raises DataError for an answer that the schema does not allow, with every fault."""
    faults = schema.faults(submission.answer, subject_of(row, schema, connection))
    if faults:
        raise DataError(f"The answer to item {submission.item} is not valid: {' '.join(faults)}", hint="correct it")


def require_plain(submission: Submission) -> None:
    """Refuses what databases and digests cannot hold: half of a character pair, and numbers that are none."""
    if not is_plain(submission.answer):
        raise DataError(
            f"The answer to item {submission.item} holds a broken character or a value that JSON does not know.",
            hint="type it anew",
        )
    if not (math.isfinite(submission.seconds) and submission.seconds >= 0):
        raise DataError(
            f"The time spent on item {submission.item} is {submission.seconds} seconds.", hint="send zero or more"
        )


def kept_before(connection: Connection, submission: Submission) -> int | None:
    """The number of the answer that was kept under this token; raises DataError where it was another answer."""
    mine = (answers.c.person == submission.person) & (answers.c.token == submission.token)
    earlier = connection.execute(select(answers).where(mine)).first()
    if earlier is None:
        return None
    sent = (submission.task, submission.item, json_digest(dict(submission.answer)))
    if (earlier.task, earlier.item, earlier.digest) != sent:
        raise DataError(
            f"The token of this answer to item {submission.item} was used for another answer.",
            hint="make a new token for each answer, and repeat it only in a retry",
        )
    return int(earlier.number)


def _feedback(connection: Connection, row: Row[Any], schema: LabelSchema, submission: Submission) -> Feedback | None:
    """What is told after a gold item: in training always, later where the task says so."""
    if row.gold is None:
        return None
    held = assignment_of(connection, row.task, row.id, submission.person)
    in_training = held is not None and held.purpose == TRAINING
    if not (in_training or require_task(connection, row.task).gold_feedback):
        return None
    return Feedback(schema.compared(submission.answer) == schema.compared(row.gold), row.gold)


def _require_held(connection: Connection, submission: Submission, row: Row[Any], now: str) -> Row[Any]:
    """The person's lease, where it stands or nobody else needs the item."""
    held = assignment_of(connection, row.task, row.id, submission.person)
    if held is None or held.state != LEASED:
        raise RefusedError(
            f"Item {row.id} was not given to this person, or they have answered or skipped it.",
            hint="ask for the next item; to change the last answer, take it back first",
        )
    if held.expires_at > now or row.gold is not None:
        return held
    of_item = (assignments.c.task == row.task) & (assignments.c.item == row.id)
    others = of_item & (assignments.c.person != held.person) & (assignments.c.purpose == held.purpose) & live(now)
    under_way = connection.scalar(select(func.count()).select_from(assignments).where(others)) or 0
    free = not (row.decided or under_way) if held.purpose == ADJUDICATION else row.read + under_way < row.wanted
    if not free:
        raise RefusedError(
            f"The lease of item {row.id} ran out and another person has taken it.", hint="ask for the next item"
        )
    return held


def _require_known_meaning(
    connection: Connection, submission: Submission, schema: LabelSchema, guideline_version: int
) -> None:
    """Refuses an answer with a label whose meaning changed after the guideline beside which it was given."""
    newer = (guidelines.c.task == submission.task) & (guidelines.c.version > guideline_version)
    for changed in connection.scalars(select(guidelines.c.changes).where(newer)):
        for name, labels in (changed or {}).items():
            if labels_in(schema.question(name), submission.answer.get(name)) & set(labels):
                raise RefusedError(
                    f"The guideline gave a label of the answer to item {submission.item} another meaning.",
                    hint="open the item again, read the guideline, and answer anew",
                )


def _require_open(connection: Connection, row: Row[Any], answer: Row[Any]) -> None:
    """Refuses to take back a correction, a reading that a decision rests on, or one whose author knows the others'."""
    if answer.purpose == ADJUDICATION:
        decided = assignment_of(connection, row.task, row.id, answer.person)
        if decided is None or decided.state != DONE:
            raise RefusedError(f"The answer to item {row.id} corrects a reading.", hint="a manager can see to it")
        return
    if row.decided:
        raise RefusedError(f"Item {row.id} is decided, so its readings stay.", hint="tell the reviewer")
    held = assignment_of(connection, row.task, row.id, answer.person)
    if held is not None and held.seen:
        raise RefusedError(
            f"{answer.person} has seen other answers to item {row.id} since.", hint="tell the reviewer of the mistake"
        )


def keep_answer(
    transaction: Transaction,
    submission: Submission,
    schema: LabelSchema,
    *,
    purpose: str,
    guideline_version: int,
    suggested: Mapping[str, Any] | None = None,
) -> int:
    """Adds an answer with its event; returns its number. `suggested` says what a suggestion made of it."""
    content = dict(submission.answer)
    digest, salt = json_digest(content), new_salt()
    place = {"task": submission.task, "item": submission.item}
    versions = {"schema_version": schema.version, "guideline_version": guideline_version}
    action = {ADJUDICATION: DECIDED, BULK: ACCEPTED_IN_BULK}.get(purpose, ANSWERED)
    told = {"task": submission.task, "item": id_digest(submission.item), "answer": answer_digest(content, salt)}
    number = transaction.append(submission.person, action, **told, **versions, **(suggested or {}))
    transaction.connection.execute(
        insert(answers).values(
            number=number,
            **place,
            person=submission.person,
            token=submission.token,
            purpose=purpose,
            content=content,
            digest=digest,
            salt=salt,
            **versions,
            seconds=submission.seconds,
            at=moment(transaction.now),
            state=CURRENT,
            **(suggested or {}),
        )
    )
    return number
