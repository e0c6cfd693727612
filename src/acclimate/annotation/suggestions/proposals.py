"""Suggested answers as the store keeps them: checked like a person's answer, with the source they are from and its version.

A batch is what one source gave in one transaction; its event holds the source and a digest, never an answer. Of several
suggestions for an item the newest batch counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, func, insert, select

from acclimate.annotation.assignments import may_see
from acclimate.annotation.items import subject_of
from acclimate.annotation.people import RefusedError, Role, require_role
from acclimate.annotation.review import CHECKING
from acclimate.annotation.schema import Answer, LabelSchema, is_plain
from acclimate.annotation.store import Store, Transaction
from acclimate.annotation.tables import items, suggestion_batches, suggestions
from acclimate.annotation.tasks import current_schema, is_study
from acclimate.core.atomic import json_digest
from acclimate.core.reinclusion import id_digest

KEPT, THERE, NO_ITEM, NOT_ALLOWED = "kept", "there", "no_such_item", "not_allowed"
MALFORMED, TOO_LONG = "malformed", "too_long"
"""What can become of a suggestion; `there`: the same source suggested the same before."""
STANDING: ColumnElement[bool] = suggestions.c.removed.is_(None)
"""Suggestions that were not removed."""
_AT_ONCE = 250


@dataclass(frozen=True)
class Source:
    """What suggests: its name (a dictionary, a step, a model at an endpoint), and which version of it."""

    name: str
    version: str


@dataclass(frozen=True)
class Suggested:
    """An answer that a source proposes for an item; it may leave questions open. A higher score is a surer one."""

    item: str
    answer: Answer
    score: float | None = None

    def digest(self, source: Source) -> str:
        """Equal for equal suggestions of one source."""
        return json_digest([self.item, source.name, source.version, dict(self.answer), self.score])


@dataclass(frozen=True)
class LeftOut:
    """What a source gave for an item that is no suggestion, and why."""

    item: str
    reason: str


@dataclass
class SuggestionAccount:
    """How many suggestions came, and what became of them by reason."""

    source: str
    version: str
    outcomes: Counter[str] = field(default_factory=Counter)

    @property
    def kept(self) -> int:
        """How many are new."""
        return self.outcomes[KEPT]

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return {"source": self.source, "version": self.version, "outcomes": dict(sorted(self.outcomes.items()))}


@dataclass(frozen=True)
class SourceCount:
    """How many suggestions a source gave in one version."""

    name: str
    version: str
    count: int


def sources_of(store: Store, task: str, *, by: str) -> list[SourceCount]:
    """Who suggested how much, the newest last, at the sites of whoever asks."""
    with store.read() as connection:
        visible = may_see(require_role(connection, by, *CHECKING), *CHECKING)
        of_batch = suggestion_batches.c.number == suggestions.c.batch
        of_item = (items.c.task == suggestions.c.task) & (items.c.id == suggestions.c.item)
        named = (suggestion_batches.c.source, suggestion_batches.c.version)
        query = select(*named, func.count().label("count")).join(suggestions, of_batch).join(items, of_item)
        query = query.where(suggestion_batches.c.task == task, STANDING, visible).group_by(*named)
        rows = connection.execute(query.order_by(func.max(suggestion_batches.c.number)))
        return [SourceCount(row.source, row.version, row._mapping["count"]) for row in rows]


def save_suggestions(
    store: Store,
    task: str,
    source: Source,
    given: Iterable[Suggested | LeftOut],
    *,
    at_once: int = _AT_ONCE,
    by: str,
) -> SuggestionAccount:
    """Keeps what a source suggests for the items of a manager's sites; what the schema does not allow is counted.

    So many at a time: killed in between, the same again keeps the rest. Raises RefusedError for a study's task,
    whose readers are blind.
    """
    account = SuggestionAccount(source.name, source.version)
    iterator = iter(given)
    while came := list(islice(iterator, at_once)):
        account.outcomes.update(one.reason for one in came if isinstance(one, LeftOut))
        some = [one for one in came if isinstance(one, Suggested)]
        with store.write() as transaction:
            connection = transaction.connection
            require_suggestible(connection, task, by=by)
            visible = may_see(require_role(connection, by, Role.MANAGER), Role.MANAGER)
            wanted = (items.c.task == task) & items.c.id.in_({one.item for one in some}) & visible
            rows = {row.id: row for row in connection.execute(select(items).where(wanted))}
            keep_batch(transaction, task, source, list(_allowed(connection, task, rows, some, source, account)), by=by)
    return account


def open_records(
    store: Store, task: str, *, by: str, without: Source | None = None, sent_to: str = ""
) -> Iterator[Mapping[str, Any]]:
    """The records, with their candidates as `candidates`, of a manager's items that still want readings, by id.

    `without` leaves out items for which that source has suggested something. Some are in memory at a time; which ones
    were read, and to where they go, is an event before they are.
    """
    last = ""
    while True:
        with store.write() as transaction:
            connection = transaction.connection
            require_suggestible(connection, task, by=by)
            visible = may_see(require_role(connection, by, Role.MANAGER), Role.MANAGER)
            wanted = (items.c.task == task) & (items.c.id > last) & ~items.c.done & ~items.c.decided & visible
            query = select(items.c.id, items.c.record, items.c.candidates).where(wanted)
            if without is not None:
                query = query.where(~_suggested_by(without))
            rows = connection.execute(query.order_by(items.c.id).limit(_AT_ONCE)).all()
            if rows:
                told = {"items": [id_digest(row.id) for row in rows], "sent_to": sent_to}
                transaction.append(by, "records read for suggestions", task=task, **told)
        if not rows:
            return
        yield from ({**row.record, "candidates": row.candidates} for row in rows)
        last = rows[-1].id


def require_suggestible(connection: Connection, task: str, *, by: str) -> None:
    """Raises RefusedError where nothing may be suggested, and for whoever does not manage."""
    require_role(connection, by, Role.MANAGER)
    current_schema(connection, task)
    if is_study(connection, task):
        raise RefusedError(f"{task} is a study, whose readers must not be led.", hint="suggest in a task for labelling")


def keep_batch(transaction: Transaction, task: str, source: Source, given: Sequence[Suggested], *, by: str) -> None:
    """Adds suggestions that were checked before, with their event; nothing for none."""
    if not given:
        return
    told = {"task": task, "source": source.name, "version": source.version, "count": len(given)}
    number = transaction.append(
        by, "suggestions added", **told, suggestions=json_digest(sorted(one.digest(source) for one in given))
    )
    schema = current_schema(transaction.connection, task)
    transaction.connection.execute(
        insert(suggestion_batches).values(
            number=number, task=task, source=source.name, version=source.version, schema_version=schema.version
        )
    )
    places: Counter[str] = Counter()
    rows: list[dict[str, Any]] = []
    for one in given:
        about = {"task": task, "item": one.item, "batch": number, "place": places[one.item]}
        rows.append({**about, "content": dict(one.answer), "score": one.score})
        places[one.item] += 1
    transaction.connection.execute(insert(suggestions), rows)


def digests_of(connection: Connection, task: str, ids: Collection[str]) -> set[str]:
    """The digests of all that was suggested for some items, to know what comes again."""
    wanted = (suggestions.c.task == task) & suggestions.c.item.in_(ids) & STANDING
    of_batch = suggestions.join(suggestion_batches, suggestions.c.batch == suggestion_batches.c.number)
    query = select(suggestions, suggestion_batches.c.source, suggestion_batches.c.version).select_from(of_batch)
    return {
        Suggested(row.item, row.content, row.score).digest(Source(row.source, row.version))
        for row in connection.execute(query.where(wanted))
    }


def _suggested_by(source: Source) -> ColumnElement[bool]:
    """Whether this source, in this version, has suggested something for the item of the query around it."""
    of_item = (suggestions.c.task == items.c.task) & (suggestions.c.item == items.c.id)
    of_batch = suggestion_batches.c.number == suggestions.c.batch
    of_source = (suggestion_batches.c.source == source.name) & (suggestion_batches.c.version == source.version)
    return exists().where(of_item, of_batch, of_source, STANDING).correlate(items)


def _allowed(
    connection: Connection,
    task: str,
    rows: Mapping[str, Any],
    some: Sequence[Suggested],
    source: Source,
    account: SuggestionAccount,
) -> Iterator[Suggested]:
    schema = current_schema(connection, task)
    known = digests_of(connection, task, rows.keys())
    for one in some:
        outcome = _outcome(connection, schema, rows.get(one.item), one)
        if outcome == KEPT and one.digest(source) in known:
            outcome = THERE
        account.outcomes[outcome] += 1
        if outcome == KEPT:
            known.add(one.digest(source))
            yield one


def _outcome(connection: Connection, schema: LabelSchema, row: Any, one: Suggested) -> str:
    if row is None:
        return NO_ITEM
    if not one.answer or not is_plain({**one.answer, "": one.score}):
        return NOT_ALLOWED
    return NOT_ALLOWED if schema.faults_of_part(one.answer, subject_of(row, schema, connection)) else KEPT
