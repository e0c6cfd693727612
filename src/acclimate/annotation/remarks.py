"""What readers ask about an item, answered once for all readers of the task.

The words of a remark may quote the item, so they are shown to people of its site alone; what all readers see is the
question as the person who answers it writes it down.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from acclimate.annotation.assignments import (
    ADJUDICATION,
    READING,
    WORKING,
    assignment_of,
    item_row,
    may_see,
    require_visible,
)
from acclimate.annotation.people import RefusedError, Role, require_role
from acclimate.annotation.store import Store
from acclimate.annotation.tables import items, remarks
from acclimate.annotation.tasks import require_task
from acclimate.core.atomic import json_digest
from acclimate.core.errors import DataError
from acclimate.core.reinclusion import id_digest

MAX_CHARS = 2000
ASKING, ANSWERING = (*WORKING[READING], *WORKING[ADJUDICATION]), (Role.MANAGER, Role.REVIEWER)
"""Who asks about items, and who answers for all, at their sites."""


@dataclass(frozen=True)
class Remark:
    """A question about an item that nobody has answered; who asks it is not shown to the others."""

    number: int
    item: str
    person: str
    text: str


@dataclass(frozen=True)
class AnsweredQuestion:
    """A question with its answer, for every reader of the task."""

    number: int
    question: str
    answer: str


def ask(store: Store, task: str, item: str, person: str, text: str, *, token: str) -> int:
    """Keeps a remark on an item that was given to this person; the same token again changes nothing. Returns its number."""
    _require_words(text)
    with store.write() as transaction:
        connection = transaction.connection
        asker = require_role(connection, person, *ASKING)
        mine = (remarks.c.person == person) & (remarks.c.token == token)
        earlier = connection.scalar(select(remarks.c.number).where(mine))
        if earlier is not None:
            return int(earlier)
        require_visible(item_row(connection, task, item), asker, *ASKING)
        if assignment_of(connection, task, item, person) is None:
            raise RefusedError(f"Item {item} was not given to {person}.", hint="ask about an item that you were given")
        number = transaction.append(person, "asked", task=task, item=id_digest(item), remark=json_digest(text))
        values = {"number": number, "task": task, "item": item, "person": person, "token": token, "text": text}
        connection.execute(insert(remarks).values(**values))
        return number


def open_remarks(store: Store, task: str, *, by: str) -> list[Remark]:
    """What waits for an answer, oldest first; remarks on items of other sites than one's own are left out."""
    with store.read() as connection:
        person = require_role(connection, by, *ANSWERING)
        require_task(connection, task)
        of_item = (items.c.task == remarks.c.task) & (items.c.id == remarks.c.item)
        query = select(remarks).join(items, of_item).where(remarks.c.task == task, may_see(person, *ANSWERING))
        rows = connection.execute(query.where(remarks.c.answer.is_(None)).order_by(remarks.c.number))
        return [Remark(row.number, row.item, row.person, row.text) for row in rows]


def answer_remark(store: Store, task: str, number: int, *, question: str, answer: str, by: str) -> None:
    """Answers a remark for all readers, or changes an answer. `question` is what they will read, whatever was asked."""
    _require_words(question)
    _require_words(answer)
    with store.write() as transaction:
        connection = transaction.connection
        person = require_role(connection, by, *ANSWERING)
        of_item = (items.c.task == remarks.c.task) & (items.c.id == remarks.c.item)
        asked = select(remarks.c.number).join(items, of_item).where(remarks.c.task == task, may_see(person, *ANSWERING))
        if connection.scalar(asked.where(remarks.c.number == number)) is None:
            raise RefusedError(f"There is no question {number} of this task for {by}.", hint="load the page again")
        said = {"question": question, "answer": answer, "answered_by": by}
        connection.execute(update(remarks).where(remarks.c.number == number).values(**said))
        transaction.append(by, "question answered", task=task, remark=number, said=json_digest([question, answer]))


def answered_questions(connection: Connection, task: str) -> list[AnsweredQuestion]:
    """What was answered, newest first."""
    mine = (remarks.c.task == task) & remarks.c.answer.is_not(None)
    rows = connection.execute(select(remarks).where(mine).order_by(remarks.c.number.desc()))
    return [AnsweredQuestion(row.number, row.question, row.answer) for row in rows]


def _require_words(text: str) -> None:
    if not text.strip() or len(text) > MAX_CHARS or "\0" in text:
        raise DataError(f"A question or an answer has 1 to {MAX_CHARS} characters.", hint="say it in a few sentences")
