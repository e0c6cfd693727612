"""Which suggestion a reader is shown: decided once for each item and reader when they get it, and kept.

In a randomised task half of the readings see it. The draw comes from the digest of the event that kept the suggestion,
so that nobody can foresee it and an auditor can repeat it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from acclimate.annotation.items import subject_of, unit_draw
from acclimate.annotation.schema import Answer, LabelSchema, plain_value
from acclimate.annotation.schema_history import changes, lift
from acclimate.annotation.tables import events, exposures, suggestion_batches, suggestions
from acclimate.annotation.task_settings import RANDOMISED, SHOWN
from acclimate.annotation.tasks import current_schema, require_task


@dataclass(frozen=True)
class Proposal:
    """What one source suggests for an item, as the newest schema reads it; who was shown one that is `removed` keeps it."""

    batch: int
    source: str
    version: str
    answer: Answer
    score: float | None
    removed: bool = False


def proposals_for(connection: Connection, task: str, ids: Collection[str]) -> dict[str, list[Proposal]]:
    """All that is suggested for some items, the newest last; what one batch says of an item is one proposal."""
    of_batch = suggestions.join(suggestion_batches, suggestions.c.batch == suggestion_batches.c.number)
    named = (suggestion_batches.c.source, suggestion_batches.c.version, suggestion_batches.c.schema_version)
    query = select(suggestions, *named).select_from(of_batch)
    query = query.where(suggestions.c.task == task, suggestions.c.item.in_(ids))
    rows = connection.execute(query.order_by(suggestions.c.item, suggestions.c.batch, suggestions.c.place)).all()
    since = changes(connection, task) if rows else ()
    found: dict[str, list[Proposal]] = {}
    for row in rows:
        answer = lift(since, row.schema_version, row.content)
        before = found.setdefault(row.item, [])
        if before and before[-1].batch == row.batch:
            earlier = before.pop()
            scores = [score for score in (earlier.score, row.score) if score is not None]
            answer = {**answer, **earlier.answer}
            before.append(replace(earlier, answer=answer, score=min(scores, default=None)))
        else:
            is_removed = row.removed is not None
            before.append(Proposal(row.batch, row.source, row.version, answer, row.score, is_removed))
    return found


def expose(connection: Connection, row: Row[Any], person: str) -> dict[str, Any]:
    """Decides whether a reader who is given an item sees its suggestion; what the event of handing it out says of it.

    What was decided earlier for this item and reader stays, also where the setting or the suggestion is another since.
    """
    place = _place(row.task, [row.id], person)
    earlier = connection.execute(select(exposures).where(place)).first()
    if earlier is not None:
        return {"suggestion": earlier.batch, "shown": earlier.shown}
    given = proposals_for(connection, row.task, [row.id]).get(row.id, ())
    proposal = next((one for one in reversed(given) if not one.removed), None)
    if proposal is None or not is_usable(connection, row, current_schema(connection, row.task), proposal):
        return {}
    setting = require_task(connection, row.task).suggestions
    shown = setting == SHOWN or (setting == RANDOMISED and _drawn(connection, proposal, row.id, person))
    about = {"task": row.task, "item": row.id, "person": person}
    connection.execute(insert(exposures).values(**about, batch=proposal.batch, setting=setting, shown=shown))
    return {"suggestion": proposal.batch, "shown": shown}


def shown_answers(
    connection: Connection, rows: Sequence[Row[Any]], person: str, schema: LabelSchema
) -> Mapping[str, Answer]:
    """By item, the suggestion that this reader may see; nothing that is hidden from them leaves here."""
    task, ids = rows[0].task, [row.id for row in rows]
    exposed = connection.execute(select(exposures).where(_place(task, ids, person), exposures.c.shown)).all()
    batches = {row.item: row.batch for row in exposed}
    if not batches:
        return {}
    given = proposals_for(connection, task, batches.keys())
    return {
        row.id: proposal.answer
        for row in rows
        for proposal in given.get(row.id, ())
        if proposal.batch == batches.get(row.id) and is_usable(connection, row, schema, proposal)
    }


def what_it_made(
    connection: Connection, row: Row[Any], person: str, schema: LabelSchema, answer: Answer
) -> dict[str, Any]:
    """What is kept with a reading: which suggestion there was, whether the reader saw it, and whether they say the same."""
    exposed = connection.execute(select(exposures).where(_place(row.task, [row.id], person))).first()
    given = proposals_for(connection, row.task, [row.id]).get(row.id, ()) if exposed is not None else ()
    for proposal in given:
        if exposed is not None and proposal.batch == exposed.batch and is_usable(connection, row, schema, proposal):
            kept = says_the_same(schema, proposal.answer, answer)
            return {"suggestion": exposed.batch, "shown": exposed.shown, "kept": kept}
    return {}


def says_the_same(schema: LabelSchema, suggested: Answer, answer: Answer) -> bool:
    """Whether an answer agrees with a suggestion in every question that it answers."""
    asked = [question for question in schema.questions if suggested.get(question.name) is not None]
    return all(
        _typed(plain_value(question, answer.get(question.name)))
        == _typed(plain_value(question, suggested[question.name]))
        for question in asked
    )


def is_usable(connection: Connection, row: Row[Any], schema: LabelSchema, proposal: Proposal) -> bool:
    """Whether the schema, as it is now, still allows a suggestion: its labels may have been split."""
    return not schema.faults_of_part(proposal.answer, subject_of(row, schema, connection))


def _drawn(connection: Connection, proposal: Proposal, item: str, person: str) -> bool:
    digest = connection.scalar(select(events.c.digest).where(events.c.number == proposal.batch))
    return unit_draw(str(digest), item, person) < 0.5


def _place(task: str, ids: Collection[str], person: str) -> Any:
    return (exposures.c.task == task) & exposures.c.item.in_(ids) & (exposures.c.person == person)


def _typed(value: Any) -> Any:
    """A text as it comes out of a browser's box."""
    return value.replace("\r\n", "\n") if isinstance(value, str) else value
