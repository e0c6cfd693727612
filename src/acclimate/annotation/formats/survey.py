"""What a file asks and who answers in it, learnt in a first pass: so that a bad file changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from acclimate.annotation.formats.exchange import (
    CHOICE,
    CHOICES,
    RATING,
    SPANS,
    TEXT,
    ExchangeItem,
    GivenReading,
    Suggestion,
)
from acclimate.annotation.schema import Answer, Choice, LabelSchema, Question, Rating, Spans, Subject, Text, read_schema
from acclimate.core.errors import DataError

MOST_LABELS = 10_000


@dataclass
class _Found:
    """What was seen of one question."""

    kind: str
    labels: dict[str, None] = field(default_factory=dict)
    relations: dict[str, None] = field(default_factory=dict)
    fields: dict[str, None] = field(default_factory=dict)
    numbers: set[int] = field(default_factory=set)
    several: bool = False
    longest: int = 0
    answered: int = 0

    def see(self, value: Any) -> None:
        if self.kind in (CHOICE, CHOICES):
            chosen = value if isinstance(value, list) else [value]
            self.labels.update(dict.fromkeys(chosen))
            self.several = self.several or (self.kind == CHOICES and len(chosen) != 1)
        elif self.kind == SPANS:
            self.labels.update(dict.fromkeys(span["label"] for span in value["spans"]))
            self.fields.update(dict.fromkeys(span["field"] for span in value["spans"]))
            self.relations.update(dict.fromkeys(arrow["label"] for arrow in value["relations"]))
        elif self.kind == RATING:
            self.numbers.update(number for number in value.values() if isinstance(number, int))
        elif isinstance(value, str):
            self.longest = max(self.longest, len(value))


@dataclass
class Survey:
    """Questions, people and items of a file."""

    items: int = 0
    readings: int = 0
    people: dict[str, set[str]] = field(default_factory=dict)
    """Purposes of each person's answers."""
    questions: dict[str, _Found] = field(default_factory=dict)

    def schema(self) -> LabelSchema:
        """A schema that allows all that was answered; DataError where nothing was, or labels are likely texts."""
        asked = [document for name, found in self.questions.items() if (document := self._document(name, found))]
        if not asked:
            raise DataError(
                "Nobody answers anything in this file, so it does not tell what the task asks.",
                hint="give the label schema with --schema, or import into a task that is there",
            )
        return read_schema({"questions": asked})

    def _document(self, name: str, found: _Found) -> dict[str, Any] | None:
        asked: dict[str, Any] = {"name": name, "required": found.answered >= self.readings}
        if len(found.labels) > MOST_LABELS:
            raise DataError(
                f"The question {name[:40]} has more than {MOST_LABELS} labels.",
                hint="if they are free texts, say so with --schema",
            )
        options = [{"name": label} for label in found.labels if label]
        if found.kind == TEXT:
            return {**asked, "kind": "text", "max_chars": max(20_000, found.longest)}
        if found.kind == RATING:
            low, high = min(found.numbers, default=1), max(found.numbers, default=5)
            return {**asked, "kind": "rating", "low": min(1, low), "high": max(5, high)}
        if not options:
            return None
        if found.kind == SPANS:
            marked = {"fields": list(found.fields), "relations": list(found.relations)}
            return {**asked, "kind": "spans", "options": options, **marked}
        return {**asked, "kind": "choice", "options": options, "multiple": found.several}


def survey(items: Iterable[ExchangeItem], people: Mapping[str, str]) -> Survey:
    """Reads a whole file once; `people` gives those of the file other names."""
    found = Survey()
    for item in items:
        found.items += 1
        for given in item.readings:
            found.readings += 1
            found.people.setdefault(people.get(given.person, given.person), set()).add(given.purpose)
            for name in _named(given.answer, item):
                found.questions.setdefault(name, _Found(item.kinds[name])).answered += 1
        said: list[GivenReading | Suggestion] = [*item.readings, *item.suggestions]
        for one in said:
            for name in _named(one.answer, item):
                found.questions.setdefault(name, _Found(item.kinds[name])).see(one.answer[name])
    return found


def _named(answer: Answer, item: ExchangeItem) -> list[str]:
    """The questions of an answer whose kind is known, in their order."""
    return [name for name in answer if name in item.kinds]


def shaped(schema: LabelSchema, answer: Answer) -> dict[str, Any]:
    """An answer of a file in the form that the schema's questions take; spans that nobody marked are none."""
    formed = _each_shaped(schema, answer)
    nothing: dict[str, Any] = {
        asked.name: {"spans": [], "relations": []} for asked in schema.questions if isinstance(asked, Spans)
    }
    return {**nothing, **formed}


def with_allowed_suggestions(item: ExchangeItem, schema: LabelSchema) -> ExchangeItem:
    """The item with its suggestions in the form of the schema; what the schema does not allow is lost, and named."""
    lost = list(item.lost)
    kept: list[Suggestion] = []
    for one in item.suggestions:
        formed = _each_shaped(schema, one.answer)
        names = {asked.name: asked for asked in schema.questions}
        about = Subject(item.texts, item.candidates)
        allowed = {
            name: value for name, value in formed.items() if name in names and not any(names[name].faults(value, about))
        }
        lost += ["suggestions that the label schema does not allow"] * (len(formed) - len(allowed))
        if allowed:
            kept.append(replace(one, answer=allowed))
    return replace(item, suggestions=kept, lost=lost)


def _each_shaped(schema: LabelSchema, answer: Answer) -> dict[str, Any]:
    formed = {name: value for name, value in answer.items() if value is not None}
    for asked in schema.questions:
        value = _shaped(asked, formed.pop(asked.name, None))
        if value is not None:
            formed[asked.name] = value
    return formed


def _shaped(asked: Question, value: Any) -> Any:
    if isinstance(asked, Choice) and asked.multiple:
        return [value] if isinstance(value, str) else value
    if isinstance(asked, Choice | Text) and isinstance(value, list) and len(value) < 2:
        return value[0] if value else None
    if isinstance(asked, Rating) and isinstance(value, dict) and set(value) == {"overall"} and len(asked.criteria) == 1:
        return {asked.criteria[0]: value["overall"]}
    return value
