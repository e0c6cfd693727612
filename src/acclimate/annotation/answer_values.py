"""Values of answers: compared whatever the order in which they were given, and read under other labels."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from acclimate.annotation.marked_spans import MarkedSpans, Spans
from acclimate.annotation.output_marks import OutputMarks
from acclimate.annotation.questions import Choice, Codes, Ranking, Rating, Text, Turns

Answer = Mapping[str, Any]
"""An answer by question name, as JSON values."""
Question = Annotated[
    Choice | Codes | Spans | Text | Rating | Ranking | Turns | OutputMarks, Field(discriminator="kind")
]


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
    if isinstance(question, OutputMarks):
        return sorted(value, key=lambda mark: json.dumps(mark, sort_keys=True))
    if isinstance(question, Spans):
        spans = MarkedSpans.model_validate(value)
        named = [[span.field, span.start, span.end, span.label] for span in spans.spans]
        arrows = [[arrow.label, named[arrow.source], named[arrow.target]] for arrow in spans.relations]
        return [sorted(named), sorted(arrows, key=json.dumps)]
    return value


def labels_of(question: Question) -> Sequence[str]:
    """The labels of a question, in their order; empty for questions without labels."""
    return question.labels if isinstance(question, Choice | Spans) else ()
