"""doccano: JSON Lines of text classification, sequence labelling with and without relations, and seq2seq.

The fields are those of its own export. A file is what one person did (`ann.jsonl`), and names nobody. Offsets count
UTF-16, as its page does without grapheme clusters (its issue 2290).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from acclimate.annotation.formats.exchange import (
    CHOICES,
    NAMES,
    SPANS,
    TEXT,
    UNREAD,
    ExchangeItem,
    GivenReading,
    ReadOptions,
    exported_columns,
    record_from,
    texts_of,
)
from acclimate.annotation.formats.json_files import Row, json_rows, write_json_lines
from acclimate.annotation.formats.offsets import Unit, whole_number
from acclimate.annotation.formats.spans import SpanCollector, Translator
from acclimate.annotation.schema import Choice, LabelSchema, Spans

FILE = "data.jsonl"
_ANSWERS = ("label", "labels", "entities", "relations", "cats", "Comments")


def read(path: Path, options: ReadOptions) -> Iterator[ExchangeItem]:
    """Rows whose labels are names (classification), or places in the text (sequence labelling)."""
    return _read(path, options, CHOICES)


def read_seq2seq(path: Path, options: ReadOptions) -> Iterator[ExchangeItem]:
    """Rows whose labels are texts, as projects of the kind seq2seq have them."""
    return _read(path, options, TEXT)


def write(items: Iterable[ExchangeItem], folder: Path, schema: LabelSchema, lost: Counter[str]) -> None:
    """One row an item with what counts as its answer, in the form of the schema's one question."""
    write_json_lines(folder / FILE, (_row(item, schema, lost) for item in items))


def _read(path: Path, options: ReadOptions, of_strings: str) -> Iterator[ExchangeItem]:
    kinds: dict[str, str] = {}
    for row in json_rows(path / FILE if path.is_dir() else path):
        yield _item(row, options, kinds, of_strings)


def _item(row: Row, options: ReadOptions, kinds: dict[str, str], of_strings: str) -> ExchangeItem:
    fields = {name: value for name, value in row.values.items() if name not in _ANSWERS}
    record = record_from(fields, options=options, place=row.place)
    translator = Translator(texts_of(record), options.offsets or Unit.UTF16)
    comments = row.get("Comments", list, [])
    lost = ["comments"] * len(comments)
    answer: dict[str, Any] = {}
    named = partial(_name, options, kinds)
    labels = row.values.get("label", row.values.get("labels"))
    given = [labels] if isinstance(labels, str) else Row({"label": labels}, row.place).get("label", list, [])
    if given and all(isinstance(one, list) for one in given):
        answer[named(SPANS)] = _from_triples(row, given, translator, lost)
    elif given:
        strings = Row({"label": given}, row.place).strings("label")
        lost += ["second and further texts of an answer, joined to the first"] * (
            of_strings == TEXT and len(strings) > 1
        )
        answer[named(of_strings)] = "\n".join(strings) if of_strings == TEXT else strings
    if row.values.get("cats"):
        answer[named(CHOICES)] = row.strings("cats")
    entities = row.get("entities", list, [])
    if entities and all(isinstance(one, list) for one in entities):
        answer[named(SPANS)] = _from_triples(row, entities, translator, lost)
    elif entities:
        answer[named(SPANS)] = _from_entities(row, translator, lost)
    readings = [GivenReading(options.annotator, answer)] if answer else []
    return ExchangeItem(record, readings, lost=lost if answer else [*lost, UNREAD], kinds=kinds)


def _name(options: ReadOptions, kinds: dict[str, str], kind: str) -> str:
    name = options.question or NAMES[kind]
    name = name if kinds.setdefault(name, kind) == kind else NAMES[kind]
    kinds[name] = kind
    return name


def _from_triples(row: Row, triples: list[Any], translator: Translator, lost: list[str]) -> dict[str, Any]:
    found = SpanCollector()
    for number, triple in enumerate(triples):
        if len(triple) != 3 or not isinstance(triple[2], str):
            row.refuse("a label is no start, end and name")
        ends = (whole_number(triple[0], "a start", row.place), whole_number(triple[1], "an end", row.place))
        found.add(number, _column(translator), *translator.inward(_column(translator), *ends), triple[2])
    lost += found.lost
    return found.answer()


def _from_entities(row: Row, translator: Translator, lost: list[str]) -> dict[str, Any]:
    found = SpanCollector()
    for one in row.rows("entities"):
        start = whole_number(one.values.get("start_offset"), "start_offset", one.place)
        end = whole_number(one.values.get("end_offset"), "end_offset", one.place)
        ends = translator.inward(_column(translator), start, end)
        found.add(one.get("id", int, -1), _column(translator), *ends, one.text("label"))
    for one in row.rows("relations"):
        if not found.relate(one.get("from_id", int), one.get("to_id", int), one.get("type", str, "related")):
            lost.append("relations to a span that is not there")
    lost += found.lost
    return found.answer()


def _column(translator: Translator) -> str:
    return "text" if "text" in translator.texts else next(iter(translator.texts))


def _row(item: ExchangeItem, schema: LabelSchema, lost: Counter[str]) -> dict[str, Any]:
    asked = schema.questions[0]
    value = item.settled.get(asked.name)
    columns = {name: told for name, told in exported_columns(item.record).items() if name not in _ANSWERS}
    if isinstance(asked, Spans):
        return {**columns, **_marked(item, asked, value, lost)}
    if value is None:
        return {**columns, "label": []}
    if isinstance(asked, Choice):
        lost["answers without any label, which look like none"] += value == []
        return {**columns, "label": value if asked.multiple else [value]}
    return {**columns, "label": [value]}


def _marked(item: ExchangeItem, asked: Spans, value: Any, lost: Counter[str]) -> dict[str, Any]:
    if value is None:
        return {"label": []}
    column = next((field for field in asked.fields if field in item.texts), "text")
    there = {place: span for place, span in enumerate(value["spans"]) if span.get("field", "text") == column}
    lost["spans in a second text"] += len(value["spans"]) - len(there)
    lost["answers without any span, which look like none"] += not there
    translator = Translator(item.texts, Unit.UTF16)
    ends = {place: translator.outward(column, span["start"], span["end"]) for place, span in there.items()}
    if not value.get("relations"):
        return {"label": [[*ends[place], span["label"]] for place, span in there.items()]}
    kept = [one for one in value["relations"] if one["source"] in there and one["target"] in there]
    return {
        "entities": [
            {"id": place, "label": span["label"], "start_offset": ends[place][0], "end_offset": ends[place][1]}
            for place, span in there.items()
        ],
        "relations": [
            {"id": number, "from_id": one["source"], "to_id": one["target"], "type": one["label"]}
            for number, one in enumerate(kept)
        ],
    }
