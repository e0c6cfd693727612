from __future__ import annotations

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acclimate.core.errors import ConfigError
from acclimate.core.sources import SourceConfig
from acclimate.stages.ingest.tagged_tokens import read_tagged_tokens

ROW = {"tokens": ["Ann", "Lee", "saw", "Öz\U0001f600", "Bo"], "ner_tags": ["B-PER", "I-PER", "O", "B-PER", "B-PER"]}
QUOTES = [("Ann Lee", "PER"), ("Öz\U0001f600", "PER"), ("Bo", "PER")]
NAMES = ["O", "B-PER", "I-PER"]
SOURCE = {"path": "a.jsonl", "tag_names": NAMES}

tokens = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=4)
labels = st.sampled_from(["PER", "ORG"])
entities = st.lists(st.tuples(st.lists(tokens, min_size=1, max_size=3), labels | st.none()), max_size=5)


def lines(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def quotes(record):
    assert {span["field"] for span in record["spans"]} <= {"text"}
    return [(record["text"][span["start"] : span["end"]], span["label"]) for span in record["spans"]]


@given(entities)
def test_every_entity_becomes_a_span_that_quotes_its_tokens(entities):
    words = [word for run, _ in entities for word in run]
    tags = [
        f"{'I' if place else 'B'}-{label}" if label else "O" for run, label in entities for place in range(len(run))
    ]
    tagged = read_tagged_tokens(words, tags)
    assert tagged.text == " ".join(words)
    found = [(tagged.text[span["start"] : span["end"]], span["label"]) for span in tagged.spans]
    assert found == [(" ".join(run), label) for run, label in entities if label]


@pytest.mark.parametrize("column", ["ner_tags", "tags"])
def test_tokens_and_tags_are_recognised_as_a_text_with_spans_and_said(ingest, column):
    ingested = ingest({"a.jsonl": lines({"tokens": ROW["tokens"], column: ROW["ner_tags"], "id": 7})})
    assert quotes(ingested.record) == QUOTES
    assert ingested.record["id"] == "a:7"
    metrics = ingested.report.metrics["sources"]["a"]
    assert (metrics["recognised"], metrics["columns_unused"]) == ("tokens/tags", [])


def test_numbers_of_tags_in_parquet_are_read_by_their_names(ingest):
    buffer = io.BytesIO()
    row = {"tokens": ROW["tokens"], "ner_tags": [NAMES.index(tag) for tag in ROW["ner_tags"]]}
    pq.write_table(pa.Table.from_pylist([row]), buffer)
    record = ingest({"a.parquet": buffer.getvalue()}, {**SOURCE, "path": "a.parquet"}).record
    assert quotes(record) == QUOTES


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ner_tags": ["O"]}, "bad_tags"),
        ({"ner_tags": ["O", "O", "O", "O", "person"]}, "bad_tags"),
        ({"ner_tags": ["O", "O", "O", "O", "B-ORG"]}, "bad_tags"),
        ({"ner_tags": [0, 0, 0, 0, 3]}, "bad_tags"),
        ({"ner_tags": [0, 0, 0, 0, -1]}, "bad_tags"),
        ({"ner_tags": [0, 0, 0, 0, True]}, "bad_tags"),
        ({"ner_tags": None}, "bad_type"),
        ({"tokens": "Ann Lee"}, "bad_type"),
        ({"tokens": ["Ann", "", "saw", "Öz", "Bo"]}, "bad_type"),
        ({"tokens": ["Ann", 5, "saw", "Öz", "Bo"]}, "bad_type"),
    ],
)
def test_a_row_whose_tags_do_not_fit_is_set_aside_and_the_others_are_kept(ingest, change, reason):
    ingested = ingest({"a.jsonl": lines(ROW, {**ROW, **change})}, SOURCE, on_error="set_aside")
    assert quotes(ingested.record) == QUOTES
    assert ingested.reasons == [reason]


def test_numbers_without_names_are_a_fault(ingest):
    ingested = ingest(
        {"a.jsonl": lines({"tokens": ["a"], "tags": [0]}, {"tokens": ["a"], "tags": ["O"]})}, on_error="set_aside"
    )
    assert ingested.reasons == ["bad_tags"]


def test_a_row_without_tokens_is_a_record_without_payload(ingest):
    ingested = ingest({"a.jsonl": lines(ROW, {"other": 1})})
    assert [record["text"] is None for record in ingested.records] == [False, True]
    assert ingested.report.metrics["sources"]["a"]["without_payload"] == 1


@pytest.mark.parametrize("beside", [{}, {"text": "a text that says the same", "tags": ["sports"]}])
def test_tokens_and_tags_by_other_names_are_read_when_they_are_mapped(ingest, beside):
    row = {"words": ROW["tokens"], "labels": [NAMES.index(tag) for tag in ROW["ner_tags"]], "doc": 7, **beside}
    columns = {"tokens": "words", "tags": "labels", "id": "doc"}
    ingested = ingest({"a.jsonl": lines(row)}, {**SOURCE, "columns": columns})
    assert (quotes(ingested.record), ingested.record["id"]) == (QUOTES, "a:7")
    metrics = ingested.report.metrics["sources"]["a"]
    assert (metrics["recognised"], metrics["columns_unused"]) == ("mapped", sorted(beside))


@pytest.mark.parametrize(
    "columns", [{"tokens": "words"}, {"tags": "labels"}, {"tokens": "w", "tags": "l", "text": "t"}]
)
def test_tokens_are_mapped_with_their_tags_and_without_a_text(columns):
    with pytest.raises(ConfigError, match="tokens and tags make a text and its spans together"):
        SourceConfig(path="a.jsonl", columns=columns)


def test_a_text_with_spans_is_never_cut(ingest):
    record = ingest({"a.jsonl": lines(ROW)}, cut={"max_words": 2}).record
    assert quotes(record) == QUOTES


def test_a_name_that_is_no_tag_is_refused():
    with pytest.raises(ConfigError, match="'person' is not in the form of a BIO tag"):
        SourceConfig(path="a.jsonl", tag_names=("O", "person"))
