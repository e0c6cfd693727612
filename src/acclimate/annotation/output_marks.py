"""The question for marks on outputs: what is wrong with one, in which words, and how grave it is.

Faults name questions, kinds and offsets, never text of an output or a record.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, Self

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from acclimate.annotation.questions import Asked, Frozen, Subject

SEVERITIES = ("minor", "major", "critical")
OUTPUT = "output"
"""The field of a mark on the output itself; any other is the item's, where the output left something out."""


class MarkKind(Frozen):
    """What a mark says of an output."""

    name: str = Field(pattern=r"^[^\s,:][^,:]{0,39}$")
    description: str = ""
    in_source: bool = False
    """Whether words of the source may be marked too: what the output should have said."""


ERROR = MarkKind(name="error", description="The output says what is wrong.")
OMISSION = MarkKind(name="omission", description="The output leaves out what matters.", in_source=True)


class OutputMark(Frozen):
    """Words of an output, or of the source it leaves out; offsets are Unicode code points, end exclusive."""

    output: str
    """The key of the output that the mark is about."""
    field: str = OUTPUT
    start: int = Field(ge=0, strict=True)
    end: int = Field(strict=True)
    quote: str
    kind: str
    severity: Literal["minor", "major", "critical"]

    def overlaps(self, other: OutputMark) -> bool:
        """Whether both mark a common character of the same field."""
        return self.field == other.field and self.start < other.end and other.start < self.end


_MARKS = TypeAdapter(tuple[OutputMark, ...])


def read_marks(value: Any) -> tuple[OutputMark, ...]:
    """The marks of a valid answer; none where the question was left open."""
    return _MARKS.validate_python(value or ())


class OutputMarks(Asked):
    """Marks on the item's candidates, each with a kind and a severity; the answer is a list of `OutputMark`."""

    kind: Literal["output_marks"] = "output_marks"
    required: bool = False
    kinds: tuple[MarkKind, ...] = Field(default=(ERROR, OMISSION), min_length=1)
    compared: bool = False

    @model_validator(mode="after")
    def _kinds_differ(self) -> Self:
        if len({kind.name for kind in self.kinds}) < len(self.kinds):
            raise ValueError("a kind of mark is named twice")
        return self

    @property
    def severities(self) -> tuple[str, ...]:
        """The severities, the mildest first."""
        return SEVERITIES

    def faults(self, value: Any, subject: Subject) -> Iterator[str]:
        """What is wrong with a value, a sentence a fault."""
        try:
            marks = _MARKS.validate_python(value)
        except ValidationError as error:
            place = ".".join(str(part) for part in error.errors()[0]["loc"]) or "the answer"
            yield f"{self.name}: {place} does not have the form of marks on outputs."
            return
        if len({(one.output, one.field, one.start, one.end, one.kind) for one in marks}) < len(marks):
            yield f"{self.name}: the same words are marked twice with one kind."
        for mark in marks:
            yield from self._mark_faults(mark, subject)

    def _mark_faults(self, mark: OutputMark, subject: Subject) -> Iterator[str]:
        where = f"{self.name}: the mark {mark.start} to {mark.end}"
        kind = next((one for one in self.kinds if one.name == mark.kind), None)
        if kind is None:
            yield f"{where} is of a kind that is not one of the {len(self.kinds)}."
            return
        if mark.output not in subject.candidates:
            yield f"{where} is about an output that is not shown."
            return
        if mark.field != OUTPUT and (not kind.in_source or mark.field not in subject.texts):
            yield f"{where} is in a field where {kind.name} cannot be marked."
            return
        text = subject.candidates[mark.output] if mark.field == OUTPUT else subject.texts[mark.field]
        if not mark.start < mark.end <= len(text):
            yield f"{where} does not lie in the {len(text)} characters of its text."
        elif text[mark.start : mark.end] != mark.quote:
            yield f"{where} is not the text that was marked: offsets count code points, a line end included as it stands."
