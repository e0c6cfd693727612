"""A dataset for the datasets library: Parquet with features, one row an item, everybody's readings beside the answer.

Columns named like questions hold what counts (labels as ClassLabel); `readings` holds who said what, as JSON. Other
datasets are read by their features: a class label, `tokens` with tags, or spans with start, end and label.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from acclimate.annotation.assignments import ADJUDICATION, READING
from acclimate.annotation.formats.conll import tags_to_spans
from acclimate.annotation.formats.exchange import (
    CHOICES,
    NAMES,
    SPANS,
    UNREAD,
    ExchangeItem,
    GivenReading,
    ReadOptions,
    Suggestion,
    exported_columns,
    record_from,
    texts_of,
)
from acclimate.annotation.formats.json_files import Row
from acclimate.annotation.formats.offsets import Unit, whole_number
from acclimate.annotation.formats.parquet_files import feature_metadata, features_of, parquet_paths, parquet_rows
from acclimate.annotation.formats.spans import SpanCollector, Translator
from acclimate.annotation.schema import Choice, LabelSchema, Question, Spans, Text, read_schema
from acclimate.core.errors import SourceError
from acclimate.core.schema import RECORD_SCHEMA

DATA = "data/train-00000-of-00001.parquet"
_ROWS = 1024
_READING = pa.struct(
    [
        ("person", pa.string()),
        ("purpose", pa.string()),
        ("seconds", pa.float64()),
        ("answer", pa.string()),
        ("suggestion_shown", pa.bool_()),
        ("suggestion_kept", pa.bool_()),
    ]
)
_SUGGESTION = pa.struct([("by", pa.string()), ("score", pa.float64()), ("answer", pa.string())])
_SPAN = pa.struct([("field", pa.string()), ("start", pa.int64()), ("end", pa.int64()), ("label", pa.string())])
_CANDIDATE = pa.struct([("key", pa.string()), ("text", pa.string())])
_OWN = ("readings", "suggestions", "candidates", "label_schema")
_SCHEMA = b"acclimate.label_schema"


def schema(path: Path, _options: ReadOptions) -> LabelSchema | None:
    """The label schema that was noted in the file, where it was written here."""
    for file in parquet_paths(path)[:1]:
        features_of(file)
        noted = (pq.read_schema(file).metadata or {}).get(_SCHEMA)
        return read_schema(json.loads(noted)) if noted else None
    return None


def read(path: Path, options: ReadOptions) -> Iterator[ExchangeItem]:
    """The rows of all Parquet files, in the order of their names."""
    files = parquet_paths(path)
    if not files:
        raise SourceError(f"There is no Parquet file in {path.name}.", hint="name the dataset's folder or file")
    kinds: dict[str, str] = {}
    written_here = schema(path, options)
    for file in files:
        for row in parquet_rows(file):
            yield _own_item(row, options, written_here) if written_here is not None else _item(row, options, kinds)


def write(items: Iterable[ExchangeItem], folder: Path, schema: LabelSchema, _lost: Counter[str]) -> None:
    """One Parquet file that `datasets.load_dataset(folder)` reads."""
    columns = _columns(schema)
    table = pa.schema([(name, kind) for name, (kind, _) in columns.items()])
    noted = feature_metadata({name: feature for name, (_, feature) in columns.items()})
    table = table.with_metadata({**noted, _SCHEMA: json.dumps(schema.model_dump(mode="json")).encode()})
    (folder / DATA).parent.mkdir()
    with pq.ParquetWriter(folder / DATA, table, compression="zstd") as writer:
        rows = iter(items)
        while some := list(islice(rows, _ROWS)):
            writer.write_batch(pa.RecordBatch.from_pylist([_row(item, schema) for item in some], schema=table))


def _value(dtype: str) -> dict[str, str]:
    return {"dtype": dtype, "_type": "Value"}


def _listed(feature: Any) -> dict[str, Any]:
    return {"feature": feature, "_type": "List"}


def _features(kind: pa.StructType) -> dict[str, Any]:
    return {part.name: _value("float64" if part.type == pa.float64() else str(part.type)) for part in kind}


def _columns(schema: LabelSchema) -> dict[str, tuple[pa.DataType, Any]]:
    """Every column with its type and its feature."""
    plain = [name for name in RECORD_SCHEMA.names if name not in ("label", "label_weights", "spans", "identifiers")]
    columns: dict[str, tuple[pa.DataType, Any]] = {name: (pa.string(), _value("string")) for name in plain}
    for asked in schema.questions:
        columns[_column(asked)] = _typed(asked)
    columns["candidates"] = (pa.list_(_CANDIDATE), _listed(_features(_CANDIDATE)))
    columns["readings"] = (pa.list_(_READING), _listed(_features(_READING)))
    columns["suggestions"] = (pa.list_(_SUGGESTION), _listed(_features(_SUGGESTION)))
    return columns


def _column(asked: Question) -> str:
    """The column of what counts as a question's answer: its name, where no other column has it."""
    taken = asked.name in _OWN or (asked.name in RECORD_SCHEMA.names and asked.name not in ("label", "spans"))
    return f"answer_{asked.name}" if taken else asked.name


def _typed(asked: Question) -> tuple[pa.DataType, Any]:
    if isinstance(asked, Choice):
        labels = {"names": list(asked.labels), "_type": "ClassLabel"}
        return (pa.list_(pa.int64()), _listed(labels)) if asked.multiple else (pa.int64(), labels)
    if isinstance(asked, Spans):
        return pa.list_(_SPAN), _listed(_features(_SPAN))
    return pa.string(), _value("string")


def _row(item: ExchangeItem, schema: LabelSchema) -> dict[str, Any]:
    record = {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in exported_columns(item.record).items()
    }
    answers = {_column(asked): _cell(asked, item.settled.get(asked.name)) for asked in schema.questions}
    readings = [
        {
            "person": one.person,
            "purpose": one.purpose,
            "seconds": one.seconds,
            "answer": _json(one.answer),
            "suggestion_shown": one.shown,
            "suggestion_kept": one.kept,
        }
        for one in item.readings
    ]
    suggestions = [{"by": one.by, "score": one.score, "answer": _json(one.answer)} for one in item.suggestions]
    candidates = [{"key": key, "text": text} for key, text in item.candidates.items()]
    return {**record, **answers, "candidates": candidates, "readings": readings, "suggestions": suggestions}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _cell(asked: Question, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(asked, Choice):
        places = {label: place for place, label in enumerate(asked.labels)}
        return [places[label] for label in value] if asked.multiple else places[value]
    if isinstance(asked, Spans):
        return [{"field": "text", **span} for span in value["spans"]]
    return value if isinstance(asked, Text) else _json(value)


def _own_item(row: Row, options: ReadOptions, schema: LabelSchema) -> ExchangeItem:
    answered = {_column(asked) for asked in schema.questions}
    fields = {
        name: _parsed(name, value)
        for name, value in row.values.items()
        if value is not None and name not in _OWN and name not in answered
    }
    record = record_from(fields, options=options, place=row.place)
    readings = [
        GivenReading(
            one.text("person"),
            _object(one, "answer"),
            ADJUDICATION if one.text("purpose", READING) == ADJUDICATION else READING,
            one.get("seconds", float, 0.0),
        )
        for one in row.rows("readings")
    ]
    suggestions = [
        Suggestion(one.text("by"), _object(one, "answer"), one.get("score", float)) for one in row.rows("suggestions")
    ]
    candidates = {one.text("key"): one.text("text") for one in row.rows("candidates")}
    return ExchangeItem(record, readings, suggestions, candidates=candidates)


def _parsed(name: str, value: Any) -> Any:
    """A column of records that is no text stands as JSON."""
    if not isinstance(value, str) or pa.types.is_string(
        RECORD_SCHEMA.field(name).type if name in RECORD_SCHEMA.names else pa.string()
    ):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _object(row: Row, name: str) -> dict[str, Any]:
    try:
        found = json.loads(row.text(name))
    except (ValueError, RecursionError):
        row.refuse(f"{name} is no JSON")
    return dict(row.row(found, name).values)


def _item(row: Row, options: ReadOptions, kinds: dict[str, str]) -> ExchangeItem:
    """A row of a dataset that was made elsewhere, by the names and forms that are usual."""
    values = dict(row.values)
    answer: dict[str, Any] = {}
    words, tags = _texts(values.get("tokens")), _texts(values.get("ner_tags", values.get("tags")))
    if words and len(words) == len(tags):
        values = {name: value for name, value in values.items() if name not in ("tokens", "ner_tags", "tags")}
        values["text"], answer[options.question or NAMES[SPANS]] = _from_tags(words, tags)
        kinds[options.question or NAMES[SPANS]] = SPANS
    label = next((name for name in ("label", "labels") if name in values), "")
    given = _texts([values[label]] if label and isinstance(values[label], str) else values.get(label))
    if given:
        values.pop(label)
        _put(answer, CHOICES, given, options, kinds)
    marks = next((name for name in ("spans", "entities") if isinstance(values.get(name), list)), "")
    given_spans = values.pop(marks) if marks else []
    record = record_from(values, options=options, place=row.place)
    lost: list[str] = []
    if given_spans:
        translator = Translator(texts_of(record), options.offsets or Unit.CODE_POINTS)
        _put(answer, SPANS, _from_spans(Row({"spans": given_spans}, row.place), translator, lost), options, kinds)
    if not answer:
        return ExchangeItem(record, lost=[UNREAD], kinds=kinds)
    return ExchangeItem(record, [GivenReading(options.annotator, answer)], lost=lost, kinds=kinds)


def _texts(value: Any) -> list[str]:
    """A list of texts; empty where it is none."""
    return value if isinstance(value, list) and all(isinstance(one, str) for one in value) else []


def _put(answer: dict[str, Any], kind: str, value: Any, options: ReadOptions, kinds: dict[str, str]) -> None:
    name = options.question if options.question and options.question not in answer else NAMES[kind]
    answer[name] = value
    kinds[name] = kind


def _from_tags(words: Sequence[str], tags: Sequence[str]) -> tuple[str, dict[str, Any]]:
    found = SpanCollector()
    at = 0
    places: list[tuple[int, int]] = []
    for word in words:
        places.append((at, at + len(word)))
        at += len(word) + 1
    tags_to_spans(list(zip(words, tags, strict=True)), places, found)
    return " ".join(words), found.answer()


def _from_spans(row: Row, translator: Translator, lost: list[str]) -> Mapping[str, Any]:
    found = SpanCollector()
    for number, one in enumerate(row.rows("spans")):
        column = one.get("field", str, "text")
        column = column if column in translator.texts else next(iter(translator.texts))
        start = whole_number(one.values.get("start"), "start", one.place)
        end = whole_number(one.values.get("end"), "end", one.place)
        found.add(number, column, *translator.inward(column, start, end), one.text("label"))
    lost += found.lost
    return found.answer()
