"""The label schema of a task: what annotators are asked, and whether an answer is one that the questions allow.

A schema is a frozen, versioned value. Faults name questions, labels of the schema and offsets, never text of a record.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field, ValidationError, model_validator

from acclimate.annotation.answer_values import (
    Answer,
    Question,
    is_plain,
    labels_in,
    labels_of,
    plain_value,
    replace_labels,
)
from acclimate.annotation.marked_spans import MarkedSpan, MarkedSpans, Relation, Spans
from acclimate.annotation.output_marks import OutputMarks
from acclimate.annotation.questions import Choice, Codes, Frozen, Option, Ranking, Rating, Subject, Text, Turns
from acclimate.core.errors import ConfigError

__all__ = [
    "Answer",
    "Choice",
    "Codes",
    "LabelSchema",
    "MarkedSpan",
    "MarkedSpans",
    "Option",
    "OutputMarks",
    "Question",
    "Ranking",
    "Rating",
    "Relation",
    "Spans",
    "Subject",
    "Text",
    "Turns",
    "is_plain",
    "labels_in",
    "labels_of",
    "plain_value",
    "read_schema",
    "replace_labels",
]


class LabelSchema(Frozen):
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
