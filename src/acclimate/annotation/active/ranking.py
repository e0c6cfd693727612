"""Chooses what a task's readers are given next, measures what a model has learnt from them, and keeps both as an event.

It runs beside the serving, not in a reader's request: encoding and training take seconds to minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, delete, exists, func, insert, or_, select

from acclimate.annotation.active.label_model import fit
from acclimate.annotation.active.learning import ACCURACY, LOOKED_AT, CurvePoint, Labelled, learning_curve, stability
from acclimate.annotation.active.picking import RANDOM, Pick, Pool, is_cold, pick
from acclimate.annotation.active.vectors import ItemVectors, item_vectors
from acclimate.annotation.assignments import READING, live, same_item
from acclimate.annotation.export import tie_of
from acclimate.annotation.items import unit_draw
from acclimate.annotation.people import SYSTEM, Role, require_every_site
from acclimate.annotation.readings import Codes, Floats
from acclimate.annotation.schema import Choice
from acclimate.annotation.schema_history import GivenAnswer, standing_answers
from acclimate.annotation.settled import settled_value
from acclimate.annotation.store import Store, Transaction, moment
from acclimate.annotation.tables import assignments, choices, events, items, rankings
from acclimate.annotation.tasks import current_schema, require_label_question, settings_of
from acclimate.core.atomic import json_digest
from acclimate.core.ports import Encoder, Progress
from acclimate.core.progress import no_progress
from acclimate.core.reinclusion import id_digest

LEAST_PICKED = 50
AS_GIVEN, COLD, DOUBT = "as given", "cold start", "doubt"
RANKED = "items ranked"


@dataclass(frozen=True)
class Ranking:
    """What a ranking found: how many items had a label, by what it chose (`phase`) how many, and what was learnt.

    `sampled` counts the items with a label that are a random sample, on which `curve` was measured by
    `measure`, an accuracy or a micro-F1.
    `stability` is that of the stop rule (`acclimate.annotation.active.learning.stability`).
    """

    question: str
    phase: str
    labelled: int
    picked: int
    sampled: int
    curve: tuple[CurvePoint, ...]
    stability: float | None
    measure: str = ACCURACY


@dataclass(frozen=True)
class _State:
    """What a task knows at one moment, its items as rows of the vectors."""

    question: Choice
    active: bool
    random_share: float
    found: ItemVectors
    draws: Floats
    read: Codes
    labels: Codes
    ties: tuple[str, ...]
    open_places: Codes
    sampled_below: float


def batch_size(labelled: int) -> int:
    """How many items are chosen at once: a tenth of what was labelled, so that a model is trained ever more seldom.

    >>> batch_size(0), batch_size(2000)
    (50, 200)
    """
    return max(LEAST_PICKED, labelled // 10)


def rank(
    store: Store,
    task: str,
    encoder: Encoder,
    *,
    by: str,
    progress: Callable[[str, int], Progress] = no_progress,
) -> Ranking:
    """Chooses the next items of a task, where it is so set, and measures what its labels have taught.

    What was chosen before and is being read stays in front. The choice, each with why, and the figures are one event
    without text of a record. Raises ConfigError for a task that asks for no label.
    """
    with store.read() as connection:
        if by != SYSTEM:
            require_every_site(connection, by, Role.MANAGER)
        question = require_label_question(current_schema(connection, task))
    found = item_vectors(store, task, encoder, progress=progress)
    with store.read() as connection:
        state = _state(connection, task, question, found, now=moment(store.clock()))
    picks, phase = _picks(task, state)
    given = _labelled(state)
    ranking = Ranking(
        question=question.name,
        phase=phase,
        labelled=len(state.read),
        picked=len(picks),
        sampled=given.measurable,
        curve=learning_curve(given),
        stability=stability(
            given, found.vectors[np.argsort(state.draws)[:LOOKED_AT]], step=batch_size(len(state.read))
        ),
        measure=given.measure,
    )
    with store.write() as transaction:
        _keep(transaction, task, ranking, state, picks, encoder.digest, by=by)
    return ranking


def newest_ranking(connection: Connection, task: str) -> Mapping[str, Any] | None:
    """The event of a task's newest ranking: `at`, `who` and its `details`; None where there was none."""
    last = select(func.max(rankings.c.number)).where(rankings.c.task == task).scalar_subquery()
    row = connection.execute(select(events).where(events.c.number == last)).first()
    return None if row is None else dict(row._mapping)


def _state(connection: Connection, task: str, question: Choice, found: ItemVectors, *, now: str) -> _State:
    settings = settings_of(connection, task)
    places = {item: place for place, item in enumerate(found.items)}
    given: dict[str, list[GivenAnswer]] = {}
    for answer in standing_answers(connection, task):
        given.setdefault(answer.item, []).append(answer)
    values = {item: settled_value(question, said) for item, said in given.items() if item in places}
    labelled = [item for item, value in values.items() if value is not None]
    return _State(
        question=question,
        active=settings.active,
        random_share=settings.random_percent / 100,
        found=found,
        draws=np.array([unit_draw(task, "sample", item) for item in found.items]),
        read=np.array([places[item] for item in labelled], dtype=np.int64),
        labels=_coded(question, [values[item] for item in labelled]),
        ties=_ties(connection, task, labelled),
        open_places=np.array([places[item] for item in _untouched(connection, task, now) if item in places], np.int64),
        sampled_below=float(((newest_ranking(connection, task) or {}).get("details") or {}).get("sampled_below", 0.0)),
    )


def _coded(question: Choice, values: Sequence[Any]) -> Codes:
    """The codes of single labels, or items × labels of 0 and 1 where each may have several."""
    codes = {label: code for code, label in enumerate(question.labels)}
    if not question.multiple:
        return np.array([codes[value] for value in values], dtype=np.int64)
    has = np.zeros((len(values), len(codes)), dtype=np.int64)
    for row, chosen in enumerate(values):
        has[row, [codes[label] for label in chosen]] = 1
    return has


def _untouched(connection: Connection, task: str, now: str) -> Sequence[str]:
    """Open items that nobody has read or is reading."""
    held = exists().where(same_item(), live(now)).correlate(items)
    waiting = (items.c.task == task) & items.c.gold.is_(None) & ~items.c.done & ~items.c.decided & (items.c.read == 0)
    return sorted(connection.scalars(select(items.c.id).where(waiting, ~held)))


def _ties(connection: Connection, task: str, labelled: Sequence[str]) -> tuple[str, ...]:
    begun = (items.c.task == task) & or_(items.c.read > 0, items.c.decided)
    ties = {row.id: tie_of(row) for row in connection.execute(select(items).where(begun))}
    return tuple(ties[item] for item in labelled)


def _picks(task: str, state: _State) -> tuple[list[Pick], str]:
    if not state.active:
        return [], AS_GIVEN
    cold = is_cold(state.labels, known=len(state.question.labels))
    model = None if cold else fit(state.found.vectors[state.read], state.labels)
    pool = Pool(state.found.vectors, state.draws, state.open_places, state.read)
    seed = int(json_digest([task, len(state.read), state.sampled_below])[:16], 16)
    picks = pick(
        pool,
        model,
        batch_size(len(state.read)),
        random_share=state.random_share,
        generator=np.random.default_rng(seed),
    )
    return picks, COLD if cold else DOUBT


def _labelled(state: _State) -> Labelled:
    """In a task that was read in the given order all that was labelled is taken for a random sample."""
    chosen = state.active or state.sampled_below > 0
    sampled = state.draws[state.read] <= state.sampled_below if chosen else np.ones(len(state.read), dtype=bool)
    return Labelled(state.found.vectors[state.read], state.labels, state.ties, sampled)


def _keep(
    transaction: Transaction,
    task: str,
    ranking: Ranking,
    state: _State,
    picks: Sequence[Pick],
    encoder: str,
    *,
    by: str,
) -> None:
    connection = transaction.connection
    reasons = [(state.found.items[one.place], _why(one, state.question)) for one in picks]
    begun = _begun(connection, task, moment(transaction.now))
    connection.execute(delete(choices).where(choices.c.task == task))
    # Not those that were erased while the model was trained.
    ids = [item for item, _ in reasons]
    there = set(connection.scalars(select(items.c.id).where(items.c.task == task, items.c.id.in_(ids))))
    before = {item for item, _ in begun}
    kept = [*begun, *((item, why) for item, why in reasons if item in there - before)]
    rows = [{"task": task, "item": item, "place": place, "why": why} for place, (item, why) in enumerate(kept)]
    if rows:
        connection.execute(insert(choices), rows)
    drawn = [float(state.draws[one.place]) for one in picks if one.kind == RANDOM]
    details = {
        **asdict(ranking),
        "encoder": encoder,
        "sampled_below": max([state.sampled_below, *drawn]),
        "picks": [{"item": id_digest(item), **why} for item, why in reasons],
    }
    number = transaction.append(by, RANKED, task=task, **details)
    connection.execute(insert(rankings).values(number=number, task=task))


def _begun(connection: Connection, task: str, now: str) -> list[tuple[str, Any]]:
    """What was chosen before, and is read by some and wanted by more, or is being read."""
    held = exists().where(same_item(), assignments.c.purpose == READING, live(now)).correlate(items)
    query = (
        select(choices.c.item, choices.c.why)
        .join(items, (items.c.task == choices.c.task) & (items.c.id == choices.c.item))
        .where(choices.c.task == task, ~items.c.done, ~items.c.decided, or_(items.c.read > 0, held))
        .order_by(choices.c.place)
    )
    return [(row.item, row.why) for row in connection.execute(query)]


def _why(one: Pick, question: Choice) -> dict[str, Any]:
    said = dict(one.says)
    if "between" in said:
        said["between"] = [question.labels[code] for code in said["between"]]
    return {"kind": one.kind, **said}
