"""Writing a task's annotations in the form of another tool: streamed, as one consistent view, whole or not at all."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from acclimate.annotation.assignments import ADJUDICATION, BULK, READING, may_see
from acclimate.annotation.formats.exchange import WITHHELD, ExchangeItem, GivenReading, Suggestion, suggestions_of
from acclimate.annotation.formats.table import Format, format_named
from acclimate.annotation.people import require_role
from acclimate.annotation.review import CHECKING
from acclimate.annotation.schema import LabelSchema
from acclimate.annotation.schema_history import GivenAnswer, changes, lift
from acclimate.annotation.settled import settled_value
from acclimate.annotation.store import CURRENT, Store
from acclimate.annotation.study.blinding import require_unblinded
from acclimate.annotation.suggestions.exposure import Proposal, proposals_for
from acclimate.annotation.tables import answers, items, people
from acclimate.annotation.tasks import current_schema
from acclimate.core.atomic import named_disk_errors, publish_folder
from acclimate.core.errors import ConfigError, DataError

_AT_ONCE = 1000


@dataclass(frozen=True)
class Exported:
    """A finished export: its folder, how much is in it, and what the format does not hold."""

    folder: Path
    items: int
    answers: int
    lost: Mapping[str, int]

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        counts = {"items": self.items, "answers": self.answers, "not_held": dict(sorted(self.lost.items()))}
        return {"folder": str(self.folder), **counts}


def export_annotations(
    store: Store, task: str, format_name: str, folder: Path, *, question: str = "", annotator: str = "", by: str
) -> Exported:
    """Writes every item of one's sites but gold, with everybody's answers where the format holds them, to a new folder.

    A format that holds one answer an item gets what counts as the answer, or with `annotator` what that person
    answered; a format that holds one question the one that is named. What is left out is counted by kind. The export
    is an event. Raises ConfigError for questions that the format cannot hold, DataError where the folder is there,
    and RefusedError for a blind study that is not closed.
    """
    chosen = format_named(format_name)
    if folder.exists():
        raise DataError(f"There is {folder} already, and an export replaces nothing.", hint="name a new folder")
    made = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(made, ignore_errors=True)
    with named_disk_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        made.mkdir(mode=0o700)
    try:
        with store.read() as connection, named_disk_errors(folder):
            visible = may_see(require_role(connection, by, *CHECKING), *CHECKING)
            require_unblinded(connection, task)
            if annotator and not connection.scalar(select(people.c.name).where(people.c.name == annotator)):
                raise DataError(
                    f"There is nobody called {annotator!r} in this project.", hint="see who answered with hf"
                )
            whole = current_schema(connection, task)
            outgoing = _Outgoing(connection, task, whole, _held(chosen, whole, question), chosen, annotator, visible)
            chosen.write(outgoing.items(), made, outgoing.schema, outgoing.lost)
        with store.write() as transaction:
            details = {"task": task, "format": format_name, "items": outgoing.count, "answers": outgoing.answers}
            # Said first: killed in between, it is said once more; the other way round an export could go unsaid.
            transaction.append(by, "annotations exported", **details)
        publish_folder(made, folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    lost = {name: count for name, count in outgoing.lost.items() if count}
    return Exported(folder, outgoing.count, outgoing.answers, lost)


def _held(chosen: Format, schema: LabelSchema, question: str) -> LabelSchema:
    """The part of a schema that a format holds: all questions that it can, or the one that is named."""
    asked = [schema.question(question)] if question else list(schema.questions)
    held = [one for one in asked if chosen.holds(one)]
    if not held:
        kinds = ", ".join(f"{one.name} ({one.kind})" for one in asked)
        raise ConfigError(f"The format holds no answer to {kinds}.", hint="choose another format: hf holds everything")
    if not chosen.many and len(held) > 1:
        raise ConfigError(
            f"The format holds one question, and the task has {len(held)} that fit.",
            hint=f"name one with --question: {', '.join(one.name for one in held)}",
        )
    return schema.model_copy(update={"questions": tuple(held)})


class _Outgoing:
    """The items of a task on their way out."""

    def __init__(
        self,
        connection: Connection,
        task: str,
        whole: LabelSchema,
        held: LabelSchema,
        chosen: Format,
        annotator: str,
        visible: ColumnElement[bool],
    ) -> None:
        self.connection, self.task, self.schema = connection, task, held
        self._visible = visible
        self.count = self.answers = 0
        self.lost: Counter[str] = Counter()
        self._format, self._annotator = chosen, annotator
        self._names = {asked.name for asked in held.questions}
        self._left_out = [asked.name for asked in whole.questions if asked.name not in self._names]

    def items(self) -> Iterator[ExchangeItem]:
        """Every item of the viewer's sites but gold by id, as the database orders text; some in memory at a time."""
        since = changes(self.connection, self.task)
        last = ""
        while rows := self._next(last):
            first, last = rows[0].id, rows[-1].id
            given: dict[str, list[GivenAnswer]] = {row.id: [] for row in rows}
            for row in self._answers(first, last):
                if row.item in given:
                    content = lift(since, row.schema_version, row.content)
                    beside = (row.suggestion, row.shown, row.kept)
                    answer = GivenAnswer(row.number, row.item, row.person, row.purpose, row.seconds, content, *beside)
                    given[row.item].append(answer)
            proposals = proposals_for(self.connection, self.task, list(given))
            suggested = {item: [one for one in made if not one.removed] for item, made in proposals.items()}
            for item in rows:
                self.count += 1
                yield self._item(item, given[item.id], suggested.get(item.id, ()))

    def _next(self, after: str) -> Sequence[Row[*tuple[Any, ...]]]:
        # By the primary key: in the order of their positions every batch would look at all items again.
        query = select(items.c.id, items.c.record, items.c.candidates)
        query = query.where(items.c.task == self.task, items.c.id > after, items.c.gold.is_(None), self._visible)
        return self.connection.execute(query.order_by(items.c.id).limit(_AT_ONCE)).all()

    def _answers(self, first: str, last: str) -> Sequence[Row[*tuple[Any, ...]]]:
        """The answers that stand to items from one id to another, oldest first."""
        given = answers.c
        names = (
            "number",
            "item",
            "person",
            "purpose",
            "seconds",
            "schema_version",
            "content",
            "suggestion",
            "shown",
            "kept",
        )
        query = select(*(given[name] for name in names))
        query = query.where(given.task == self.task, given.item.between(first, last), given.state == CURRENT)
        if self._annotator:
            query = query.where(given.person == self._annotator)
        return self.connection.execute(query.order_by(given.number)).all()

    def _item(self, row: Any, given: Sequence[GivenAnswer], suggested: Sequence[Proposal]) -> ExchangeItem:
        readings = [
            # Nobody read what was accepted in bulk: elsewhere it must not count as one reading more.
            GivenReading(
                one.person,
                self._part(one.content),
                ADJUDICATION if one.purpose == BULK else one.purpose,
                one.seconds,
                one.shown,
                one.kept,
            )
            for one in sorted(given, key=lambda one: (one.purpose != READING, one.person))
        ]
        counted = self.schema.questions if self._format.settles else ()
        settled = {asked.name: settled_value(asked, given) for asked in counted}
        self.lost.update(f"{name} of the record, which stays here" for name in WITHHELD & row.record.keys())
        stored = [Suggestion(one.source, self._part(one.answer), one.score) for one in suggested]
        older = [Suggestion(one.by, self._part(one.answer), one.score) for one in suggestions_of(row.record)]
        suggestions = [*stored, *(one for one in older if one not in stored)]
        self._note(row, given, settled, len(suggestions))
        # They are stored by the names of their arms; a key tells nothing of the arm, and neither may its place.
        candidates = {one["key"]: one["text"] for one in sorted(row.candidates, key=lambda one: one["key"])}
        return ExchangeItem(row.record, readings, suggestions, candidates=candidates, settled=settled)

    def _part(self, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        if not self._left_out:
            return answer
        return {name: value for name, value in answer.items() if name in self._names}

    def _note(self, row: Any, given: Sequence[GivenAnswer], settled: Mapping[str, Any], suggestions: int) -> None:
        """Counts what of an item this format leaves out."""
        for one in given:
            for name in self._left_out:
                self.lost[f"answers to {name}"] += one.content.get(name) is not None
        self.lost["that answers were accepted in bulk: they leave as decisions"] += any(
            one.purpose == BULK for one in given
        )
        if not self._format.exposes:
            self.lost["whether a suggestion was shown"] += sum(one.shown is not None for one in given)
        self.lost["candidates to rank"] += bool(row.candidates) and not self._format.ranks
        if self._format.everybody:
            self.answers += len(given)
            return
        self.answers += any(value is not None for value in settled.values())
        self.lost["suggestions"] += 0 if self._format.suggests else suggestions
        if not self._annotator:
            decided = any(one.purpose in (ADJUDICATION, BULK) for one in given)
            undecided = bool(given) and all(value is None for value in settled.values())
            self.lost["items whose readers differ without a decision"] += undecided
            self.lost["single answers, of which only what counts is written"] += len(given) > 1 and len(given)
            self.lost["who answered"] += len(given) == 1 and not decided
