from __future__ import annotations

import csv
import gzip
import io
import json
from collections import Counter
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
json_rows = st.lists(
    st.fixed_dictionaries({"text": texts}, optional={"more": values, "naïve key": values}), min_size=1, max_size=8
)
flat_rows = st.lists(st.fixed_dictionaries({"text": texts, "more": texts}), min_size=1, max_size=8)
quick = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def written_as(kind: str, rows: list[dict[str, Any]]) -> dict[str, bytes]:
    if kind == "csv":
        buffer = io.StringIO()
        writer = csv.DictWriter(buffer, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        return {"a.csv": buffer.getvalue().encode()}
    if kind == "parquet":
        binary = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows), binary)
        return {"a.parquet": binary.getvalue()}
    return {"a.jsonl": "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()}


def read_back(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"text": record["text"], **json.loads(record["extra"] or "{}")} for record in records]


def without_missing(row: dict[str, Any]) -> dict[str, Any]:
    return {"text": row["text"], **{key: value for key, value in row.items() if value is not None}}


@quick
@given(rows=json_rows, packed=st.booleans(), ascii_only=st.booleans())
def test_any_json_records_come_back_equal(ingest, rows, packed, ascii_only):
    content = "".join(json.dumps(row, ensure_ascii=ascii_only) + "\n" for row in rows).encode()
    files = {"a.jsonl.gz": gzip.compress(content)} if packed else {"a.jsonl": content}
    assert read_back(ingest(files).records) == [without_missing(row) for row in rows]


@quick
@given(rows=json_rows)
def test_an_array_gives_the_same_records_as_lines(ingest, rows):
    as_array, as_lines = ingest({"a.json": json.dumps(rows)}), ingest({"a.json": written_as("jsonl", rows)["a.jsonl"]})
    assert as_array.columns("id", "text", "extra") == as_lines.columns("id", "text", "extra")


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
@quick
@given(rows=flat_rows, packed=st.booleans())
def test_any_table_of_texts_comes_back_equal_in_every_format(ingest, kind, rows, packed):
    files = written_as(kind, rows)
    if packed:
        files = {f"{name}.gz": gzip.compress(content) for name, content in files.items()}
    back = read_back(ingest(files, extra="keep").records)
    # CSV has no difference between an empty and a missing cell.
    expected = [{key: value or None for key, value in row.items()} for row in rows] if kind == "csv" else rows
    assert [{"text": row["text"], "more": row.get("more")} for row in back] == expected


@quick
@given(rows=json_rows, data=st.data())
def test_ids_do_not_depend_on_the_order_or_the_files_of_the_rows(ingest, rows, data):
    shuffled, cut = data.draw(st.permutations(rows)), data.draw(st.integers(1, len(rows)))
    halves = [part for part in (shuffled[:cut], shuffled[cut:]) if part]
    files = {f"n/{number}.jsonl": written_as("jsonl", part)["a.jsonl"] for number, part in enumerate(halves)}
    one = ingest({"n/all.jsonl": written_as("jsonl", rows)["a.jsonl"]}, {"path": "n"})
    several = ingest(files, {"path": "n"})
    assert sorted(one.columns("id", "text", "extra"), key=str) == sorted(
        several.columns("id", "text", "extra"), key=str
    )


@quick
@given(rows=json_rows)
def test_every_record_has_an_id_of_its_own(ingest, rows):
    ids = [record["id"] for record in ingest({"a.jsonl": written_as("jsonl", rows * 2)["a.jsonl"]}).records]
    assert len(set(ids)) == len(ids) == 2 * len(rows)


@quick
@given(lines=st.lists(st.binary(max_size=20).filter(lambda line: b"\n" not in line), max_size=8))
def test_every_line_that_is_not_blank_is_kept_or_set_aside(ingest, lines):
    content = b"\n".join([b'{"text": "first"}', *lines, b'{"text": "last"}'])
    ingested = ingest({"a.jsonl": content}, {"path": "a.jsonl", "columns": {"text": "text"}}, on_error="set_aside")
    assert ingested.report.counts.inputs == 2 + sum(bool(line.strip()) for line in lines)
    assert Counter(ingested.reasons) == ingested.report.counts.dropped


@quick
@given(content=st.binary(min_size=1, max_size=60))
def test_any_bytes_as_csv_are_accounted_for_and_never_crash(ingest, content):
    ingested = ingest({"a.csv": b"text,x\nfirst,1\n" + content}, on_error="set_aside")
    assert len(ingested.records) + len(ingested.dropped) == ingested.report.counts.inputs
    assert ingested.records[0]["text"] == "first"


@quick
@given(rows=json_rows, batch_rows=st.integers(1, 5))
def test_the_batch_size_changes_no_byte(ingest, rows, batch_rows):
    files = written_as("jsonl", rows)
    usual, other = ingest(files), ingest(files, batch_rows=batch_rows)
    assert usual.artifact.data_files[0].read_bytes() == other.artifact.data_files[0].read_bytes()
