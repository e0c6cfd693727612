"""Prodigy: JSON Lines as `db-out` writes them, one row an answer (https://prodi.gy/docs/api-interfaces).

Offsets are code points, as spaCy counts them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from acclimate.annotation.assignments import ADJUDICATION
from acclimate.annotation.formats.exchange import (
    CHOICES,
    NAMES,
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
from acclimate.annotation.formats.json_files import Row, json_rows, write_json_lines
from acclimate.annotation.formats.offsets import Unit, whole_number
from acclimate.annotation.formats.spans import SpanCollector, Translator
from acclimate.annotation.formats.tokens import tokens_of
from acclimate.annotation.schema import Answer, Choice, LabelSchema, Spans, labels_of

FILE = "data.jsonl"
_INPUT = "user_input"
_OWN = frozenset(
    [
        "meta",
        "spans",
        "tokens",
        "relations",
        "options",
        "accept",
        "label",
        "answer",
        "html",
        "field_id",
        "user_input",
        "config",
        "score",
        "priority",
        "field_label",
        "field_placeholder",
        "field_rows",
        "field_autofocus",
    ]
)


def read(path: Path, options: ReadOptions) -> Iterator[ExchangeItem]:
    """Rows with the answer of one person each; rows that nobody answered give suggestions."""
    kinds: dict[str, str] = {}
    for row in json_rows(path / FILE if path.is_dir() else path):
        yield _item(row, options, kinds)


def write(items: Iterable[ExchangeItem], folder: Path, schema: LabelSchema, lost: Counter[str]) -> None:
    """One row an answer, with whose it is; items without any are rows that are still to be answered."""
    write_json_lines(folder / FILE, (row for item in items for row in _rows(item, schema, lost)))


def _item(row: Row, options: ReadOptions, kinds: dict[str, str]) -> ExchangeItem:
    meta = row.get("meta", dict, {})
    fields = {name: value for name, value in row.values.items() if name not in _OWN and not name.startswith("_")}
    identity = meta.get("id", row.values.get("_input_hash"))
    rest = {name: value for name, value in meta.items() if name != "id" and name not in fields}
    record = record_from({**rest, **fields}, options=options, place=row.place, id=identity)
    lost: list[str] = []
    answer = _answer(row, options, kinds, Translator(texts_of(record), options.offsets or Unit.CODE_POINTS), lost)
    person = next((str(row.values[key]) for key in ("_annotator_id", "_session_id") if row.values.get(key)), "")
    person = person or options.annotator
    said = row.get("answer", str, "")
    if not said:
        suggestions = [Suggestion("prodigy", answer)] if answer else []
        return ExchangeItem(record, suggestions=suggestions, lost=lost, kinds=kinds)
    if said != "accept":
        return ExchangeItem(
            record, aside=[SetAside(person, REJECTED if said == "reject" else SKIPPED)], lost=lost, kinds=kinds
        )
    return ExchangeItem(record, [GivenReading(person, answer)], lost=lost, kinds=kinds)


def _answer(row: Row, options: ReadOptions, kinds: dict[str, str], translator: Translator, lost: list[str]) -> Answer:
    answer: dict[str, Any] = {}
    given = row.strings("accept") if "options" in row.values else []
    label = row.values.get("label")
    if given or "options" in row.values:
        _put(answer, CHOICES, given, options, kinds)
    elif isinstance(label, str):
        _put(answer, CHOICES, [label], options, kinds)
    if "spans" in row.values:
        _put(answer, SPANS, _spans(row, translator, lost), options, kinds)
    written = row.values.get(row.get("field_id", str, _INPUT))
    if isinstance(written, str):
        _put(answer, TEXT, written, options, kinds)
    return answer


def _put(answer: dict[str, Any], kind: str, value: Any, options: ReadOptions, kinds: dict[str, str]) -> None:
    name = options.question if options.question and options.question not in answer else NAMES[kind]
    answer[name] = value
    kinds[name] = kind


def _spans(row: Row, translator: Translator, lost: list[str]) -> dict[str, Any]:
    found = SpanCollector()
    column = "text" if "text" in translator.texts else next(iter(translator.texts))
    last_tokens: dict[int, tuple[int, int, str]] = {}
    for one in row.rows("spans"):
        if "start" not in one.values or "label" not in one.values:
            lost.append("spans without a start or a label")
            continue
        place = _place(one, translator, column)
        found.add(place, column, *place)
        if isinstance(one.values.get("token_end"), int):
            last_tokens[one.values["token_end"]] = place
    for one in row.rows("relations"):
        ends = [_end(one, side, translator, column, last_tokens) for side in ("head", "child")]
        if not found.relate(ends[0], ends[1], one.get("label", str, "related")):
            lost.append("relations between words that are no spans")
    lost += found.lost
    return found.answer()


def _place(one: Row, translator: Translator, column: str) -> tuple[int, int, str]:
    start = whole_number(one.values.get("start"), "start", one.place)
    end = whole_number(one.values.get("end"), "end", one.place)
    return (*translator.inward(column, start, end), one.text("label"))


def _end(
    relation: Row, side: str, translator: Translator, column: str, last_tokens: Mapping[int, tuple[int, int, str]]
) -> tuple[int, int, str] | None:
    """The span that a relation begins or ends at: the one it names, else the one whose last token it names."""
    span = relation.values.get(f"{side}_span")
    if isinstance(span, dict) and isinstance(span.get("label"), str):
        return _place(relation.row(span, f"{side}_span"), translator, column)
    return last_tokens.get(relation.get(side, int, -1))


def _rows(item: ExchangeItem, schema: LabelSchema, lost: Counter[str]) -> Iterator[dict[str, Any]]:
    columns = exported_columns(item.record)
    column = _column(item, schema)
    texts = [name for name in item.texts if name != column]
    meta = {name: value for name, value in columns.items() if name != column and name not in texts}
    about = {"text": item.record.get(column, ""), **{name: item.record[name] for name in texts if name != "text"}}
    lost["suggestions beside an answer"] += len(item.suggestions) if item.readings else 0
    for given in item.readings:
        lost["decisions, which Prodigy holds as one more answer"] += given.purpose == ADJUDICATION
        told = _told(item, given.answer, schema, lost)
        yield {**about, "meta": meta, **told, "answer": "accept", "_annotator_id": given.person}
    if not item.readings:
        told = _told(item, item.suggestions[0].answer, schema, lost) if item.suggestions else {}
        yield {**about, "meta": meta, **told}


def _column(item: ExchangeItem, schema: LabelSchema) -> str:
    asked = schema.questions[0]
    marked = asked.fields if isinstance(asked, Spans) else ()
    return next((column for column in (*marked, "text", *item.texts) if column in item.texts), "text")


def _told(item: ExchangeItem, answer: Answer, schema: LabelSchema, lost: Counter[str]) -> dict[str, Any]:
    asked = schema.questions[0]
    value = answer.get(asked.name)
    if isinstance(asked, Choice):
        given = [] if value is None else value if isinstance(value, list) else [value]
        options = [{"id": label, "text": label} for label in labels_of(asked)]
        return {"options": options, "accept": given, "_view_id": "choice"}
    if isinstance(asked, Spans):
        return _marked(item, _column(item, schema), value or {"spans": []}, lost)
    return {"field_id": _INPUT, _INPUT: value or "", "_view_id": "text_input"}


def _marked(item: ExchangeItem, column: str, value: Mapping[str, Any], lost: Counter[str]) -> dict[str, Any]:
    text = item.record[column]
    there = {place: span for place, span in enumerate(value["spans"]) if span.get("field", "text") == column}
    lost["spans in a second text"] += len(value["spans"]) - len(there)
    tokens = tokens_of(text, {end for span in there.values() for end in (span["start"], span["end"])})
    starting = {start: number for number, (start, _) in enumerate(tokens)}
    ending = {end: number for number, (_, end) in enumerate(tokens)}
    spans: dict[int, dict[str, Any]] = {}
    for place, span in there.items():
        ends = {"token_start": starting.get(span["start"]), "token_end": ending.get(span["end"])}
        whole = {key: number for key, number in ends.items() if number is not None}
        lost["spans that begin or end at a space, which Prodigy shows no token for"] += len(whole) < 2
        spans[place] = {"start": span["start"], "end": span["end"], "label": span["label"], **whole}
    relations = [
        {
            "head": spans[one["source"]].get("token_end"),
            "child": spans[one["target"]].get("token_end"),
            "head_span": spans[one["source"]],
            "child_span": spans[one["target"]],
            "label": one["label"],
        }
        for one in value.get("relations", ())
        if one["source"] in there and one["target"] in there
    ]
    lost["relations with a span in a second text"] += len(value.get("relations", ())) - len(relations)
    told = [
        {"id": number, "start": start, "end": end, "text": text[start:end], "ws": text[end : end + 1] == " "}
        for number, (start, end) in enumerate(tokens)
    ]
    related = {"relations": relations, "_view_id": "relations"} if relations else {"_view_id": "spans_manual"}
    return {"tokens": told, "spans": list(spans.values()), **related}
