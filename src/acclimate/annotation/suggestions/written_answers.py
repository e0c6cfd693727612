"""Suggestions from what models wrote: predictions of the project, a file of answers, or the text an endpoint sent.

What a model wrote is a label, a text, or a JSON object with an answer to each question, in which spans may be quotes:
models quote well and count characters badly.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acclimate.annotation.schema import Answer, Choice, LabelSchema, Question, Spans, Text
from acclimate.annotation.suggestions.proposals import MALFORMED, NO_ITEM, LeftOut, Source, Suggested
from acclimate.core.errors import SourceError
from acclimate.project.workspace import Workspace


@dataclass(frozen=True)
class Written:
    """What a model gave for an item: a text, the labels it told, or an answer by question; and how sure it was."""

    answer: str | tuple[str, ...] | Mapping[str, Any]
    score: float | None = None


@dataclass(frozen=True)
class WrittenAnswers:
    """What one source wrote, by item."""

    source: Source
    by_item: Mapping[str, Written]


def read_predictions(workspace: Workspace, step: str) -> WrittenAnswers:
    """What the newest artifact of a `predict` step answered or labelled; WorkspaceError where there is none."""
    made = workspace.readable(step)
    found = ((row["id"], _predicted(row)) for row in made.artifact.rows() if row["suite"] == "task")
    return WrittenAnswers(Source(step, made.manifest.key), {name: given for name, given in found if given is not None})


def _predicted(row: Mapping[str, Any]) -> Written | None:
    """The answer of a row in the prediction schema, or the label with its probability; older tables lack the latter.

    Several labels are as sure as the least sure of those told and those not.
    """
    if row["generated"] is not None:
        return Written(row["generated"])
    if row.get("labels") is not None:
        told = tuple(row["labels"])
        sure = (one["probability"] if one["label"] in told else 1 - one["probability"] for one in row["probabilities"])
        return Written(told, score=min(sure))
    if row.get("label") is None:
        return None
    return Written(row["label"], score=max(one["probability"] for one in row["probabilities"]))


def read_answers(path: Path) -> WrittenAnswers:
    """A file in JSON lines: `id`, `answer` (a text, or an object by question) and, where known, `score`.

    Raises SourceError for the first line that is none.
    """
    return parse_answers(path.read_bytes(), path.name)


def parse_answers(content: bytes, name: str) -> WrittenAnswers:
    """The same of what the file of a name holds."""
    found: dict[str, Written] = {}
    for number, line in enumerate(content.splitlines(), start=1):
        if line.strip():
            identity, written = _answer_of(line, f"{name}, line {number}")
            found[identity] = written
    return WrittenAnswers(Source(f"file {name}", hashlib.sha256(content).hexdigest()[:16]), found)


def suggested_answers(
    written: WrittenAnswers, records: Iterable[Mapping[str, Any]], schema: LabelSchema
) -> Iterator[Suggested | LeftOut]:
    """A suggestion for each record that something was written for; at the end, what is about no such record."""
    left = dict(written.by_item)
    for record in records:
        given = left.pop(str(record["id"]), None)
        if given is not None:
            yield suggested_answer(record, given, schema)
    yield from (LeftOut(item, NO_ITEM) for item in left)


def suggested_answer(record: Mapping[str, Any], written: Written, schema: LabelSchema) -> Suggested | LeftOut:
    """What a model wrote as an answer; left out where it is none."""
    item = str(record["id"])
    answer = _read(written.answer, schema)
    if answer is None:
        return LeftOut(item, MALFORMED)
    spans = [question for question in schema.questions if isinstance(question, Spans)]
    for question in spans:
        quotes = answer.get(question.name)
        if isinstance(quotes, list):
            placed = _placed(quotes, record, question)
            if placed is None:
                return LeftOut(item, MALFORMED)
            answer[question.name] = placed
    return Suggested(item, {name: value for name, value in answer.items() if value is not None}, written.score)


def _read(given: str | tuple[str, ...] | Mapping[str, Any], schema: LabelSchema) -> dict[str, Any] | None:
    if isinstance(given, str):
        return _parsed(given, schema)
    return _chosen(given, schema) if isinstance(given, tuple) else dict(given)


def _chosen(labels: tuple[str, ...], schema: LabelSchema) -> dict[str, Any] | None:
    """Labels as the answer to the first question for several; None where there is none that has them all."""
    for question in schema.questions:
        if isinstance(question, Choice) and question.multiple and set(labels) <= set(question.labels):
            return {question.name: list(labels)}
    return None


def _parsed(text: str, schema: LabelSchema) -> dict[str, Any] | None:
    """The answer in a text: a JSON object, fenced or not, or the text itself for a question that a text answers."""
    inside = text[text.find("{") : text.rfind("}") + 1]
    if inside:
        try:
            found = json.loads(inside)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict):
            return found
    for question in schema.questions:
        value = _said(question, text.strip())
        if value is not None:
            return {question.name: value}
    return None


def _said(question: Question, text: str) -> Any:
    if isinstance(question, Text):
        return text or None
    if not isinstance(question, Choice):
        return None
    labels = {label.casefold(): label for label in question.labels}
    said = [part.strip().rstrip(".").casefold() for part in (text.split(",") if question.multiple else [text])]
    chosen = [labels[part] for part in said if part in labels]
    if len(chosen) < len(said):
        return None
    return chosen if question.multiple else chosen[0]


def _placed(quotes: list[Any], record: Mapping[str, Any], question: Spans) -> Answer | None:
    """Quotes with labels as spans: of equal quotes the first is the first in the text, and so on; None where one is not
    in the text."""
    spans: list[dict[str, Any]] = []
    after: dict[tuple[str, str], int] = {}
    for one in quotes:
        if not isinstance(one, dict) or not isinstance(one.get("quote"), str) or not one["quote"].strip():
            return None
        quote, label = one["quote"].strip(), one.get("label")
        for field in question.fields:
            start = (record.get(field) or "").find(quote, after.get((field, quote), 0))
            if start >= 0:
                after[field, quote] = start + len(quote)
                spans.append({"field": field, "start": start, "end": start + len(quote), "label": label})
                break
        else:
            return None
    return {"spans": spans, "relations": []}


def _answer_of(line: bytes, place: str) -> tuple[str, Written]:
    try:
        given = json.loads(line)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict) or not isinstance(given.get("answer"), str | dict) or "id" not in given:
        raise SourceError(
            f"{place} is no JSON object with id and answer.", hint='such as {"id": "n1", "answer": {"urgent": "yes"}}'
        )
    score = given.get("score")
    if score is not None and (isinstance(score, bool) or not isinstance(score, int | float)):
        raise SourceError(f"{place}: the score is no number.", hint="leave it out, or give one such as 0.93")
    return str(given["id"]), Written(given["answer"], None if score is None else float(score))
