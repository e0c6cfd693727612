"""Label Studio: tasks as JSON, with its labeling configuration (https://labelstud.io/guide/task_format).

Offsets are code points, as its own tests have them; its older versions counted UTF-16 (its issues 1008 and 1347).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from acclimate.annotation.assignments import ADJUDICATION, READING
from acclimate.annotation.formats.exchange import (
    CHOICES,
    DRAFT,
    OTHER_OFFSETS,
    RATING,
    REJECTED,
    SKIPPED,
    SPANS,
    TEXT,
    ExchangeItem,
    GivenReading,
    ReadOptions,
    SetAside,
    Suggestion,
    exported_columns,
    record_from,
    texts_of,
)
from acclimate.annotation.formats.json_files import Row, json_rows, write_json_list
from acclimate.annotation.formats.label_studio_config import LabelStudioConfig, column_of, read_config, write_config
from acclimate.annotation.formats.offsets import Unit, whole_number
from acclimate.annotation.formats.spans import SpanCollector, Translator
from acclimate.annotation.schema import Answer, Choice, LabelSchema, Rating, Spans
from acclimate.core.schema import TEXT_COLUMNS

TASKS, CONFIG = "tasks.json", "config.xml"
_RELATED = "related"
"""The label of a relation that has none."""


def schema(path: Path, options: ReadOptions) -> LabelSchema | None:
    """What the configuration asks that is named, or lies beside the tasks."""
    config = _config_of(path, options)
    return config.schema if config is not None else None


def read(path: Path, options: ReadOptions) -> Iterator[ExchangeItem]:
    """The tasks of an export, with annotations, predictions and reviews."""
    config = _config_of(path, options)
    kinds: dict[str, str] = {}
    for number, row in enumerate(json_rows(path / TASKS if path.is_dir() else path)):
        item = _Task(row, options, config, kinds).item()
        yield replace(item, lost=(*item.lost, *config.lost)) if config is not None and number == 0 else item


def write(items: Iterable[ExchangeItem], folder: Path, schema: LabelSchema, _lost: Counter[str]) -> None:
    """Tasks with everybody's annotations; a decision is an annotation that is the ground truth."""
    (folder / CONFIG).write_bytes(write_config(schema))
    write_json_list(folder / TASKS, (_task(number, item, schema) for number, item in enumerate(items, start=1)))


def _config_of(path: Path, options: ReadOptions) -> LabelStudioConfig | None:
    config = options.config or (path if path.is_dir() else path.parent) / CONFIG
    return read_config(config) if config.is_file() else None


@dataclass
class _Task:
    """One task while it is read."""

    row: Row
    options: ReadOptions
    config: LabelStudioConfig | None
    kinds: dict[str, str]
    lost: list[str] = field(default_factory=list)

    def item(self) -> ExchangeItem:
        data = self.row.get("data", dict, {})
        shown = set(self.config.fields.values()) if self.config is not None else set()
        only = next(iter(shown)) if len(shown) == 1 and not shown & set(TEXT_COLUMNS) else ""
        options = self.options if self.options.text or not only else replace(self.options, text=only)
        record = record_from(data, options=options, place=self.row.place, id=self.row.get("id", int))
        self.texts = texts_of(record)
        self.translator = Translator(self.texts, self.options.offsets or Unit.CODE_POINTS)
        readings: list[GivenReading] = []
        aside = [SetAside(_person(one, "user"), DRAFT) for one in self.row.rows("drafts")]
        for one in self.row.rows("annotations"):
            person = _person(one, "completed_by")
            if one.get("was_cancelled", bool, False):
                aside.append(SetAside(person, SKIPPED))
                continue
            answer = self.answer(one)
            if answer is None:
                aside.append(SetAside(person, OTHER_OFFSETS))
                continue
            reviews = [(_person(review, "created_by"), review.get("accepted", bool)) for review in one.rows("reviews")]
            if reviews and reviews[-1][1] is False:
                aside.append(SetAside(person, REJECTED))
                continue
            purpose = ADJUDICATION if one.get("ground_truth", bool, False) else READING
            readings.append(GivenReading(person, answer, purpose, _seconds(one)))
            readings += [GivenReading(who, answer, ADJUDICATION) for who, accepted in reviews[-1:] if accepted]
        suggestions = list(self.predictions())
        return ExchangeItem(record, readings, suggestions, aside, self.lost, kinds=self.kinds)

    def predictions(self) -> Iterator[Suggestion]:
        for one in self.row.rows("predictions"):
            answer = self.answer(one)
            if answer is None:
                self.lost.append("predictions whose offsets do not fit their quote")
                continue
            score = one.get("score", object)
            by = one.get("model_version", str, "") or "prediction"
            yield Suggestion(by, answer, float(score) if isinstance(score, int | float) else None)

    def answer(self, annotation: Row) -> Answer | None:
        """The results of an annotation by question; None where a span is not the text that it quotes."""
        answer: dict[str, Any] = {}
        spans: dict[str, SpanCollector] = {}
        related: list[Row] = []
        for result in annotation.rows("result"):
            kind = result.text("type")
            if kind == "relation":
                related.append(result)
            elif kind == "labels":
                if not self.mark(result, spans):
                    return None
            else:
                self.value(kind, result, answer)
        for result in related:
            self.relate(result, spans)
        self.lost += [said for collected in spans.values() for said in collected.lost]
        return {**answer, **{name: collected.answer() for name, collected in spans.items()}}

    def value(self, kind: str, result: Row, answer: dict[str, Any]) -> None:
        """A result about the whole item."""
        name = result.text("from_name")
        value = result.row(result.values.get("value"), "value")
        if kind not in ("choices", "taxonomy", "textarea", "rating"):
            known = kind if kind.isalpha() and len(kind) < 40 else "that is not known"
            self.lost.append(f"results of the type {known}")
        elif "start" in value.values:
            self.lost.append("answers about one span")
        elif kind == "choices":
            answer[name] = answer.get(name, []) + value.strings("choices")
            self.kinds[name] = CHOICES
        elif kind == "taxonomy":
            paths = value.get("taxonomy", list, [])
            answer[name] = [str(path[-1]) for path in paths if isinstance(path, list) and path]
            self.kinds[name] = CHOICES
        elif kind == "textarea":
            texts = [value.text("text")] if isinstance(value.values.get("text"), str) else value.strings("text")
            self.lost += ["second and further texts of an answer, joined to the first"] * (len(texts) > 1)
            answer[name] = "\n".join(texts)
            self.kinds[name] = TEXT
        else:
            answer[name] = {"overall": value.get("rating", int)}
            self.kinds[name] = RATING

    def mark(self, result: Row, spans: dict[str, SpanCollector]) -> bool:
        """Adds the span of a result, once for each of its labels; whether it is the text it quotes."""
        name, value = result.text("from_name"), result.row(result.values.get("value"), "value")
        self.kinds[name] = SPANS
        column = self.column(result.get("to_name", str, ""))
        start = whole_number(value.values.get("start"), "start", value.place)
        end = whole_number(value.values.get("end"), "end", value.place)
        start, end = self.translator.inward(column, start, end)
        if not self.translator.quoted(column, start, end, value.values.get("text")):
            return False
        for label in value.strings("labels"):
            spans.setdefault(name, SpanCollector()).add(result.get("id", str, ""), column, start, end, label)
        return True

    def relate(self, result: Row, spans: dict[str, SpanCollector]) -> None:
        source, target = result.text("from_id"), result.text("to_id")
        direction = result.get("direction", str, "right")
        pairs = {"left": [(target, source)], "bi": [(source, target), (target, source)]}.get(
            direction, [(source, target)]
        )
        for label in result.strings("labels") or [_RELATED]:
            for first, second in pairs:
                if not any(collected.relate(first, second, label) for collected in spans.values()):
                    self.lost.append("relations between spans of different questions, or with something else")

    def column(self, shown: str) -> str:
        """The column of records that a shown object is."""
        data_field = self.config.fields.get(shown, shown) if self.config is not None else shown
        column = column_of(data_field)
        return column if column in self.texts else next(iter(self.texts), "text")


def _person(row: Row, name: str) -> str:
    """Who did it: an address or a name where the file has one, else the number of their account."""
    who = row.values.get(name)
    if isinstance(who, dict):
        known = (who.get(key) for key in ("email", "username", "id"))
        who = next((value for value in known if value), None)
    return f"user-{who}" if isinstance(who, int) and not isinstance(who, bool) else str(who or "unknown")


def _seconds(row: Row) -> float:
    seconds = row.values.get("lead_time")
    return float(seconds) if isinstance(seconds, int | float) and 0 <= seconds < 10**9 else 0.0


def _task(number: int, item: ExchangeItem, schema: LabelSchema) -> dict[str, Any]:
    annotations = [
        {
            "id": place,
            "completed_by": {"email": given.person},
            "result": list(_results(item, given.answer, schema)),
            "was_cancelled": False,
            "ground_truth": given.purpose == ADJUDICATION,
            "lead_time": given.seconds,
        }
        for place, given in enumerate(item.readings, start=1)
    ]
    predictions = [
        {"model_version": one.by, "score": one.score, "result": list(_results(item, one.answer, schema))}
        for one in item.suggestions
    ]
    data = exported_columns(item.record)
    return {"id": number, "data": data, "annotations": annotations, "predictions": predictions}


def _results(item: ExchangeItem, answer: Answer, schema: LabelSchema) -> Iterator[dict[str, Any]]:
    column = next(iter(item.texts), "text")
    for asked in schema.questions:
        value = answer.get(asked.name)
        if value is None:
            continue
        if isinstance(asked, Spans):
            yield from _span_results(item, asked.name, value)
            continue
        if isinstance(asked, Choice):
            kind, told = _chosen(asked, value)
        elif isinstance(asked, Rating):
            kind, told = "rating", {"rating": next(iter(value.values()), None)}
        else:
            kind, told = "textarea", {"text": [value]}
        yield {"from_name": asked.name, "to_name": column, "id": asked.name, "type": kind, "value": told}


def _chosen(asked: Choice, value: Any) -> tuple[str, dict[str, Any]]:
    labels = value if asked.multiple else [value]
    parents = {option.name: option.parent for option in asked.options}
    if not any(parents.values()):
        return "choices", {"choices": labels}
    return "taxonomy", {"taxonomy": [_path(label, parents) for label in labels]}


def _path(label: str, parents: Mapping[str, str | None]) -> list[str]:
    path = [label]
    while (above := parents.get(path[0])) is not None:
        path.insert(0, above)
    return path


def _span_results(item: ExchangeItem, name: str, value: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for place, span in enumerate(value["spans"]):
        column, start, end = span.get("field", "text"), span["start"], span["end"]
        quote = item.record[column][start:end]
        told = {"start": start, "end": end, "text": quote, "labels": [span["label"]]}
        yield {"from_name": name, "to_name": column, "id": f"{name}-{place}", "type": "labels", "value": told}
    for relation in value.get("relations", ()):
        ends = {"from_id": f"{name}-{relation['source']}", "to_id": f"{name}-{relation['target']}"}
        yield {"type": "relation", **ends, "direction": "right", "labels": [relation["label"]]}
