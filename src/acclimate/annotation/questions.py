"""The kinds of question that a task can ask, each with the form of its answer and what is wrong with one.

Faults name questions, labels of the schema and offsets, never text of a record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


def _no_codes(_list: str, _code: str) -> bool:
    return False


@dataclass(frozen=True)
class Subject:
    """What an answer is about: the texts of the item, its candidates, its turns, and which codes a list knows."""

    texts: Mapping[str, str] = field(default_factory=dict)
    candidates: Mapping[str, str] = field(default_factory=dict)
    """The texts of outputs by key."""
    turns: int = 0
    is_code: Callable[[str, str], bool] = _no_codes


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Option(Frozen):
    """A label one can choose; `parent` is the label above it in a hierarchy."""

    name: str = Field(min_length=1)
    description: str = ""
    parent: str | None = None


class Asked(Frozen):
    name: str = Field(min_length=1)
    prompt: str = ""
    """What the annotator reads above the question."""
    required: bool = True


class Labelled(Asked):
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


class Choice(Labelled):
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


class Codes(Asked):
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


class Text(Asked):
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


class Scaled(Asked):
    """A question answered with whole numbers from `low` to `high`."""

    low: int = 1
    high: int = 5
    meanings: Mapping[int, str] = Field(default_factory=dict)
    """What steps of the scale mean, in a few words that stand beside their numbers; steps may have none."""

    @model_validator(mode="after")
    def _meanings_are_of_steps(self) -> Self:
        strange = [step for step in self.meanings if not self.low <= step <= self.high]
        if strange:
            raise ValueError(f"a meaning is given to {strange[0]}, and the scale goes from {self.low} to {self.high}")
        return self


class Rating(Scaled):
    """Whole numbers on a scale, one a criterion of a rubric; the answer is a number by criterion."""

    kind: Literal["rating"] = "rating"
    criteria: tuple[str, ...] = Field(default=("overall",), min_length=1)
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


class Ranking(Asked):
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


class Turns(Scaled):
    """A whole number for turns of a conversation; the answer is a number by the turn's place, counted from 0."""

    kind: Literal["turns"] = "turns"
    role: str | None = None
    """Whose turns are rated, such as assistant; without it everybody's."""
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


def _on_scale(given: object, low: int, high: int) -> bool:
    return isinstance(given, int) and not isinstance(given, bool) and low <= given <= high
