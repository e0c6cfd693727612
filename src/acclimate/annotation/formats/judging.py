"""Whether an answer of a file becomes a reading: nothing twice, nothing invalid, nobody in another's place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from acclimate.annotation.assignments import ADJUDICATION, DONE, LEASED, SEEN, SKIPPED
from acclimate.annotation.formats.exchange import ExchangeItem, GivenReading, texts_of
from acclimate.annotation.formats.reconciliation import TAKEN, THERE, Reconciliation
from acclimate.annotation.formats.survey import shaped
from acclimate.annotation.items import subject_of
from acclimate.annotation.people import SYSTEM, Person, Role
from acclimate.annotation.schema import Answer, LabelSchema, Subject, plain_value
from acclimate.annotation.schema_history import changes, lift
from acclimate.annotation.store import CURRENT
from acclimate.annotation.suggestions.proposals import Source, Suggested, digests_of
from acclimate.annotation.tables import answers, assignments, items, people
from acclimate.core.atomic import json_digest

_LONGEST_NAME = 200


def usable_name(name: str) -> bool:
    """Whether a person can be called so: no space around it, nothing that cannot be printed, not the system's own."""
    return name not in ("", SYSTEM) and name == name.strip() and len(name) <= _LONGEST_NAME and name.isprintable()


@dataclass(frozen=True)
class PreviewedRow:
    """An item that a preview would add, as far as answers are checked against it."""

    task: str
    id: str
    record: Mapping[str, Any]
    candidates: Sequence[Mapping[str, str]]
    decided: bool = False


@dataclass(frozen=True)
class Taken:
    """An answer that is to be kept."""

    row: Any
    reading: GivenReading
    person: str
    answer: Answer
    token: str
    known: bool
    """Whether the person has had to do with the item before."""


@dataclass
class State:
    """What is here of some items and people, with what is being added."""

    schema: LabelSchema
    connection: Connection
    format: str
    rows: dict[str, Any] = field(default_factory=dict)
    persons: dict[str, Person | None] = field(default_factory=dict)
    """People by name; None for those who were removed."""
    held: dict[tuple[str, str], Any] = field(default_factory=dict)
    """What people have to do with items, by item and person."""
    tokens: set[tuple[str, str]] = field(default_factory=set)
    standing: set[tuple[str, str, str, str]] = field(default_factory=set)
    """Answers that stand: item, person, purpose, form."""
    decided: set[str] = field(default_factory=set)
    suggested: set[str] = field(default_factory=set)
    """What was suggested, by digest."""
    _subjects: dict[str, Subject] = field(default_factory=dict)

    def load(self, task: str, some: Sequence[ExchangeItem]) -> None:
        """Adds what the store holds of some items; the rows are those of these items alone."""
        connection, ids = self.connection, sorted({item.id for item in some})
        found = connection.execute(select(items).where(items.c.task == task, items.c.id.in_(ids))).all()
        self.rows, self._subjects = {row.id: row for row in found}, {}
        self.decided |= {row.id for row in found if row.decided}
        for row in connection.execute(select(people)):
            self.persons[row.name] = Person(row.name, tuple(map(Role, row.roles))) if row.active else None
        of_items = (assignments.c.task == task) & assignments.c.item.in_(ids)
        for held in connection.execute(select(assignments).where(of_items)):
            self.held[held.item, held.person] = held
        self.suggested |= digests_of(connection, task, ids)
        since = changes(connection, task)
        for given in connection.execute(select(answers).where(answers.c.task == task, answers.c.item.in_(ids))):
            self.tokens.add((given.person, given.token))
            if given.state == CURRENT:
                form = _form(self.schema, lift(since, given.schema_version, given.content))
                self.standing.add((given.item, given.person, given.purpose, form))

    def judge(
        self, some: Sequence[ExchangeItem], names: Mapping[str, str], account: Reconciliation, now: str
    ) -> Iterator[Taken]:
        """Counts every answer of some items; yields those to keep, each item's together."""
        for item in some:
            row = self.rows[item.id]
            account.items["came"] += 1
            account.lost.update(item.lost)
            other_text = _differs(item, row)
            account.items["other_text"] += other_text
            for one in item.aside:
                account.note(names.get(one.person, one.person), one.reason, item=item.id)
            for reading in item.readings:
                person = names.get(reading.person, reading.person)
                if other_text:
                    account.note(person, "other_text", item=item.id)
                    continue
                answer = shaped(self.schema, reading.answer)
                token = f"import:{json_digest([row.task, item.id, person, reading.purpose, answer])}"
                outcome, fault = self._outcome(row, reading, person, answer, token, now)
                account.note(person, outcome, item=item.id, fault=fault)
                if outcome == TAKEN:
                    known = (row.id, person) in self.held
                    self._take(row, reading, person, answer, token)
                    yield Taken(row, reading, person, answer, token, known)

    def new_suggestions(self, some: Sequence[ExchangeItem], account: Reconciliation) -> dict[str, list[Suggested]]:
        """What is suggested anew for some items that were judged, by who suggests it; counted."""
        found: dict[str, list[Suggested]] = {}
        for item in some:
            if _differs(item, self.rows[item.id]):
                account.lost.update(["suggestions for items that are here with another text"] * len(item.suggestions))
                continue
            for one in item.suggestions:
                suggested = Suggested(item.id, one.answer, one.score)
                digest = suggested.digest(Source(one.by, self.format))
                if digest not in self.suggested:
                    self.suggested.add(digest)
                    found.setdefault(one.by, []).append(suggested)
                    account.suggestions += 1
        return found

    def _outcome(
        self, row: Any, reading: GivenReading, person: str, answer: Answer, token: str, now: str
    ) -> tuple[str, str]:
        """Whether an answer is taken, or why not; and the fault, where it is not valid."""
        if not usable_name(person):
            return "nameless", ""
        # Before it is checked: what was taken under older label names is here, though the schema knows others now.
        if (person, token) in self.tokens:
            return THERE, ""
        faults = self.schema.faults(answer, self._subject(row))
        if faults:
            return "not_valid", faults[0]
        if (row.id, person, reading.purpose, _form(self.schema, answer)) in self.standing:
            return THERE, ""
        return self._refused(row, reading, person, now) or TAKEN, ""

    def _refused(self, row: Any, reading: GivenReading, person: str, now: str) -> str:
        who = self.persons.get(person)
        if who is None:
            return "removed"
        needed = {Role.REVIEWER} if reading.purpose == ADJUDICATION else {Role.ANNOTATOR, Role.REVIEWER}
        if not needed & set(who.roles):
            return "may_not"
        if reading.purpose == ADJUDICATION and row.id in self.decided:
            return "decided_already"
        held = self.held.get((row.id, person))
        if held is None:
            return ""
        if held.state == DONE:
            return "another_answer" if held.purpose == reading.purpose else "read_it_too"
        if held.state == LEASED and held.expires_at > now:
            return "being_read"
        if held.state == SKIPPED:
            return "skipped_here"
        return "saw_others" if held.seen or held.state == SEEN else ""

    def _subject(self, row: Any) -> Subject:
        if row.id not in self._subjects:
            self._subjects[row.id] = subject_of(row, self.schema, self.connection)
        return self._subjects[row.id]

    def _take(self, row: Any, reading: GivenReading, person: str, answer: Answer, token: str) -> None:
        self.tokens.add((person, token))
        self.standing.add((row.id, person, reading.purpose, _form(self.schema, answer)))
        self.held[row.id, person] = _Held(reading.purpose)
        if reading.purpose == ADJUDICATION:
            self.decided.add(row.id)


@dataclass(frozen=True)
class _Held:
    """That a person is done with an item."""

    purpose: str
    state: str = DONE


def _form(schema: LabelSchema, answer: Answer) -> str:
    """A digest that is equal for answers that say the same to all questions."""
    return json_digest({asked.name: plain_value(asked, answer.get(asked.name)) for asked in schema.questions})


def _differs(item: ExchangeItem, row: Any) -> bool:
    stored = texts_of(row.record)
    return any(stored.get(column) != text for column, text in item.texts.items())
