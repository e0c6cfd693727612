"""The label schema of a task: what annotators are asked, and whether an answer is one that the questions allow.

A schema is a frozen, versioned value. Faults name questions, labels of the schema and offsets, never text of a record.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from acclimate.core.errors import ConfigError

Answer = Mapping[str, Any]
"""An answer by question name, as JSON values."""


def _no_codes(_list: str, _code: str) -> bool:
    return False


@dataclass(frozen=True)
class Subject:
    """What an answer is about: the texts of the item, its candidates, its turns, and which codes a list knows."""

    texts: Mapping[str, str] = field(default_factory=dict)
    candidates: tuple[str, ...] = ()
    turns: int = 0
    is_code: Callable[[str, str], bool] = _no_codes


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Option(_Frozen):
    """A label one can choose; `parent` is the label above it in a hierarchy."""

    name: str = Field(min_length=1)
    description: str = ""
    parent: str | None = None


class _Question(_Frozen):
    name: str = Field(min_length=1)
    prompt: str = ""
    """What the annotator reads above the question."""
    required: bool = True


class _Labelled(_Question):
    """A question with labels of its own."""

    options: tuple[Option, ...] = Field(min_length=1)

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the labels, in their order."""
        return tuple(option.name for option in self.options)

    @model_validator(mode="after")
    def _labels_form_trees(self) -> Self:
        parents = {option.name: option.parent for option in self.options}
        if len(parents) < len(self.options):
            raise ValueError("a label is named twice")
        for name in parents:
            seen = {name}
            above = parents[name]
            while above is not None:
                if above not in parents:
                    raise ValueError(f"the parent {above} is not a label")
                if above in seen:
                    raise ValueError(f"the label {above} is above itself")
                seen.add(above)
                above = parents[above]
        return self


class Choice(_Labelled):
    """One label, or several; the answer is a label, or a list of labels where `multiple`."""

    kind: Literal["choice"] = "choice"
    multiple: bool = False
    leaves_only: bool = True
    """Whether only labels without labels below them may be chosen."""
    compared: bool = True
    """Whether different answers to this question send an item to adjudication; so for all kinds."""

    def faults(self, value: Any, _subject: Subject) -> Iterator[str]:
        """What is wrong with a value, a sentence a fault."""
        chosen = value if self.multiple else [value]
        if not isinstance(chosen, list) or not all(isinstance(label, str) for label in chosen):
            yield f"{self.name}: the answer must be {'a list of labels' if self.multiple else 'one label'}."
            return
        parents = {option.parent for option in self.options}
        if self.required and not chosen:
            yield f"{self.name}: choose at least one label."
        if len(set(chosen)) < len(chosen):
            yield f"{self.name}: a label is chosen twice."
        for label in chosen:
            if label not in self.labels:
                yield f"{self.name}: {label[:40]!r} is not one of the {len(self.options)} labels."
            elif self.leaves_only and label in parents:
                yield f"{self.name}: {label} has labels below it; choose one of those."


class Codes(_Question):
    """Codes from a list too long to show (ICD, SNOMED, one's own file); the answer is a list of codes."""

    kind: Literal["codes"] = "codes"
    code_list: str
    at_most: int | None = Field(default=None, ge=1)
    compared: bool = True

    def faults(self, value: Any, subject: Subject) -> Iterator[str]:
        """What is wrong with a value, a sentence a fault."""
        if not isinstance(value, list) or not all(isinstance(code, str) for code in value):
            yield f"{self.name}: the answer must be a list of codes."
            return
        if self.required and not value:
            yield f"{self.name}: give at least one code."
        if len(set(value)) < len(value):
            yield f"{self.name}: a code is given twice."
        if self.at_most is not None and len(value) > self.at_most:
            yield f"{self.name}: {len(value)} codes are given, at most {self.at_most} are allowed."
        for code in value:
            if not subject.is_code(self.code_list, code):
                yield f"{self.name}: {code[:40]!r} is not in the list {self.code_list}."


class MarkedSpan(_Frozen):
    """A stretch of a field; offsets are Unicode code points, end exclusive; `quote` is the text the page showed there."""

    field: str = "text"
    start: int = Field(ge=0, strict=True)
    end: int = Field(strict=True)
    label: str
    quote: str | None = None


class Relation(_Frozen):
    """A labelled arrow between two spans, named by their places in the list of spans."""

    source: int = Field(ge=0, strict=True)
    target: int = Field(ge=0, strict=True)
    label: str


class MarkedSpans(_Frozen):
    """The answer to a question for spans; spans may overlap."""

    spans: tuple[MarkedSpan, ...] = ()
    relations: tuple[Relation, ...] = ()


class Spans(_Labelled):
    """Spans in the item's fields, with relations between them; the answer has the form of `MarkedSpans`."""

    kind: Literal["spans"] = "spans"
    fields: tuple[str, ...] = ("text",)
    relations: tuple[str, ...] = ()
    compared: bool = True

    def faults(self, value: Any, subject: Subject) -> Iterator[str]:
        """What is wrong with a value, a sentence a fault."""
        try:
            marked = MarkedSpans.model_validate(value)
        except ValidationError as error:
            place = ".".join(str(part) for part in error.errors()[0]["loc"]) or "the answer"
            yield f"{self.name}: {place} does not have the form of spans and relations."
            return
        places = [(span.field, span.start, span.end, span.label) for span in marked.spans]
        if len(set(places)) < len(places):
            yield f"{self.name}: a span is marked twice."
        for span in marked.spans:
            yield from self._span_faults(span, subject)
        for relation in marked.relations:
            if relation.label not in self.relations:
                yield f"{self.name}: {relation.label[:40]!r} is not one of the relations."
            if max(relation.source, relation.target) >= len(marked.spans):
                yield f"{self.name}: a relation names a span that is not there."

    def _span_faults(self, span: MarkedSpan, subject: Subject) -> Iterator[str]:
        where = f"{self.name}: the span {span.start} to {span.end}"
        if span.label not in self.labels:
            yield f"{where} has a label that is not one of the {len(self.options)}."
        if span.field not in self.fields or span.field not in subject.texts:
            yield f"{where} is in a field that is not marked here."
            return
        text = subject.texts[span.field]
        if not span.start < span.end <= len(text):
            yield f"{where} does not lie in the {len(text)} characters of its field."
        elif span.quote is not None and text[span.start : span.end] != span.quote:
            yield f"{where} is not the text that was marked: offsets count code points, a line end included as it stands."


class Text(_Question):
    """Free text; with `edits`, the item's field of that name is what the annotator starts from and corrects."""

    kind: Literal["text"] = "text"
    edits: str | None = None
    max_chars: int = Field(default=20_000, ge=1)
    compared: bool = False

    def faults(self, value: Any, _subject: Subject) -> Iterator[str]:
        """What is wrong with a value, a sentence a fault."""
        if not isinstance(value, str):
            yield f"{self.name}: the answer must be text."
        elif self.required and not value.strip():
            yield f"{self.name}: the answer is empty."
        elif len(value) > self.max_chars:
            yield f"{self.name}: the answer has {len(value)} characters, at most {self.max_chars} are allowed."


class Rating(_Question):
    """Whole numbers on a scale, one a criterion of a rubric; the answer is a number by criterion."""

    kind: Literal["rating"] = "rating"
    criteria: tuple[str, ...] = Field(default=("overall",), min_length=1)
    low: int = 1
    high: int = 5
    compared: bool = False

    def faults(self, value: Any, _subject: Subject) -> Iterator[str]:
        """What is wrong with a value, a sentence a fault."""
        if not isinstance(value, dict):
            yield f"{self.name}: the answer must give a number for each criterion."
            return
        for criterion in value:
            if criterion not in self.criteria:
                yield f"{self.name}: {str(criterion)[:40]!r} is not one of the criteria."
        for criterion in self.criteria:
            given = value.get(criterion)
            if given is None and self.required:
                yield f"{self.name}: {criterion} is not rated."
            elif given is not None and not _on_scale(given, self.low, self.high):
                yield f"{self.name}: {criterion} must be a whole number from {self.low} to {self.high}."


class Ranking(_Question):
    """The item's candidates from best to worst; two candidates make it pairwise.

    The answer is a list of groups of candidates; those in one group are tied.
    """

    kind: Literal["ranking"] = "ranking"
    ties: bool = True
    compared: bool = True

    def faults(self, value: Any, subject: Subject) -> Iterator[str]:
        """What is wrong with a value, a sentence a fault."""
        groups = value if isinstance(value, list) and all(isinstance(group, list) for group in value) else None
        if groups is None or not all(isinstance(name, str) for group in groups for name in group):
            yield f"{self.name}: the answer must be a list of groups of candidates, the best first."
            return
        ranked = sorted(name for group in groups for name in group)
        if ranked != sorted(subject.candidates) or not all(groups):
            yield f"{self.name}: each of the {len(subject.candidates)} candidates must be ranked exactly once."
        if not self.ties and any(len(group) > 1 for group in groups):
            yield f"{self.name}: ties are not allowed."


class Turns(_Question):
    """A whole number for turns of a conversation; the answer is a number by the turn's place, counted from 0."""

    kind: Literal["turns"] = "turns"
    role: str | None = None
    """Whose turns are rated, such as assistant; without it everybody's."""
    low: int = 1
    high: int = 5
    compared: bool = False

    def faults(self, value: Any, subject: Subject) -> Iterator[str]:
        """What is wrong with a value, a sentence a fault."""
        if not isinstance(value, dict):
            yield f"{self.name}: the answer must give a number for each rated turn."
            return
        if self.required and not value:
            yield f"{self.name}: rate at least one turn."
        places = {str(place) for place in range(subject.turns)}
        for place, given in value.items():
            if place not in places:
                yield f"{self.name}: {str(place)[:40]!r} is not one of the {subject.turns} turns."
            elif not _on_scale(given, self.low, self.high):
                yield f"{self.name}: turn {place} must be a whole number from {self.low} to {self.high}."


Question = Annotated[Choice | Codes | Spans | Text | Rating | Ranking | Turns, Field(discriminator="kind")]


class LabelSchema(_Frozen):
    """The questions of a task. `version` is given by the store, counted from 1."""

    questions: tuple[Question, ...] = Field(min_length=1)
    version: int = 1

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        if len({question.name for question in self.questions}) < len(self.questions):
            raise ValueError("two questions have the same name")
        return self

    def question(self, name: str) -> Question:
        """The question of a name; raises ConfigError where there is none."""
        for question in self.questions:
            if question.name == name:
                return question
        raise ConfigError(
            f"The label schema has no question {name!r}.",
            hint=f"its questions are: {', '.join(question.name for question in self.questions)}",
        )

    def faults(self, answer: Answer, subject: Subject) -> tuple[str, ...]:
        """What is wrong with an answer, one sentence a fault; empty where it is valid.

        >>> schema = LabelSchema(questions=(Choice(name="urgent", options=(Option(name="yes"), Option(name="no"))),))
        >>> schema.faults({"urgent": "maybe"}, Subject())
        ("urgent: 'maybe' is not one of the 2 labels.",)
        """
        missing = [
            question.name for question in self.questions if question.required and answer.get(question.name) is None
        ]
        return (*self.faults_of_part(answer, subject), *(f"{name}: the question is not answered." for name in missing))

    def faults_of_part(self, answer: Answer, subject: Subject) -> tuple[str, ...]:
        """The same for what may leave questions open, such as a suggestion."""
        names = {question.name for question in self.questions}
        found = [f"{str(name)[:40]!r} is not a question of this task." for name in answer if name not in names]
        for question in self.questions:
            value = answer.get(question.name)
            if value is not None:
                found.extend(question.faults(value, subject))
        return tuple(found)

    def compared(self, answer: Answer) -> str:
        """What two answers must share to agree: the answers to the compared questions, order of sets left out."""
        agreed = {q.name: plain_value(q, answer.get(q.name)) for q in self.questions if q.compared}
        return json.dumps(agreed, sort_keys=True)


def read_schema(document: Mapping[str, Any]) -> LabelSchema:
    """The schema of a document such as a YAML file; raises ConfigError with one sentence a fault."""
    try:
        return LabelSchema.model_validate(document)
    except ValidationError as error:
        faults = [f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in error.errors()]
        raise ConfigError(
            "The label schema is not valid: " + "; ".join(faults) + ".", hint="correct what is named"
        ) from None


def is_plain(answer: Answer) -> bool:
    """Whether databases and digests can hold an answer: no half of a character pair, no number that is none.

    >>> is_plain({"urgent": "yes"}), is_plain({"urgent": chr(0xD800)}), is_plain({"urgent": float("nan")})
    (True, False, False)
    """
    try:
        json.dumps(dict(answer), allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError):
        return False
    return True


def labels_in(question: Question, value: Any) -> set[str]:
    """The labels of the schema that a valid value uses; empty for questions without labels."""
    if value is None:
        return set()
    if isinstance(question, Choice):
        return set(value) if question.multiple else {value}
    if isinstance(question, Spans):
        return {span["label"] for span in value.get("spans", ())}
    return set()


def replace_labels(question: Question, value: Any, replaced: Mapping[str, str]) -> Any:
    """The value with labels replaced; labels and spans that become equal are kept once."""
    if value is None or not labels_in(question, value) & set(replaced):
        return value
    if isinstance(question, Choice) and not question.multiple:
        return replaced.get(value, value)
    if isinstance(question, Choice):
        return list(dict.fromkeys(replaced.get(label, label) for label in value))
    return _merged_spans(value, replaced)


def _merged_spans(value: Mapping[str, Any], replaced: Mapping[str, str]) -> dict[str, Any]:
    """Spans with other labels; relations follow a span to the place of its equal."""
    kept: dict[str, int] = {}
    spans: list[dict[str, Any]] = []
    places: list[int] = []
    for span in value["spans"]:
        renamed = {**span, "label": replaced.get(span["label"], span["label"])}
        key = json.dumps([renamed.get("field", "text"), renamed["start"], renamed["end"], renamed["label"]])
        if key not in kept:
            kept[key] = len(spans)
            spans.append(renamed)
        places.append(kept[key])
    relations = [
        {**relation, "source": places[relation["source"]], "target": places[relation["target"]]}
        for relation in value.get("relations", ())
    ]
    return {"spans": spans, "relations": relations}


def plain_value(question: Question, value: Any) -> Any:
    """A value in a form that is equal for equal answers: where order says nothing, it is sorted."""
    if value is None:
        return None
    if isinstance(question, Choice | Codes) and isinstance(value, list):
        return sorted(value)
    if isinstance(question, Ranking):
        return [sorted(group) for group in value]
    if isinstance(question, Spans):
        spans = MarkedSpans.model_validate(value)
        named = [[span.field, span.start, span.end, span.label] for span in spans.spans]
        arrows = [[arrow.label, named[arrow.source], named[arrow.target]] for arrow in spans.relations]
        return [sorted(named), sorted(arrows, key=json.dumps)]
    return value


def _on_scale(given: object, low: int, high: int) -> bool:
    return isinstance(given, int) and not isinstance(given, bool) and low <= given <= high


def labels_of(question: Question) -> Sequence[str]:
    """The labels of a question, in their order; empty for questions without labels."""
    return question.labels if isinstance(question, Choice | Spans) else ()
