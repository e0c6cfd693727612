from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from acclimate.core.errors import ConfigError

CALL = [{"id": "c1", "type": "function", "function": {"name": "dose", "arguments": '{"mg": 5}'}}]


def lines(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def turn(role: str, content: str) -> dict[str, object]:
    return {"role": role, "speaker": None, "content": content, "train": role == "assistant", "tool_calls": None}


MESSAGES = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
SHAREGPT = [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]
TURNS = {"messages": [turn("user", "q"), turn("assistant", "a")]}


def parquet(table: dict[str, object]) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(table), buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("row", "recognised", "payload"),
    [
        ({"text": "a"}, "text", {"text": "a"}),
        ({"prompt": "a", "completion": "b"}, "prompt/completion", {"prompt": "a", "completion": "b"}),
        ({"instruction": "a", "input": "", "output": "b"}, "alpaca", {"prompt": "a", "completion": "b"}),
        ({"instruction": "a", "input": "x", "output": "b"}, "alpaca", {"prompt": "a\n\nx", "completion": "b"}),
        ({"instruction": "a", "output": "b", "text": "ab"}, "alpaca", {"prompt": "a", "completion": "b"}),
        ({"text": "a", "label": 1}, "text/label", {"text": "a", "label": "1"}),
        ({"prompt": "p", "chosen": "a", "rejected": "b"}, "preference", {"prompt": "p", "chosen": "a"}),
        ({"messages": MESSAGES}, "messages", TURNS),
        ({"conversations": SHAREGPT}, "sharegpt", TURNS),
    ],
)
def test_dataset_formats_are_recognised_and_said(ingest, row, recognised, payload):
    ingested = ingest({"a.jsonl": lines(row)})
    assert ingested.record.items() >= payload.items()
    assert ingested.report.metrics["sources"]["a"]["recognised"] == recognised


@pytest.mark.parametrize(
    "weights",
    [
        {"x": 0.75, "y": 0.25},
        [{"label": "x", "weight": 0.75}, {"label": "y", "weight": 0.25}],
        '{"x": 0.75, "y": 0.25}',
    ],
    ids=["object", "list", "JSON in a cell"],
)
def test_weights_of_labels_are_read_in_each_form(ingest, weights):
    record = ingest({"a.jsonl": lines({"text": "a", "label": "x", "label_weights": weights})}).record
    assert record["label_weights"] == [{"label": "x", "weight": 0.75}, {"label": "y", "weight": 0.25}]


@pytest.mark.parametrize("weights", [{"x": -1}, {"x": "much"}, {"x": True}, [1, 2], "no JSON", 3, [{"weight": 1}]])
def test_a_row_whose_weights_are_none_is_set_aside(ingest, weights):
    rows = [{"text": "a", "label": "x", "label_weights": weights}, {"text": "b", "label": "y"}]
    assert ingest({"a.jsonl": lines(*rows)}, on_error="set_aside").reasons == ["bad_label_weights"]


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]},
        {"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]},
        {"messages": '[{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]'},
        {
            "prompt": [{"role": "user", "content": "q"}],
            "completion": [{"role": "assistant", "content": [{"type": "text", "text": "a"}]}],
        },
    ],
)
def test_conversations_of_every_form_become_the_same_messages(ingest, row):
    said = [(one["role"], one["content"], one["train"]) for one in ingest({"a.jsonl": lines(row)}).record["messages"]]
    assert said == [("user", "q", False), ("assistant", "a", True)]


@pytest.mark.parametrize(
    ("turn", "train"),
    [
        ({"role": "assistant", "train": False}, False),
        ({"role": "assistant", "weight": 0}, False),
        ({"role": "assistant", "weight": 1}, True),
        ({"role": "user", "train": True}, True),
        ({"role": "tool"}, False),
    ],
)
def test_an_explicit_train_flag_is_respected(ingest, turn, train):
    [message] = ingest({"a.jsonl": lines({"messages": [{**turn, "content": "x"}]})}).record["messages"]
    assert message["train"] is train


def test_tool_calls_are_kept_as_json_and_what_has_no_place_goes_to_extra(ingest):
    turns = [
        {"role": "assistant", "content": None, "tool_calls": CALL},
        {"role": "tool", "tool_call_id": "c1", "name": "dose", "content": "ok"},
    ]
    record = ingest({"a.jsonl": lines({"messages": turns, "tools": ["dose"]})}).record
    called, answered = record["messages"]
    assert (called["content"], json.loads(called["tool_calls"]), answered["speaker"]) == ("", CALL, "dose")
    assert json.loads(record["extra"]) == {"messages": [{}, {"tool_call_id": "c1"}], "tools": ["dose"]}


def test_sharegpt_with_system_and_function_call_loses_nothing(ingest):
    call = {"name": "dose", "arguments": {"mg": 5}}
    turns = [{"from": "function_call", "value": json.dumps(call)}, {"from": "observation", "value": "ok"}]
    system, called, observed = ingest({"a.jsonl": lines({"system": "be brief", "conversations": turns})}).record[
        "messages"
    ]
    assert (system["role"], system["content"]) == ("system", "be brief")
    assert json.loads(called["tool_calls"]) == [{"type": "function", "function": call}]
    assert (observed["role"], observed["train"]) == ("tool", False)


def test_everything_a_source_declares_stands_on_its_records(ingest):
    row = {
        "note": "n",
        "pid": 7,
        "sex": "f",
        "age": 61,
        "who": ["Ann Lee", "A. Lee"],
        "on": "2024-03-01",
        "x": {"y": 1},
    }
    record = ingest(
        {"a.jsonl": lines(row)},
        {
            "path": "a.jsonl",
            "site": "north",
            "licence": "CC-BY-4.0",
            "columns": {"text": "note", "subject_id": "pid", "collected_at": "on"},
            "attributes": {"sex": "sex", "age_band": "age"},
            "identifiers": {"name": "who"},
        },
    ).record
    assert (record["source"], record["site"], record["licence"], record["subject_id"]) == (
        "north",
        "north",
        "CC-BY-4.0",
        "7",
    )
    assert record["attributes"] == [{"name": "sex", "value": "f"}, {"name": "age_band", "value": "61"}]
    assert [one["value"] for one in record["identifiers"]] == ["Ann Lee", "A. Lee"]
    assert record["collected_at"] == datetime(2024, 3, 1, tzinfo=UTC)
    assert (record["locator"], json.loads(record["extra"])) == ("a.jsonl:1", {"x": {"y": 1}})


@pytest.mark.parametrize(
    ("written", "hour"),
    [("2024-03-01T10:00:00Z", 10), ("2024-03-01T10:00+02:00", 8), ("2024-03-01 10:00", 10), ("2024-03-01", 0)],
)
def test_times_are_brought_to_utc(ingest, written, hour):
    record = ingest({"a.jsonl": lines({"text": "a", "collected_at": written})}).record
    assert record["collected_at"] == datetime(2024, 3, 1, hour, tzinfo=UTC)


def test_a_test_file_of_ones_own_goes_to_the_test_split(ingest):
    sources = ({"path": "a.jsonl"}, {"path": "frozen.jsonl", "role": "test"})
    ingested = ingest({"a.jsonl": lines({"text": "a"}), "frozen.jsonl": lines({"text": "b"})}, *sources)
    assert ingested.columns("source", "split") == [("a", None), ("frozen", "test")]


def test_a_mapped_split_column_is_read_in_its_usual_spellings(ingest):
    rows = lines({"text": "a", "s": "train"}, {"text": "b", "s": "dev"}, {"text": "c", "s": "test"})
    ingested = ingest({"a.jsonl": rows}, {"path": "a.jsonl", "columns": {"text": "text", "split": "s"}})
    assert ingested.columns("split") == [("train",), ("validation",), ("test",)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_is_read_with_its_delimiter_quotes_line_breaks_and_byte_order_mark(ingest, delimiter):
    table = delimiter.join(["prompt", "completion"]) + "\r\n" + delimiter.join(['"a\nb ""c"""', "d"]) + "\r\n"
    record = ingest({"a.csv": b"\xef\xbb\xbf" + table.encode()}).record
    assert (record["prompt"], record["completion"], record["locator"]) == ('a\nb "c"', "d", "a.csv:2")


def test_what_was_guessed_of_tables_and_texts_is_said(ingest):
    files = {"n/a.csv": "text,n\na,1\n", "n/b.csv": b"\xef\xbb\xbftext;n\nb;2\n", "n/c.csv": "text\tn\nc\t3\n"}
    ingested = ingest(files, {"path": "n"})
    assert ingested.report.metrics["sources"]["n"]["guessed"] == {
        "charset": {"UTF-8": 2, "UTF-8 with a byte order mark": 1},
        "delimiter": {"comma": 1, "semicolon": 1, "tab": 1},
    }
    assert "differ in what separates their cells: 1 with comma, 1 with semicolon" in ingested.report.warnings[0]
    plain = ingest({"a.txt": "a"}).report.metrics["sources"]["a"]["guessed"]
    assert plain == {"charset": {"UTF-8": 1}}


def test_csv_locators_are_the_lines_where_rows_begin(ingest):
    ingested = ingest({"a.csv": 'text\n"one\ntwo"\n\nthree\n'})
    assert ingested.columns("text", "locator") == [("one\ntwo", "a.csv:2"), ("three", "a.csv:5")]


def test_a_csv_cell_longer_than_the_csv_modules_own_limit_is_read(ingest):
    assert len(ingest({"a.csv": "text\n" + "x" * 300_000 + "\n"}).record["text"]) == 300_000


def test_a_blank_header_cell_gets_a_name(ingest):
    record = ingest({"a.csv": ",text\n0,a\n"}).record
    assert (record["text"], json.loads(record["extra"])) == ("a", {"column_1": "0"})


def test_parquet_values_of_every_kind_arrive(ingest):
    table = {
        "text": ["a"],
        "when": pa.array([1_709_251_200_000_000_000], pa.timestamp("ns")),
        "price": [Decimal("1.50")],
        "missing": [float("nan")],
        "raw": [b"\x00\x01"],
    }
    source = {"path": "a.parquet", "columns": {"text": "text", "collected_at": "when"}}
    record = ingest({"a.parquet": parquet(table)}, source).record
    assert (record["locator"], record["collected_at"]) == ("a.parquet:1", datetime(2024, 3, 1, tzinfo=UTC))
    assert json.loads(record["extra"]) == {"price": "1.50", "raw": "AAE="}


def test_conversations_in_parquet_are_read(ingest):
    turns = [{"role": "user", "content": "q", "name": None}, {"role": "assistant", "content": "a", "name": None}]
    messages = ingest({"a.parquet": parquet({"messages": [turns]})}).record["messages"]
    assert [one["content"] for one in messages] == ["q", "a"]


def test_a_text_folder_gives_one_record_a_file(ingest):
    files = {"notes/b.txt": "two", "notes/deep/a.txt.gz": "one\r\n", "notes/c.txt": ""}
    ingested = ingest(files, {"path": "notes", "columns": {"id": "file", "text": "text"}})
    assert ingested.columns("id", "text", "extra") == [
        ("notes:b.txt", "two", None),
        ("notes:c.txt", "", None),
        ("notes:deep/a.txt.gz", "one\r\n", None),
    ]
    assert ingested.report.metrics["sources"]["notes"]["without_payload"] == 1


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.json"])
@pytest.mark.parametrize("style", ["lines", "array", "indented array"])
def test_json_comes_in_lines_or_as_one_array(ingest, name, style):
    rows = [{"text": "a"}, {"text": "b\n"}]
    written = {"lines": lines(*rows), "array": json.dumps(rows), "indented array": "\n" + json.dumps(rows, indent=2)}
    assert ingest({name: written[style]}).columns("text") == [("a",), ("b\n",)]


def test_blank_lines_carriage_returns_and_a_missing_last_newline_do_not_count(ingest):
    ingested = ingest({"a.jsonl": '\ufeff{"text": "a"}\r\n\r\n   \n{"text": "b"}'})
    assert ingested.columns("text", "locator") == [("a", "a.jsonl:1"), ("b", "a.jsonl:4")]


def test_nan_is_a_missing_value(ingest):
    record = ingest({"a.jsonl": '{"text": "a", "subject_id": NaN, "x": NaN}\n'}).record
    assert (record["subject_id"], record["extra"]) == (None, None)


def test_unused_columns_are_dropped_with_a_note_when_asked(ingest):
    ingested = ingest({"a.jsonl": lines({"text": "a", "x": 1})}, extra="drop")
    assert ingested.record["extra"] is None
    assert ingested.report.warnings == ("source a: dropped the unused columns x (ingest.extra: drop)",)


def test_a_subject_column_that_is_not_mapped_is_warned_of(ingest):
    source = {"path": "a.jsonl", "columns": {"text": "text"}}
    ingested = ingest({"a.jsonl": lines({"text": "a", "subject_id": "s"})}, source)
    assert ingested.report.warnings == ("source a: the column subject_id is not mapped and plays no part",)


def test_a_limit_takes_the_first_rows_of_each_source(ingest):
    rows = lines(*({"text": str(number)} for number in range(5)))
    ingested = ingest({"a.jsonl": rows, "b.jsonl": rows}, limit=2)
    assert ingested.columns("source", "text") == [("a", "0"), ("a", "1"), ("b", "0"), ("b", "1")]


def test_columns_that_nothing_uses_are_listed_up_to_a_hundred_and_then_counted(ingest):
    rows = [{"text": "a", **{f"c{number:05}-{place}": 1 for place in range(50)}} for number in range(500)]
    there, back = (ingest({"a.jsonl": lines(*some)}, extra="drop") for some in (rows, rows[::-1]))
    metrics = there.report.metrics["sources"]["a"]
    assert metrics["columns_unused"] == sorted(f"c{number:05}-{place}" for number in (0, 1) for place in range(50))
    assert metrics["further_columns_unused"] == 10_000 - 100
    assert metrics == back.report.metrics["sources"]["a"]
    assert all(len(said) < 500 for said in there.report.warnings)


def test_a_source_is_described_in_the_report(ingest):
    ingested = ingest({"n/a.jsonl": lines({"text": "a", "x": 1}), "n/b.jsonl": lines({"text": "b"})}, {"path": "n"})
    assert ingested.report.metrics["sources"]["n"] == {
        "format": "jsonl",
        "guessed": {"charset": {"UTF-8": 2}},
        "recognised": "text",
        "columns": {"text": "text"},
        "columns_unused": ["x"],
        "further_columns_unused": 0,
        "files": 2,
        "rows": 2,
        "further_elements": 0,
        "records": 2,
        "set_aside": 0,
        "refused": 0,
        "not_landed": 0,
        "without_payload": 0,
        "cut": {"documents": 0, "pieces": 0},
        "terms": {"licences": {"not stated": 2}, "consent": None, "purpose": []},
        "left_out": {},
    }


@pytest.mark.parametrize(
    ("columns", "row", "says", "hint"),
    [
        ({}, {"dialog": "a", "note": "b"}, "could not be recognised: dialog, note", "say it"),
        (
            {},
            {"text": "a", "messages": []},
            "fit several dataset formats: messages (messages); text (text)",
            "say which",
        ),
        ({"text": "txet"}, {"text": "a"}, "columns.text: the source 'a' has no column 'txet'; it has text", "text?"),
        ({"text": "text", "id": "noteid"}, {"text": "a", "note_id": 1}, "no column 'noteid'", "did you mean note_id?"),
    ],
)
def test_columns_that_cannot_be_understood_are_named(ingest, columns, row, says, hint):
    with pytest.raises(ConfigError) as error:
        ingest({"a.jsonl": lines(row)}, {"path": "a.jsonl", "columns": columns})
    assert says in error.value.message
    assert hint in error.value.hint


@pytest.mark.parametrize("group", ["attributes", "identifiers"])
def test_a_declared_column_that_does_not_exist_is_named(ingest, group):
    with pytest.raises(ConfigError, match=rf"{group}.sex: the source 'a' has no column 'gender'"):
        ingest({"a.csv": "text,sex\na,f\n"}, {"path": "a.csv", group: {"sex": "gender"}})


def test_every_table_of_a_source_needs_the_columns(ingest):
    files = {"n/a.csv": "text,pid\na,1\n", "n/b.csv": "text,patient\nb,2\n"}
    source = {"path": "n/*.csv", "columns": {"text": "text", "subject_id": "pid"}}
    with pytest.raises(ConfigError, match=r"b.csv: the source 'n' has no column 'pid'; it has text, patient"):
        ingest(files, source)


def test_a_json_record_may_leave_out_a_column_that_others_have(ingest):
    rows = lines({"text": "a"}, {"text": "b", "pid": "1"})
    source = {"path": "a.jsonl", "columns": {"text": "text", "subject_id": "pid"}}
    assert ingest({"a.jsonl": rows}, source).columns("subject_id") == [(None,), ("1",)]


def test_a_table_without_header_does_not_spill_its_first_record(ingest):
    secret = "Mrs Ann Lee of 7 Elm Street came with a cough and fever"
    with pytest.raises(ConfigError) as error:
        ingest({"a.csv": f"{secret},x\nb,c\n"})
    assert secret not in str(error.value)
