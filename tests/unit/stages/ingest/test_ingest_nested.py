"""Lists of what should be records, fields inside objects, texts made of several columns."""

from __future__ import annotations

import io
import json
import time
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.stages.ingest.test_ingest_properties import quick

from acclimate.core.erased import ErasedSubject, add_erased
from acclimate.core.errors import ConfigError, SourceError
from acclimate.core.sources import SourceConfig
from acclimate.core.surrogates import subject_hash

REPORT = {
    "table": {"uid": "t1", "cells": [["", "2019", "2018"], ["Sensors", 914, 918]]},
    "paragraphs": [{"uid": 1, "text": "Sales by segment."}, {"uid": 2, "text": "In millions."}],
    "questions": [
        {"uid": "q1", "question": "Which years?", "answer": ["2019", "2018"]},
        {"uid": "q2", "question": "What changed?", "answer": -4},
    ],
}
SOURCE = {
    "path": "a.jsonl",
    "each": "questions",
    "texts": {"prompt": ["table.cells", "paragraphs.text", "questions.question"], "completion": "questions.answer"},
    "columns": {"subject_id": "table.uid", "id": "questions.uid"},
}
CONTEXT = "| 2019 | 2018\nSensors | 914 | 918\n\nSales by segment.\nIn millions."
BARE = {"path": "a.jsonl", "each": "items", "columns": {"text": "items.text"}}


def lines(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_each_element_of_a_list_is_a_record_with_what_stands_beside_the_list(ingest):
    ingested = ingest({"a.jsonl": lines(REPORT)}, SOURCE)
    assert ingested.columns("id", "prompt", "completion", "subject_id", "locator") == [
        ("a:q1", f"{CONTEXT}\n\nWhich years?", "2019\n2018", "t1", "a.jsonl:1/1"),
        ("a:q2", f"{CONTEXT}\n\nWhat changed?", "-4", "t1", "a.jsonl:1/2"),
    ]
    counts = ingested.report.counts
    assert (counts.inputs, counts.created, counts.kept) == (1, 1, 2)


def test_what_no_setting_names_goes_to_extra_and_nothing_is_there_twice(ingest):
    extra = json.loads(ingest({"a.jsonl": lines(REPORT)}, SOURCE).records[0]["extra"])
    assert extra == {"paragraphs": [{"uid": 1}, {"uid": 2}]}


def test_lists_in_parquet_and_in_json_cells_of_csv_give_the_same_records(ingest):
    rows = [{"site": "n", "items": [{"text": "a"}, {"text": "b"}]}]
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), buffer)
    files = {
        "a.jsonl": lines(*rows),
        "a.parquet": buffer.getvalue(),
        "a.csv": 'site,items\nn,"[{""text"": ""a""}, {""text"": ""b""}]"\n',
    }
    for name, content in files.items():
        ingested = ingest({name: content}, {**BARE, "path": name, "columns": {"text": "items.text", "site": "site"}})
        assert ingested.columns("text", "site") == [("a", "n"), ("b", "n")]


@pytest.mark.parametrize(
    ("row", "reason", "says"),
    [
        ({"items": "a"}, "no_list", "line 2: items, which each: names, is a text and not a list"),
        ({"items": {"text": "a"}}, "no_list", "line 2: items, which each: names, is not there or not a list"),
        ({"other": 1}, "no_list", "line 2: items, which each: names, is not there"),
        ({"items": []}, "empty_list", "line 2: items, which each: names, is an empty list"),
        ({"items": ["a"]}, "not_an_object", "line 2, element 1: it is no object"),
        ({"items": [None]}, "not_an_object", "line 2, element 1: it is no object"),
        ({"items": [{"text": ["a"]}]}, "bad_type", "line 2, element 1: text is a list"),
        ({"items": [{"text": "a"}], "items.text": "b"}, "duplicate_key", "line 2, element 1: two of its columns"),
        ({"beside": "x" * 3000, "items": [{}] * 2000}, "bomb", "line 2: its 2000 elements"),
    ],
)
def test_a_row_that_is_no_list_of_objects_is_named_and_can_be_set_aside(ingest, row, reason, says):
    files = {"a.jsonl": lines({"items": [{"text": "a"}]}, row)}
    with pytest.raises(SourceError, match=f"a.jsonl, {says}"):
        ingest(files, BARE)
    ingested = ingest(files, BARE, on_error="set_aside")
    assert (ingested.columns("text"), ingested.reasons) == ([("a",)], [reason])


def test_a_damaged_element_costs_only_itself(ingest):
    rows = lines({"items": [{"text": "a"}, 5, {"text": {}}, {"text": "d"}]}, {"items": [{"text": "e"}]})
    ingested = ingest({"a.jsonl": rows}, BARE, on_error="set_aside")
    assert ingested.columns("text", "locator") == [("a", "a.jsonl:1/1"), ("d", "a.jsonl:1/4"), ("e", "a.jsonl:2/1")]
    assert [row["locator"] for row in ingested.dropped] == ["a.jsonl:1/2", "a.jsonl:1/3"]
    assert (ingested.report.counts.inputs, ingested.report.counts.created) == (2, 3)
    assert "2 of 5 rows were set aside" in " ".join(ingested.report.warnings)


def test_the_limit_counts_rows_and_takes_all_their_elements(ingest):
    rows = lines(*[{"items": [{"text": "a"}, {"text": "b"}]}] * 3)
    assert len(ingest({"a.jsonl": rows}, BARE, limit=2).records) == 4


elements = st.lists(st.fixed_dictionaries({"text": st.text(max_size=3)}), min_size=1, max_size=3)


@quick
@given(lists=st.lists(elements, min_size=1, max_size=5), data=st.data())
def test_ids_do_not_depend_on_the_order_of_rows_or_elements(ingest, lists, data):
    other = [data.draw(st.permutations(one)) for one in data.draw(st.permutations(lists))]
    first, second = (ingest({"a.jsonl": lines(*({"items": one} for one in some))}, BARE) for some in (lists, other))
    assert sorted(first.columns("id", "text")) == sorted(second.columns("id", "text"))
    assert len(set(first.columns("id"))) == sum(map(len, lists)) == first.report.counts.kept


def test_the_elements_of_an_erased_person_are_refused_without_content(ingest, tmp_path):
    key = bytes(32)
    add_erased(tmp_path, ErasedSubject(subject_hash(key, "t1"), "surrogates", "f"))
    other = {**REPORT, "table": {"uid": "t2"}, "questions": [{"uid": "q3", "question": "Why?", "answer": "a"}]}
    ingested = ingest({"a.jsonl": lines(REPORT, other)}, SOURCE, erased=tmp_path, secrets={"surrogates": key})
    assert (ingested.columns("id"), ingested.reasons) == ([("a:q3",)], ["erased_subject"] * 2)
    assert "Sensors" not in json.dumps(ingested.dropped, default=str)


def test_a_damaged_element_is_kept_with_its_row_in_the_restricted_zone(ingest):
    rows = lines({"items": [{"text": "a", "on": "1 March"}]})
    source = {**BARE, "columns": {"text": "items.text", "collected_at": "items.on"}}
    ingested = ingest({"a.jsonl": rows}, source, on_error="set_aside")
    assert json.loads(json.loads(ingested.dropped[0]["extra"])["raw"]) == {"items.on": "1 March", "items.text": "a"}


def test_a_field_inside_an_object_is_a_column_by_its_path(ingest):
    rows = lines({"note": "a", "patient": {"id": 7, "name": {"family": "Lee", "given": "Ann"}}})
    source = {
        "path": "a.jsonl",
        "columns": {"text": "note", "subject_id": "patient.id"},
        "identifiers": {"name": "patient.name.family"},
    }
    record = ingest({"a.jsonl": rows}, source).record
    assert (record["subject_id"], record["identifiers"]) == ("7", [{"name": "name", "value": "Lee"}])
    assert json.loads(record["extra"]) == {"patient.name.given": "Ann"}


def test_a_column_whose_own_name_has_a_dot_is_meant_before_a_path(ingest):
    rows = lines({"a.b": "x", "c": {"d": 1}})
    assert ingest({"a.jsonl": rows}, {"path": "a.jsonl", "columns": {"text": "a.b"}}).record["text"] == "x"
    table = {"a.csv": "a.b,c\nx,y\n"}
    assert ingest(table, {"path": "a.csv", "columns": {"text": "a.b"}}).record["text"] == "x"


def test_conversations_stay_whole_beside_a_path(ingest):
    turns = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]
    record = ingest(
        {"a.jsonl": lines({"messages": turns, "patient": {"id": 1}})},
        {"path": "a.jsonl", "columns": {"subject_id": "patient.id"}},
    ).record
    assert ([turn["content"] for turn in record["messages"]], record["subject_id"]) == (["x", "y"], "1")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"columns": {"id": "questions.uuid"}}, "columns.id: the source 'a' has no column 'questions.uuid'"),
        ({"texts": {"prompt": "paragraphs.txt", "completion": "questions.answer"}}, "texts.prompt: the source 'a' has"),
        ({"each": "question"}, "a.jsonl, line 1: question, which each: names, is not there"),
    ],
)
def test_a_name_that_is_not_there_is_told(ingest, change, says):
    with pytest.raises((ConfigError, SourceError), match=says):
        ingest({"a.jsonl": lines(REPORT)}, {**SOURCE, **change})


@pytest.mark.parametrize(
    ("value", "says"),
    [({"a": 1}, "context is an object"), ([{"a": 1}], "context is a list of objects"), ([[["a"]]], "lists in lists")],
)
def test_a_value_without_a_form_as_text_is_a_damaged_row(ingest, value, says):
    source = {"path": "a.jsonl", "texts": {"text": ["context", "note"]}}
    files = {"a.jsonl": lines({"context": "c", "note": "n"}, {"context": value, "note": "n"})}
    with pytest.raises(SourceError, match=says):
        ingest(files, source)
    ingested = ingest(files, source, on_error="set_aside")
    assert (ingested.columns("text"), ingested.reasons) == ([("c\n\nn",)], ["bad_type"])


def test_texts_join_the_parts_of_a_document_too(ingest):
    table = {"a.csv": "title,body\nOne,first\n,second\n,\n"}
    ingested = ingest(table, {"path": "a.csv", "texts": {"text": ["title", "body"]}})
    assert ingested.columns("text") == [("One\n\nfirst",), ("second",), (None,)]


@pytest.mark.parametrize("texts", [{"prompt": []}, {"prompt": ["a"], "all": ["prompt", "b"]}])
def test_texts_of_nothing_or_of_each_other_are_refused(texts: dict[str, Any]):
    with pytest.raises(ConfigError, match="texts: "):
        SourceConfig.model_validate({"path": "a.jsonl", "texts": texts})


def test_a_list_of_objects_that_share_no_field_takes_no_longer_than_its_size(ingest):
    row = {"text": "a", "people": [{f"k{number}": 1, "name": str(number)} for number in range(20_000)]}
    start = time.process_time()
    record = ingest({"a.jsonl": lines(row)}, {"path": "a.jsonl", "identifiers": {"name": "people.name"}}).record
    assert len(record["identifiers"]) == 20_000
    assert time.process_time() - start < 5
