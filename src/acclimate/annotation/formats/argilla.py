"""Argilla 2: a dataset as `Dataset.to_disk` writes it (records.json, .argilla/settings.json) or as the Hub holds it.

The fields are those of `Record.to_dict` and of its flat form in Parquet. Offsets are code points, which its server
checks; its page counted UTF-16 where there are emoji (its issue 5729).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from acclimate.annotation.assignments import ADJUDICATION
from acclimate.annotation.formats.exchange import (
    CHOICE,
    CHOICES,
    DISCARDED,
    DRAFT,
    RATING,
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
from acclimate.annotation.formats.json_files import Row, json_object, json_rows, write_json_list
from acclimate.annotation.formats.offsets import Unit, whole_number
from acclimate.annotation.formats.parquet_files import parquet_paths, parquet_rows
from acclimate.annotation.formats.spans import SpanCollector, Translator
from acclimate.annotation.schema import Choice, LabelSchema, Question, Rating, Spans, labels_of, read_schema
from acclimate.core.errors import SourceError
from acclimate.core.schema import TEXT_COLUMNS

RECORDS, SETTINGS, DATASET = "records.json", ".argilla/settings.json", ".argilla/dataset.json"
_KINDS = {"label_selection": CHOICE, "multi_label_selection": CHOICES, "span": SPANS, "text": TEXT, "rating": RATING}
_FLAT = (".responses", ".responses.users", ".responses.status", ".suggestion", ".suggestion.score", ".suggestion.agent")
_OWN = ("id", "status", "_server_id")


def schema(path: Path, _options: ReadOptions) -> LabelSchema | None:
    """What the settings beside the records ask; kinds of question that are not known here are left out."""
    settings = _settings(path)
    if settings is None:
        return None
    asked = [found for row in settings.rows("questions") if (found := _question(row)) is not None]
    return read_schema({"questions": asked}) if asked else None


def read(path: Path, options: ReadOptions) -> Iterator[ExchangeItem]:
    """The records of a dataset with responses and suggestions."""
    kinds: dict[str, str] = {}
    settings = _settings(path)
    marked = {one.text("name"): one for one in settings.rows("questions")} if settings is not None else {}
    records = path / RECORDS if path.is_dir() else path
    if records.is_file() and records.suffix != ".parquet":
        rows: Iterator[Row] = json_rows(records)
    else:
        files = parquet_paths(path)
        if not files:
            raise SourceError(f"There is no {RECORDS} in {path.name}.", hint="name the folder that to_disk wrote")
        rows = (_nested(row) for one in files for row in parquet_rows(one))
    for row in rows:
        yield _item(row, options, kinds, marked)


def write(items: Iterable[ExchangeItem], folder: Path, schema: LabelSchema, lost: Counter[str]) -> None:
    """Records with everybody's responses, and settings that ask what the schema asks."""
    seen: dict[str, None] = {}
    write_json_list(folder / RECORDS, (_record(item, schema, lost, seen) for item in items))
    (folder / SETTINGS).parent.mkdir()
    settings = _settings_of(schema, list(seen) or ["text"])
    (folder / SETTINGS).write_text(json.dumps(settings, ensure_ascii=False, indent=2), encoding="utf-8")
    (folder / DATASET).write_text(json.dumps({"name": "annotations", "allow_extra_metadata": True}), encoding="utf-8")


def _settings(path: Path) -> Row | None:
    folder = path if path.is_dir() else path.parent
    return json_object(folder / SETTINGS) if (folder / SETTINGS).is_file() else None


def _question(row: Row) -> dict[str, Any] | None:
    settings = row.row(row.values.get("settings"), "settings")
    kind = settings.text("type")
    asked: dict[str, Any] = {
        "name": row.text("name"),
        "required": row.get("required", bool, True),
        "prompt": row.get("description", str, "") or row.get("title", str, ""),
    }
    options = settings.rows("options")
    if kind in ("label_selection", "multi_label_selection"):
        return {**asked, "kind": "choice", "multiple": kind != "label_selection", "options": _options(options)}
    if kind == "span":
        column = settings.get("field", str, "text")
        return {**asked, "kind": "spans", "options": _options(options), "fields": [_column(column)]}
    if kind == "rating":
        values = [one.get("value", int, 0) for one in options] or [1, 5]
        return {**asked, "kind": "rating", "low": min(values), "high": max(values)}
    return {**asked, "kind": "text"} if kind == "text" else None


def _options(rows: list[Row]) -> list[dict[str, str]]:
    return [{"name": one.text("value"), "description": one.get("description", str, "")} for one in rows]


def _column(field: str) -> str:
    return field if field in TEXT_COLUMNS else "text"


def _item(row: Row, options: ReadOptions, kinds: dict[str, str], marked: Mapping[str, Row]) -> ExchangeItem:
    fields = {**row.get("metadata", dict, {}), **row.get("fields", dict, {})}
    lost = ["vectors"] * bool(row.get("vectors", dict, {}))
    record = record_from(fields, options=options, place=row.place, id=row.values.get("id"))
    translator = Translator(texts_of(record), options.offsets or Unit.CODE_POINTS)
    given: dict[str, dict[str, Any]] = {}
    aside: dict[str, str] = {}
    for name, responses in row.get("responses", dict, {}).items():
        for response in Row({"all": responses}, row.place).rows("all"):
            person = str(response.values.get("user_id") or options.annotator)
            status = response.get("status", str, "submitted")
            if status != "submitted":
                aside[person] = DISCARDED if status == "discarded" else DRAFT
                continue
            kind, value = _value(response, name, marked.get(name), translator, lost)
            given.setdefault(person, {})[name] = value
            kinds[name] = kind
    suggestions = []
    for name, one in row.get("suggestions", dict, {}).items():
        suggestion = row.row(one, f"the suggestion for {name[:40]}")
        _, value = _value(suggestion, name, marked.get(name), translator, lost)
        score = suggestion.values.get("score")
        agent = suggestion.get("agent", str, "") or "suggestion"
        suggestions.append(Suggestion(agent, {name: value}, float(score) if isinstance(score, int | float) else None))
    readings = [GivenReading(person, answer) for person, answer in given.items() if person not in aside]
    left = [SetAside(person, reason) for person, reason in aside.items()]
    return ExchangeItem(record, readings, suggestions, left, lost, kinds=kinds)


def _value(row: Row, name: str, question: Row | None, translator: Translator, lost: list[str]) -> tuple[str, Any]:
    """A response's value as an answer, and the kind of its question: by the settings, else by its form."""
    value = row.values.get("value")
    settings = question.row(question.values.get("settings"), "settings") if question is not None else None
    known = _KINDS.get(settings.text("type"), "") if settings is not None else ""
    if isinstance(value, list) and (known == SPANS or any(isinstance(one, dict) for one in value)):
        field = _column(settings.get("field", str, "text")) if settings is not None else "text"
        return SPANS, _spans(
            row, field if field in translator.texts else next(iter(translator.texts)), translator, lost
        )
    if isinstance(value, int) and not isinstance(value, bool):
        return RATING, {"overall": value}
    if isinstance(value, list):
        return CHOICES, row.strings("value")
    if not isinstance(value, str):
        row.refuse(f"the value for {name[:40]} has no form that is known here")
    return (TEXT, value) if known == TEXT else (CHOICE, [value])


def _spans(row: Row, column: str, translator: Translator, lost: list[str]) -> dict[str, Any]:
    found = SpanCollector()
    for number, one in enumerate(row.rows("value")):
        start = whole_number(one.values.get("start"), "start", one.place)
        end = whole_number(one.values.get("end"), "end", one.place)
        found.add(number, column, *translator.inward(column, start, end), one.text("label"))
    lost += found.lost
    return found.answer()


def _nested(row: Row) -> Row:
    """A flat row, as Parquet files of the Hub hold it, in the form of records.json."""
    values = row.values
    names = sorted({name[: -len(".responses")] for name in values if name.endswith(".responses")})
    hinted = sorted({name[: -len(".suggestion")] for name in values if name.endswith(".suggestion")})
    fields = {
        name: value
        for name, value in values.items()
        if name not in _OWN and not name.endswith(_FLAT) and value is not None
    }
    responses = {name: list(_responses(row, name)) for name in names}
    suggestions = {
        name: {
            "value": values[f"{name}.suggestion"],
            "score": values.get(f"{name}.suggestion.score"),
            "agent": values.get(f"{name}.suggestion.agent"),
        }
        for name in hinted
        if values[f"{name}.suggestion"] is not None
    }
    nested = {"id": values.get("id"), "fields": fields, "responses": responses, "suggestions": suggestions}
    return Row(nested, row.place)


def _responses(row: Row, name: str) -> Iterator[dict[str, Any]]:
    given = row.get(f"{name}.responses", list, [])
    users = row.get(f"{name}.responses.users", list, [])
    status = row.get(f"{name}.responses.status", list, [])
    for place, value in enumerate(given):
        user = users[place] if place < len(users) else None
        said = status[place] if place < len(status) else None
        yield {"value": value, "user_id": user, "status": said or "submitted"}


def _record(item: ExchangeItem, schema: LabelSchema, lost: Counter[str], seen: dict[str, None]) -> dict[str, Any]:
    """A record of records.json; the names of its fields are noted in `seen`."""
    seen.update(dict.fromkeys(item.texts))
    columns = exported_columns(item.record)
    texts = {name: columns.pop(name) for name in item.texts}
    responses: dict[str, list[dict[str, Any]]] = {}
    for given in item.readings:
        lost["decisions, which Argilla holds as one more response"] += given.purpose == ADJUDICATION
        for asked in schema.questions:
            if given.answer.get(asked.name) is not None:
                value = _told(asked, given.answer[asked.name], lost)
                responses.setdefault(asked.name, []).append({"value": value, "user_id": given.person})
    suggestions: dict[str, dict[str, Any]] = {}
    for one in item.suggestions:
        for asked in schema.questions:
            if one.answer.get(asked.name) is not None:
                lost["second and further suggestions for a question"] += asked.name in suggestions
                value = _told(asked, one.answer[asked.name], lost)
                suggestions.setdefault(asked.name, {"value": value, "score": one.score, "agent": one.by})
    identity = columns.pop("id")
    return {
        "id": identity,
        "fields": texts,
        "metadata": columns,
        "suggestions": suggestions,
        "responses": responses,
        "vectors": {},
    }


def _told(asked: Question, value: Any, lost: Counter[str]) -> Any:
    if isinstance(asked, Choice) and not asked.multiple:
        return value[0] if isinstance(value, list) else value
    if isinstance(asked, Rating):
        return next(iter(value.values()), None)
    if isinstance(asked, Spans):
        lost["relations"] += len(value.get("relations", ()))
        return [{"start": span["start"], "end": span["end"], "label": span["label"]} for span in value["spans"]]
    return value


def _settings_of(schema: LabelSchema, columns: Sequence[str]) -> dict[str, Any]:
    fields = [
        {"name": name, "title": name, "required": False, "settings": {"type": "text", "use_markdown": False}}
        for name in columns
    ]
    return {
        "guidelines": None,
        "questions": [
            {
                "name": asked.name,
                "title": asked.prompt or asked.name,
                "required": asked.required,
                "settings": _form(asked),
            }
            for asked in schema.questions
        ],
        "fields": fields,
        "vectors": [],
        "metadata": [],
        "allow_extra_metadata": True,
    }


def _form(asked: Question) -> dict[str, Any]:
    options = [{"value": label, "text": label, "description": None} for label in labels_of(asked)]
    if isinstance(asked, Choice):
        return {"type": "multi_label_selection" if asked.multiple else "label_selection", "options": options}
    if isinstance(asked, Spans):
        return {"type": "span", "field": asked.fields[0], "allow_overlapping": True, "options": options}
    if isinstance(asked, Rating):
        return {"type": "rating", "options": [{"value": value} for value in range(asked.low, asked.high + 1)]}
    return {"type": "text", "use_markdown": False}
