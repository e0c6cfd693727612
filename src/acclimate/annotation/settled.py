"""What counts as the answer to an item: the decision where there is one, else what more than half of its readers say."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from acclimate.annotation.assignments import ADJUDICATION, BULK
from acclimate.annotation.schema import Choice, LabelSchema, MarkedSpans, Question, Ranking, Spans, Text, plain_value
from acclimate.annotation.schema_history import GivenAnswer
from acclimate.core.schema import TEXT_COLUMNS


def settled_value(question: Question, given: Sequence[GivenAnswer]) -> Any:
    """The value of a question that counts, or None where none does.

    For spans, each span that more than half of the readers marked; relations come from decisions and single readings.
    """
    given_values: list[Any] = [answer.content.get(question.name) for answer in _counting(given)]
    values = [value for value in given_values if value is not None]
    if len(values) < 2:
        return values[0] if values else None
    plain = [plain_value(question, value) for value in values]
    forms = [json.dumps(one, sort_keys=True) for one in plain]
    form, votes = Counter(forms).most_common(1)[0]
    if 2 * votes > len(values):
        return values[forms.index(form)]
    return _majority_spans([marks for marks, _ in plain]) if isinstance(question, Spans) else None


def undecided(schema: LabelSchema, given: Sequence[GivenAnswer]) -> tuple[str, ...]:
    """The compared questions that were answered without any answer that counts."""
    return tuple(
        question.name
        for question in schema.questions
        if question.compared
        and any(answer.content.get(question.name) is not None for answer in given)
        and settled_value(question, given) is None
    )


def annotated_record(
    schema: LabelSchema, row: Row[Any], given: Sequence[GivenAnswer], suggested: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The item's record with what counts as its answer, under an id of its own and the item as parent.

    The first question with one label gives `label` and `label_weights`; where there is none, the first with several gives
    `label_weights` alone: for each label the share of its readers who say it. The first for spans gives `spans`, a ranking `chosen` and `rejected`, a text that edits a column (or is named like one) that column; the rest stands in `extra`,
    and so does what was `suggested`.
    """
    record = plain_record(row.record)
    values = {question.name: settled_value(question, given) for question in schema.questions}
    columns: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    # A question for one label, wherever it stands, comes before those for several.
    for question in sorted(schema.questions, key=lambda one: isinstance(one, Choice) and one.multiple):
        made = _columns(question, values[question.name], given, row)
        if made and not made.keys() & columns.keys():
            columns.update(made)
        elif values[question.name] is not None:
            rest[question.name] = values[question.name]
    parent = str(record["id"])
    digest = hashlib.sha256(f"{row.task}\0{parent}".encode()).hexdigest()
    return {**record, **columns, "id": f"a{digest[:32]}", "parents": [parent], "extra": _extra(record, rest, suggested)}


def plain_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as the record schema takes it: JSON has no times."""
    collected = record.get("collected_at")
    return {**record, "collected_at": datetime.fromisoformat(collected)} if isinstance(collected, str) else dict(record)


def _columns(question: Question, value: Any, given: Sequence[GivenAnswer], row: Row[Any]) -> dict[str, Any]:
    """The columns of the record schema that a question fills."""
    if isinstance(question, Choice) and not question.multiple:
        return {"label": value, "label_weights": _weights(question, given)}
    if value is None:
        return {}
    if isinstance(question, Choice):
        return {"label": None, "label_weights": _shares_of_readers(question, given)}
    if isinstance(question, Spans):
        marked = MarkedSpans.model_validate(value)
        return {"spans": [span.model_dump(include={"field", "start", "end", "label"}) for span in marked.spans]}
    if isinstance(question, Ranking):
        texts = {candidate["key"]: candidate["text"] for candidate in row.candidates}
        best, worst = value[0], value[-1]
        one_each = len(value) > 1 and len(best) == len(worst) == 1
        return {"chosen": texts[best[0]], "rejected": texts[worst[0]]} if one_each else {}
    if isinstance(question, Text) and (question.edits or question.name) in TEXT_COLUMNS:
        return {question.edits or question.name: value}
    return {}


def _weights(question: Choice, given: Sequence[GivenAnswer]) -> list[dict[str, Any]]:
    """The share of each label that was given, in the schema's order."""
    votes = Counter(answer.content.get(question.name) for answer in _counting(given))
    votes.pop(None, None)
    return [{"label": label, "weight": votes[label] / votes.total()} for label in question.labels if votes[label]]


def _shares_of_readers(question: Choice, given: Sequence[GivenAnswer]) -> list[dict[str, Any]]:
    """For each label that was given, the share of the readers who gave it; empty where all say that there is none."""
    sets = [set(value) for answer in _counting(given) if (value := answer.content.get(question.name)) is not None]
    shares = {label: sum(label in one for one in sets) / len(sets) for label in question.labels}
    return [{"label": label, "weight": share} for label, share in shares.items() if share]


def _counting(given: Sequence[GivenAnswer]) -> Sequence[GivenAnswer]:
    """The decision alone where there is one, else what was accepted in bulk, else all readings."""
    for purpose in (ADJUDICATION, BULK):
        found = [answer for answer in given if answer.purpose == purpose]
        if found:
            return found
    return given


def _majority_spans(marked: Sequence[Sequence[Sequence[Any]]]) -> dict[str, Any] | None:
    """The marks (field, start, end, label) that more than half of the readers set."""
    marks = Counter(tuple(mark) for one in marked for mark in one)
    kept = sorted(place for place, count in marks.items() if 2 * count > len(marked))
    spans = [{"field": field, "start": start, "end": end, "label": label} for field, start, end, label in kept]
    return {"spans": spans, "relations": []} if spans else None


def _extra(record: Mapping[str, Any], rest: Mapping[str, Any], suggested: Mapping[str, Any] | None) -> str | None:
    """The record's own extra, with the answers that have no column beside it, and with what was suggested."""
    if not rest and suggested is None:
        return record.get("extra")
    own = json.loads(record.get("extra") or "{}")
    added = {name: value for name, value in (("annotation", rest), ("suggestion", suggested)) if value}
    return json.dumps({**own, **added}, sort_keys=True, ensure_ascii=False)
