"""Suggestions accepted with many others, unread: each with its own event, so that nobody takes them for readings.

Only items that nobody has read or holds are taken. An answer accepted in bulk counts like a decision until it is
withdrawn, and in no figure of agreement or of readers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from acclimate.annotation.assignments import BULK, READING, count_live, may_see, take_back
from acclimate.annotation.items import subject_of
from acclimate.annotation.people import RefusedError, Role, require_role
from acclimate.annotation.review import CHECKING
from acclimate.annotation.store import (
    ACCEPTED_IN_BULK,
    CURRENT,
    WITHDRAWN,
    Store,
    Transaction,
    answer_digest,
    moment,
    new_salt,
)
from acclimate.annotation.suggestions.exposure import Proposal, proposals_for
from acclimate.annotation.tables import answers, events, items
from acclimate.annotation.tasks import current_schema, guideline_version, is_study
from acclimate.core.atomic import json_digest
from acclimate.core.errors import ConfigError
from acclimate.core.reinclusion import id_digest

ACCEPTING = (Role.MANAGER, Role.REVIEWER)
"""Who accepts in bulk, at their sites."""
ACCEPTED, NO_SUGGESTION, BELOW, INCOMPLETE = "accepted", "no_suggestion", "below", "incomplete"
"""What becomes of an item: `below` the score or without one, `incomplete`: a required question stays open."""
_BEGUN = "bulk acceptance begun"
_AT_ONCE = 250


@dataclass(frozen=True)
class Threshold:
    """Which suggestions are accepted: those of a source (empty: any), with this score at least (None: whatever it is)."""

    least_score: float | None = None
    source: str = ""


@dataclass
class BulkAcceptance:
    """What became of the items that nobody has read or holds; `number` is the event of the acceptance, 0 for a preview."""

    number: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)

    @property
    def accepted(self) -> int:
        """How many suggestions became answers."""
        return self.outcomes[ACCEPTED]

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return {"number": self.number, "outcomes": dict(sorted(self.outcomes.items()))}


@dataclass(frozen=True)
class PastAcceptance:
    """An acceptance as the chain tells it, with how many of its answers stand."""

    number: int
    at: str
    who: str
    least_score: float | None
    source: str
    standing: int


def preview_bulk(store: Store, task: str, threshold: Threshold, *, by: str) -> BulkAcceptance:
    """What an acceptance would do now."""
    found = BulkAcceptance()
    with store.read() as connection:
        _require_allowed(connection, task, threshold, by=by)
        last = ""
        while rows := _unread(connection, task, by=by, after=last, now=moment(store.clock())):
            found.outcomes.update(outcome for _, _, outcome in _judged(connection, rows, threshold))
            last = rows[-1].id
    return found


def accept_in_bulk(store: Store, task: str, threshold: Threshold, *, by: str) -> BulkAcceptance:
    """Makes suggestions the answers to items that nobody has read or holds; each passes the check of a person's answer.

    Some hundred a transaction: killed in between, the same again takes the rest, as an acceptance of its own.
    """
    with store.write() as transaction:
        _require_allowed(transaction.connection, task, threshold, by=by)
        found = BulkAcceptance(transaction.append(by, _BEGUN, task=task, **vars(threshold)))
    last = ""
    while True:
        with store.write() as transaction:
            connection, now = transaction.connection, moment(transaction.now)
            rows = _unread(connection, task, by=by, after=last, now=now)
            if not rows:
                return found
            judged = list(_judged(connection, rows, threshold))
            found.outcomes.update(outcome for _, _, outcome in judged)
            chosen = [(row, proposal) for row, proposal, outcome in judged if outcome == ACCEPTED and proposal]
            _keep(transaction, chosen, found.number, by=by)
        last = rows[-1].id


def withdraw_bulk(store: Store, task: str, number: int, *, by: str) -> int:
    """Takes the answers of an acceptance back, at the sites of whoever does it; their items are read by people. How many.

    Some hundred a transaction: killed in between, the same again takes the rest back.
    """
    taken = 0
    while True:
        with store.write() as transaction:
            visible = may_see(require_role(transaction.connection, by, *ACCEPTING), *ACCEPTING)
            of_item = (items.c.task == answers.c.task) & (items.c.id == answers.c.item)
            query = select(items, answers.c.number).join(answers, of_item)
            query = query.where(answers.c.task == task, answers.c.bulk == number, answers.c.state == CURRENT, visible)
            rows = transaction.connection.execute(query.limit(_AT_ONCE)).all()
            for row in rows:
                take_back(transaction, row, [row.number], WITHDRAWN, by=by)
        if not rows:
            return taken
        taken += len(rows)


def acceptances(store: Store, task: str, *, by: str) -> list[PastAcceptance]:
    """All bulk acceptances of a task, the newest first."""
    with store.read() as connection:
        require_role(connection, by, *CHECKING)
        of_task = (answers.c.task == task) & answers.c.bulk.is_not(None) & (answers.c.state == CURRENT)
        counted = select(answers.c.bulk, func.count().label("answers")).where(of_task).group_by(answers.c.bulk)
        standing = {row.bulk: row.answers for row in connection.execute(counted)}
        logged = events.c
        rows = connection.execute(select(events).where(logged.action == _BEGUN).order_by(logged.number.desc())).all()
        return [
            PastAcceptance(
                row.number,
                row.at,
                row.who,
                row.details["least_score"],
                row.details["source"],
                standing.get(row.number, 0),
            )
            for row in rows
            if row.details["task"] == task
        ]


def _require_allowed(connection: Connection, task: str, threshold: Threshold, *, by: str) -> None:
    require_role(connection, by, *ACCEPTING)
    current_schema(connection, task)
    if is_study(connection, task):
        raise RefusedError(f"{task} is a study, which is read by people alone.", hint="accept in a task for labelling")
    if threshold.least_score is not None and not abs(threshold.least_score) < float("inf"):
        raise ConfigError(f"The least score is {threshold.least_score}.", hint="give a number such as 0.9")


def _unread(connection: Connection, task: str, *, by: str, after: str, now: str) -> Sequence[Row[Any]]:
    visible = may_see(require_role(connection, by, *ACCEPTING), *ACCEPTING)
    fresh = (items.c.read == 0) & ~items.c.done & ~items.c.decided & items.c.gold.is_(None)
    free = count_live(now, purpose=READING) == 0
    query = select(items).where(items.c.task == task, items.c.id > after, fresh, free, visible)
    return connection.execute(query.order_by(items.c.id).limit(_AT_ONCE)).all()


def _judged(
    connection: Connection, rows: Sequence[Row[Any]], threshold: Threshold
) -> Iterator[tuple[Row[Any], Proposal | None, str]]:
    task = rows[0].task
    schema = current_schema(connection, task)
    given = proposals_for(connection, task, [row.id for row in rows])
    for row in rows:
        made = [one for one in given.get(row.id, ()) if threshold.source in ("", one.source) and not one.removed]
        if not made:
            yield row, None, NO_SUGGESTION
            continue
        newest, least = made[-1], threshold.least_score
        if least is not None and (newest.score is None or newest.score < least):
            yield row, newest, BELOW
        elif schema.faults(newest.answer, subject_of(row, schema, connection)):
            yield row, newest, INCOMPLETE
        else:
            yield row, newest, ACCEPTED


def _keep(transaction: Transaction, chosen: Sequence[tuple[Row[Any], Proposal]], number: int, *, by: str) -> None:
    if not chosen:
        return
    connection, task = transaction.connection, chosen[0][0].task
    guideline, schema = guideline_version(connection, task), current_schema(connection, task)
    versions = {"schema_version": schema.version, "guideline_version": guideline}
    rows = []
    for row, proposal in chosen:
        content = dict(proposal.answer)
        digest, salt = json_digest(content), new_salt()
        told = {"task": task, "item": id_digest(row.id), "answer": answer_digest(content, salt), **versions}
        about = {"suggestion": proposal.batch, "kept": True, "bulk": number}
        event = transaction.append(by, ACCEPTED_IN_BULK, **told, **about, score=proposal.score)
        kept = {"content": content, "digest": digest, "salt": salt, "seconds": 0.0, "at": moment(transaction.now)}
        place = {"number": event, "task": task, "item": row.id, "person": by, "token": f"bulk-{number}-{row.id}"}
        rows.append({**place, **versions, **about, **kept, "purpose": BULK, "state": CURRENT})
    connection.execute(insert(answers), rows)
    settled = (items.c.task == task) & items.c.id.in_([row.id for row, _ in chosen])
    connection.execute(update(items).where(settled).values(done=True, decided=True))
