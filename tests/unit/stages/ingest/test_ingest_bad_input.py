from __future__ import annotations

import gzip
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from acclimate.collect import snapshots as collecting
from acclimate.core.errors import DataError, SourceError, UserError

GOOD = '{"text": "a"}\n'
FAULTS = [
    ('{"text": "a"', "bad_json", "this is not valid JSON"),
    ('{"text": "a"} {"text": "b"}', "bad_json", "more follows after column 13"),
    ("{" * 100_000, "bad_json", "this is not valid JSON"),
    ('{"text": ' + "9" * 5000 + "}", "bad_json", "too many digits"),
    ('{"text": "a\x00"}', "bad_json", "invalid control character"),
    ('["a"]', "not_an_object", "not an object"),
    ('{"text": "a", "text": "b"}', "duplicate_key", "one key stands twice"),
    ('{"text": "a", "x": {"y": 1, "y": 2}}', "duplicate_key", "one key stands twice"),
    ('{"text": "a", "x": Infinity}', "bad_number", "Infinity is not a number"),
    ('{"text": "a", "x": 1e999}', "bad_number", "not finite"),
    ('{"text": "\\ud800"}', "bad_unicode", "surrogate"),
    (b'{"text": "\xff"}', "bad_utf8", "not valid UTF-8 (byte 11"),
    ('{"text": ["a"]}', "bad_type", "text is a list where a text is needed"),
    ('{"text": {"a": 1}}', "bad_type", "text is an object"),
    ('{"text": "a", "on": "1 March"}', "bad_date", "not an ISO date"),
    ('{"text": "' + "a" * 3000 + '"}', "too_long", "longer than 2048 bytes"),
    ('{"text": "a", "w": "much"}', "bad_number", "weight is not a number"),
    ('{"text": "a", "w": -1}', "bad_number", "from 0 up"),
    ('{"text": "a", "s": "holdout"}', "bad_split", "split is none of"),
]
SOURCE = {"path": "a.jsonl", "columns": {"text": "text", "collected_at": "on", "weight": "w", "split": "s"}}
ALL_COLUMNS = '{"text": "a", "on": "2024-03-01", "w": 1, "s": "train"}\n'


def with_line(line: str | bytes) -> bytes:
    return ALL_COLUMNS.encode() + (line.encode() if isinstance(line, str) else line) + b"\n" + GOOD.encode()


@pytest.mark.parametrize(("line", "reason", "says"), FAULTS)
def test_a_damaged_line_stops_the_run_with_its_file_and_line(ingest, line, reason, says):
    with pytest.raises(SourceError) as error:
        ingest({"a.jsonl": with_line(line)}, SOURCE, max_record_bytes=2048 if reason == "too_long" else 200_000)
    assert error.value.message.startswith("a.jsonl, line 2: ")
    assert says in error.value.message
    assert "set_aside" in error.value.hint


@pytest.mark.parametrize(("line", "reason", "says"), FAULTS)
def test_a_damaged_line_is_set_aside_alone_when_asked(ingest, line, reason, says):
    limit = 2048 if reason == "too_long" else 200_000
    ingested = ingest({"a.jsonl": with_line(line)}, SOURCE, on_error="set_aside", max_record_bytes=limit)
    assert ingested.columns("text", "locator") == [("a", "a.jsonl:1"), ("a", "a.jsonl:3")]
    assert ingested.reasons == [reason]
    assert (ingested.dropped[0]["locator"], ingested.report.counts.inputs) == ("a.jsonl:2", 3)


def test_a_row_set_aside_keeps_its_text_in_the_restricted_zone(ingest):
    ingested = ingest({"a.jsonl": GOOD + '{"text": "broken'}, on_error="set_aside")
    assert json.loads(ingested.dropped[0]["extra"]) == {"raw": '{"text": "broken'}


def test_a_file_of_damaged_rows_alone_does_not_stop_the_others_when_asked(ingest):
    files = {"n/a.jsonl": "broken\n", "n/b.jsonl": GOOD}
    ingested = ingest(files, {"path": "n"}, on_error="set_aside")
    assert (ingested.columns("text"), ingested.reasons) == ([("a",)], ["bad_json"])


@pytest.mark.parametrize(("line", "reason", "says"), FAULTS)
def test_no_message_holds_record_text(ingest, line, reason, says):
    secret = "Ann Lee"
    told = (line.encode() if isinstance(line, str) else line).replace(b'"a', f'"{secret} a'.encode())
    with pytest.raises(SourceError) as error:
        ingest({"a.jsonl": with_line(told)}, SOURCE, max_record_bytes=2048 if reason == "too_long" else 200_000)
    assert secret not in str(error.value)


@pytest.mark.parametrize(
    "turns",
    [
        [],
        "hello",
        "not json",
        '[{"role": "user", "content": "\\ud800"}]',
        ["hello"],
        [{"role": "narrator", "content": "x"}],
        [{"content": "x"}],
        [{"role": "user", "content": 5}],
        [{"role": "user", "content": [{"type": "image_url"}]}],
        [{"role": "assistant", "content": "x", "weight": 0.5}],
        [{"from": "function_call", "value": "dose()"}],
    ],
)
def test_a_conversation_that_is_none_is_a_damaged_row(ingest, turns):
    good = json.dumps({"messages": [{"role": "user", "content": "x"}]})
    ingested = ingest({"a.jsonl": good + "\n" + json.dumps({"messages": turns}) + "\n"}, on_error="set_aside")
    assert ingested.reasons == ["bad_messages"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [("a,b,c", "wrong_columns"), ("a", "wrong_columns"), ('"a"x,b', "bad_csv"), ('"a,b', "bad_csv")],
)
def test_a_damaged_csv_row_is_named_and_can_be_set_aside(ingest, row, reason):
    table = f"text,x\na,b\n{row}\n"
    with pytest.raises(SourceError, match=r"a.csv, line 3: "):
        ingest({"a.csv": table})
    ingested = ingest({"a.csv": table}, on_error="set_aside")
    assert (ingested.reasons, len(ingested.records)) == ([reason], 1)


def test_a_csv_row_that_is_not_utf8_costs_only_itself(ingest):
    ingested = ingest({"a.csv": b"text\nna\xefve\nna\xc3\xafve\n"}, on_error="set_aside")
    assert (ingested.columns("text"), ingested.reasons) == ([("naïve",)], ["bad_utf8"])


def test_a_csv_line_without_end_is_too_long_and_not_kept_in_memory(ingest):
    ingested = ingest({"a.csv": "text\n" + "x" * 5000 + "\nb\n"}, on_error="set_aside", max_record_bytes=1024)
    assert (ingested.columns("text"), ingested.reasons) == ([("b",)], ["too_long"])


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"a.csv": "text,text\na,b\n"}, "a.csv: there are 2 columns called 'text'"),
        ({"a.csv": "text,x\n"}, "a.csv holds no records"),
        ({"a.csv": "\n\n"}, "a.csv holds no line, not even a header"),
        ({"a.csv": b"t\xffxt\na\n"}, "a.csv, line 1: the header cannot be read (it is not in UTF-8)"),
        ({"a.csv": '"text\na\n'}, "the header cannot be read"),
        ({"a.csv": "text\n\ta".encode("utf-16")}, "a.csv is not in UTF-8: it begins like UTF-16"),
        ({"a.jsonl": GOOD.encode("utf-16-le")}, "a.jsonl is not in UTF-8"),
        ({"a.txt": "a".encode("utf-32")}, "a.txt is not in UTF-8"),
        ({"a.jsonl": "\n \n"}, "a.jsonl holds no records"),
        ({"a.jsonl": "[]"}, "a.jsonl holds no records"),
        ({"a.jsonl": '[\n{"text": "a"},\n{"text": \n]'}, "a.jsonl, line 4: this is not valid JSON"),
        ({"a.jsonl": '[{"text": "a"} {"text": "b"}]'}, "a.jsonl, line 1: this is not valid JSON (expecting ','"),
        ({"a.jsonl": '[{"text": "a"}'}, "a.jsonl, line 1: this is not valid JSON"),
        ({"a.jsonl": '[{"text": "a", "text": "b"}]'}, "a.jsonl, row 1: one key stands twice"),
        ({"a.jsonl.gz": gzip.compress(GOOD.encode() * 500)[:-9]}, "a.jsonl.gz is not a whole gzip file"),
        ({"a.parquet": b"PAR1 but not really"}, "a.parquet is not a whole Parquet file"),
        ({"a.jsonl": "{not json}\n"}, "a.jsonl, line 1: this is not valid JSON"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence(ingest, files, says):
    with pytest.raises(SourceError) as error:
        ingest(files)
    assert says in error.value.message
    assert error.value.hint


def test_parquet_with_two_columns_of_one_name_is_refused(ingest):
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["text", "text"]), buffer)
    with pytest.raises(SourceError, match="2 columns called 'text'"):
        ingest({"a.parquet": buffer.getvalue()})


def test_a_parquet_cell_that_is_not_utf8_costs_only_its_row(ingest):
    raw = pa.array([b"ok", b"\xff"]).cast(pa.binary())
    text = pa.Array.from_buffers(pa.string(), 2, raw.buffers())
    buffer = io.BytesIO()
    pq.write_table(pa.table({"text": text}), buffer)
    ingested = ingest({"a.parquet": buffer.getvalue()}, on_error="set_aside")
    assert (ingested.columns("text"), ingested.reasons) == ([("ok",)], ["bad_utf8"])


@pytest.mark.parametrize("set_aside", ["fail", "set_aside"])
def test_two_records_with_one_id_are_named_with_both_places(ingest, set_aside):
    files = {"n/a.jsonl": '{"text": "a", "id": 1}\n', "n/b.jsonl": '\n{"text": "b", "id": "1"}\n'}
    with pytest.raises(DataError, match=r"Two records have the id 'n:1': a.jsonl:1 and b.jsonl:2"):
        ingest(files, {"path": "n"}, on_error=set_aside)


@pytest.mark.parametrize(("value", "reason"), [("null", "missing_id"), ('""', "missing_id"), ("[1]", "bad_type")])
def test_a_mapped_id_that_is_missing_is_a_damaged_row(ingest, value, reason):
    rows = f'{{"text": "a", "id": 1}}\n{{"text": "b", "id": {value}}}\n'
    assert ingest({"a.jsonl": rows}, on_error="set_aside").reasons == [reason]


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.csv", "a.txt"])
def test_a_damaged_copy_is_never_used_silently(ingest, name):
    def spoil(folder, snapshots):
        [copy] = (snapshots / "files").iterdir()
        content = gzip.decompress(copy.read_bytes()) if name.endswith(".gz") else copy.read_bytes()
        changed = content.replace(b"good", b"evil")
        copy.write_bytes(gzip.compress(changed) if name.endswith(".gz") else changed)

    content = "text\ngood\n" if name == "a.csv" else '{"text": "good"}\n'
    with pytest.raises(SourceError, match=f"The collected copy of {name} is damaged"):
        ingest({name: content}, between=spoil)


def test_a_referenced_file_that_changed_since_is_named(ingest):
    big = '{"text": "%s"}\n' % ("x" * (collecting.LARGEST_COPY + 1))

    def change(folder, snapshots):
        (folder / "a.jsonl").write_text(GOOD)

    with pytest.raises(SourceError, match=r"a.jsonl changed while it was used"):
        ingest({"a.jsonl": big}, between=change, max_record_bytes=2**27)


def test_a_referenced_file_that_is_gone_is_named(ingest):
    big = '{"text": "%s"}\n' % ("x" * (collecting.LARGEST_COPY + 1))
    with pytest.raises(SourceError, match=r"a.jsonl can no longer be read"):
        ingest({"a.jsonl": big}, between=lambda folder, snapshots: (folder / "a.jsonl").unlink())


def test_a_bad_setting_is_refused_before_anything_is_read(ingest):
    with pytest.raises(UserError, match="Two sources are called 'a'"):
        ingest({"a.jsonl": GOOD}, {"path": "a.jsonl"}, {"path": "a.jsonl"})
