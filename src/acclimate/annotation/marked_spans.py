"""The question for marks: stretches of a text with labels, and labelled arrows between them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field, ValidationError

from acclimate.annotation.questions import Frozen, Labelled, Subject


class MarkedSpan(Frozen):
    """A stretch of a field; offsets are Unicode code points, end exclusive; `quote` is the text the page showed there."""

    field: str = "text"
    start: int = Field(ge=0, strict=True)
    end: int = Field(strict=True)
    label: str
    quote: str | None = None


class Relation(Frozen):
    """A labelled arrow between two spans, named by their places in the list of spans."""

    source: int = Field(ge=0, strict=True)
    target: int = Field(ge=0, strict=True)
    label: str


class MarkedSpans(Frozen):
    """The answer to a question for spans; spans may overlap."""

    spans: tuple[MarkedSpan, ...] = ()
    relations: tuple[Relation, ...] = ()


class Spans(Labelled):
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
