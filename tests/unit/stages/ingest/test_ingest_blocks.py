"""Sound blocks of JSON lines are read as columns, and nothing shows it: the same records, ids, faults and report."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.stages.ingest.test_ingest_bad_input import FAULTS
from tests.unit.stages.ingest.test_ingest_properties import json_rows, quick, texts, values

from acclimate.core.errors import UserError
from acclimate.core.sources import SourceConfig
from acclimate.core.terms import Use
from acclimate.stages.ingest.block_records import BlockReading
from acclimate.stages.ingest.canonical_columns import canonical_rows
from acclimate.stages.ingest.identity import Identities
from acclimate.stages.ingest.json_lines import OPENING_LINES, SMALL_BLOCK, block_rows, rows_one_by_one
from acclimate.stages.ingest.line_blocks import LineBlock, read_blocks
from acclimate.stages.ingest.recognise import understand
from acclimate.stages.ingest.rows import Row, canonical_json
from acclimate.stages.ingest.sound_lines import Layout, read_sound_lines

LIMIT = 100_000
MAPPED = {
    "columns": {part: part for part in ("text", "subject_id", "collected_at", "site", "licence", "split", "weight")},
    "attributes": {"sex": "sex", "band": "age"},
    "identifiers": {"name": "who"},
}
ROW = {
    "id": 1,
    "text": 'a "naïve"\n\\ note 😀\x07',
    "subject_id": 17,
    "collected_at": "2024-03-01T10:00:00+02:00",
    "site": "north",
    "licence": "MIT",
    "split": "train",
    "weight": 0.5,
    "sex": "f",
    "age": 61,
    "who": "Ann Lee",
    "smokes": True,
    "dose": 2.25,
}
ODD = st.sampled_from(
    [*(line.encode() if isinstance(line, str) else line for line, *_ in FAULTS if len(line) < 6000), b"", b" ", b"null", b"{}", b"[]", b"}",
     b"{", b'{"text": "a"} null', b'{"text": "a"}{"text": "b"}', b'{"text":', b'"b"}', b'{"text": "a}{"}', b"\xef\xbb\xbf{}",
     b'{"text": "\\u0000\\ud83d\\ude00\\/"}', b'{"text": "a", "age": 61.0}', b'{"text": "a", "weight": 1}', b'{"te\\u0078t": "a"}',
     b'{"text": "a", "weight": 1e-7}', b'{"text": "a", "weight": -0.0}', b'{"text": "a", "weight": 1e22}', b'{"text": "a", "age": 1e400}',
     b'{"text": "a", "age": 9223372036854775808}', b'{"text": "a", "age": -0}', b'{"text": "a", "dose": NaN}', b'{"text": "a", "dose": 12345678901234567890}',
     b'{"text": "a", "collected_at": 20240301}', b'{"text": "a", "collected_at": "1 March"}', b'{"text": "a", "licence": "CC-BY-ND-4.0"}',
     b'{"text": "a", "x": {"y": [1, null]}}', b'{"text": "a"}\r', b'\t{"text": "a"}', b'{"text": "\x7f\xc2\x80\xe2\x80\xa8"}']
)  # fmt: skip
broken_numbers = st.floats(0, 1e9, exclude_min=True).filter(lambda number: not number.is_integer())
sound = st.fixed_dictionaries(
    {"text": texts},
    optional={
        "subject_id": st.none() | st.integers(),
        "collected_at": st.none() | st.datetimes(timezones=st.just(None) | st.timezones()).map(lambda one: one.isoformat()),
        "site": st.none() | texts,
        "licence": st.none() | texts,
        "split": st.sampled_from([None, "train", "Dev ", "test"]),
        "weight": st.none() | broken_numbers,
        "sex": st.none() | texts,
        "age": st.none() | st.integers(),
        "who": st.none() | texts,
        "smokes": st.none() | st.booleans(),
        "dose": st.none() | broken_numbers,
    },
)  # fmt: skip
strange = st.fixed_dictionaries({"text": texts | values}, optional={"age": values, "dose": values, "new": values})


turns = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant", "System", "gpt"]), "content": texts | st.just("{}")},
        optional={"name": texts},
    ),
    min_size=1,
    max_size=3,
)
conversations = st.fixed_dictionaries({"messages": turns | st.none()}, optional={"site": texts, "dose": broken_numbers})
TURN = '{"role": "user", "content": "q"}'
ODD_CONVERSATIONS = st.sampled_from(
    [b'{"messages": %b}' % messages.encode() for messages in (
        "[]", "[{}]", "[null]", "null", "{}", "7", json.dumps(f"[{TURN}]"), f"[{TURN}, null]", f"[[{TURN}]]", f"{TURN}",
        '[{"role": "user"}]', '[{"role": "user", "content": null}]', '[{"role": "user", "content": 1}]',
        '[{"role": "USER", "content": "q"}]', '[{"role": "nobody", "content": "q"}]', '[{"role": "user", "content": "q", "role": "gpt"}]',
        '[{"from": "human", "value": "q"}]', '[{"role": "user", "content": "q", "from": "gpt"}]',
        '[{"role": "function_call", "content": "{}"}]', '[{"role": "assistant", "content": "q", "train": false}]',
        '[{"role": "user", "content": "q", "mood": "glad"}]', '[{"role": "user", "content": [{"type": "text", "text": "q"}]}]',
        '[{"role": "user", "content": "\\ud83d"}]', '[{"role": "user", "content": "\\ud83d\\ude00"}]', f"[{TURN}}}", f"[{TURN}",
    )]
)  # fmt: skip


def lines_of(rows: list[Any], *, ascii_only: bool = False) -> list[bytes]:
    return [json.dumps(row, ensure_ascii=ascii_only).encode() for row in rows]


def outcome(ingest, lines: list[bytes], source: dict[str, Any], **settings: Any) -> Any:
    """Everything that comes of the lines but the raw text of those set aside."""
    try:
        came = ingest({"a.jsonl": b"\n".join(lines) + b"\n"}, {"path": "a.jsonl", **source}, **settings)
    except UserError as error:
        return error.message
    dropped = [(row["locator"], row["reason"], row["value"]) for row in came.dropped]
    return came.artifact.data_files[0].read_bytes(), dropped, came.report


def assert_same_by_rows(ingest, lines: list[bytes], source: dict[str, Any], **settings: Any) -> None:
    """A space behind each line means nothing, and keeps its block from being read as columns."""
    by_rows = outcome(ingest, [line + b" " for line in lines], source, **settings)
    assert outcome(ingest, lines, source, **settings) == by_rows


@quick
@given(
    opening=st.lists(sound, min_size=1, max_size=3),
    rows=st.lists(sound, max_size=30),
    own_ids=st.booleans(),
    ascii_only=st.booleans(),
    settings=st.fixed_dictionaries(
        {}, optional={"limit": st.integers(1, 60), "extra": st.just("drop"), "max_record_bytes": st.just(1024)}
    ),
)
def test_sound_rows_come_out_the_same_as_one_by_one(ingest, opening, rows, own_ids, ascii_only, settings):
    rows = [ROW, *(opening * OPENING_LINES)[1:OPENING_LINES], *rows]
    rows = [{**row, "id": number} for number, row in enumerate(rows)]
    columns = {**MAPPED["columns"], "id": "id"} if own_ids else MAPPED["columns"]
    assert_same_by_rows(ingest, lines_of(rows, ascii_only=ascii_only), {**MAPPED, "columns": columns}, **settings)


@quick
@given(
    lines=st.lists(ODD | strange.map(lambda row: lines_of([row])[0]) | sound.map(lambda row: lines_of([row])[0]), max_size=12),
    set_aside=st.booleans(),
)  # fmt: skip
def test_odd_lines_come_out_the_same_as_one_by_one(ingest, lines, set_aside):
    opening = lines_of([ROW] * OPENING_LINES)
    on_error = "set_aside" if set_aside else "fail"
    assert_same_by_rows(ingest, [*opening, *lines], MAPPED, on_error=on_error, max_record_bytes=LIMIT)


@quick
@given(
    rows=st.lists(conversations, max_size=12),
    key=st.sampled_from(["messages", "conversations"]),
    own_ids=st.booleans(),
    named=st.booleans(),
    odd=st.lists(ODD_CONVERSATIONS, max_size=2),
)
def test_conversations_come_out_the_same_as_one_by_one(ingest, rows, key, own_ids, named, odd):
    turn = {"role": "user", "content": "q", "name": "Ann"} if named else {"role": "user", "content": "q"}
    rows = [{"messages": [turn], "site": "north", "dose": 0.5}] * OPENING_LINES + rows
    rows = [{key: row.pop("messages"), "id": f"n{number}", **row} for number, row in enumerate(map(dict, rows))]
    columns = {"id": "id", "messages": key, "site": "site"} if own_ids else {}
    lines = [*lines_of(rows), *(line.replace(b"messages", key.encode()) for line in odd)]
    assert_same_by_rows(ingest, lines, {"columns": columns}, on_error="set_aside", max_record_bytes=LIMIT)


@pytest.mark.parametrize(
    ("row", "recognised"),
    [
        ({"text": "a"}, "text"),
        ({"text": "a", "label": 1}, "text/label"),
        ({"prompt": "a", "completion": "b", "id": "x"}, "prompt/completion"),
        ({"instruction": "a", "input": "", "output": "b", "text": "ab"}, "alpaca"),
        ({"instruction": None, "input": "x", "output": "b"}, "alpaca"),
        ({"prompt": "p", "chosen": "a", "rejected": "b"}, "preference"),
        ({"messages": [{"role": "user", "content": "q"}]}, "messages"),
        ({"messages": '[{"role": "user", "content": "q"}]'}, "messages"),
    ],
)
def test_recognised_formats_come_out_the_same_as_one_by_one(ingest, row, recognised):
    rows = [{**row, **({"id": str(number)} if "id" in row else {})} for number in range(OPENING_LINES + 9)]
    assert_same_by_rows(ingest, lines_of(rows), {})
    [source] = ingest({"a.jsonl": b"\n".join(lines_of(rows))}).report.metrics["sources"].values()
    assert (source["recognised"], source["records"]) == (recognised, OPENING_LINES + 9)


@pytest.mark.parametrize("value", [1, "1", None, ""])
def test_an_id_that_is_missing_or_comes_twice_is_told_as_one_by_one(ingest, value):
    rows = [{**ROW, "id": str(number)} for number in range(OPENING_LINES)]
    source = {"columns": {**MAPPED["columns"], "id": "id"}}
    assert_same_by_rows(ingest, lines_of([*rows, {**ROW, "id": "n"}, {**ROW, "id": value}]), source)
    assert "n" in outcome(ingest, lines_of([*rows, {**ROW, "id": "n"}, {**ROW, "id": "n"}]), source)


def reading_of(*rows: dict[str, Any], **source: Any) -> BlockReading:
    config = SourceConfig.model_validate({"path": "a.jsonl", **source})
    meaning = understand(config, sorted({column for row in rows for column in row}))
    reading = BlockReading(meaning, config, Use(), keep_extra=True, max_bytes=LIMIT, identities=Identities())
    for row in rows:
        reading.layout.learn(row)
    return reading


@pytest.mark.parametrize(
    ("row", "source"),
    [
        ({"text": "a {b} c"}, {}),
        ({"prompt": "a", "completion": 'b "c"\n'}, {}),
        ({"instruction": "a", "input": "", "output": "b"}, {}),
        ({"text": "a", "label": 1}, {}),
        ({"messages": [{"role": "user", "content": 'a {"b": 1}'}, {"role": "assistant", "content": "c"}]}, {}),
        ({"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}], "x": 1}, {}),
        (ROW, MAPPED),
    ],
)
def test_ordinary_rows_are_read_as_columns(row, source):
    content = b"\n".join(lines_of([row, {**row, "smokes": None}, row]))
    read = reading_of(row, {"smokes": True}, **source).read(LineBlock(9, content), "a.jsonl", most=None)
    assert read is not None
    assert read.table["locator"].to_pylist() == ["a.jsonl:10", "a.jsonl:11", "a.jsonl:12"]


@pytest.mark.parametrize("bad", [b"{", b'{"text": "a\xff"}', b'{"text": "a", "text": "b"}', b'{"text": 1}'])
def test_a_damaged_line_costs_only_the_rows_around_it(bad):
    reading = reading_of({"text": "a"})
    good = b'{"text": "a"}\n' * (SMALL_BLOCK // 4)
    block = LineBlock(0, good + bad + b"\n" + good)
    alone = list(rows_one_by_one([block], lambda one: reading.read(one, "a", most=None) is not None, max_bytes=LIMIT))
    assert len(alone) * len(b'{"text": "a"}\n') <= SMALL_BLOCK + len(bad)
    assert [one.position for one in alone if not isinstance(one, Row) or one.values != {"text": "a"}] == [
        SMALL_BLOCK // 4 + 1
    ]


def test_a_new_column_costs_the_rows_around_its_first_value_alone(ingest):
    rows = [{"text": "a" * 100}] * 3000 + [{"text": "a", "late": 1}] * 3000
    layout, seen = Layout(), []
    layout.learn({"text": "a"})

    def take(block: LineBlock) -> bool:
        return read_sound_lines(block, layout.schema, max_bytes=LIMIT) is not None

    for row in rows_one_by_one([LineBlock(0, b"\n".join(lines_of(rows)))], take, max_bytes=LIMIT):
        assert isinstance(row, Row)
        layout.learn(row.values)
        seen.append(row.position)
    assert 3001 in seen
    assert len(seen) < 3000


@given(
    content=st.lists(st.sampled_from([b"{}\n", b"\n", b"  ", b"{", b"}", b"x" * 9, b'"', b"\r\n", b"{}"]), max_size=40),
    max_bytes=st.integers(1, 30),
    block_bytes=st.integers(1, 30),
)
def test_blocks_hold_the_same_rows_as_the_whole(content, max_bytes, block_bytes):
    whole = b"".join(content)
    blocks = read_blocks(io.BytesIO(whole), before=0, max_bytes=max_bytes, block_bytes=block_bytes)
    rows = [row for block in blocks for row in in_small_parts(block, max_bytes)]
    assert rows == list(block_rows(LineBlock(0, whole), max_bytes=max_bytes))


def in_small_parts(block: LineBlock, max_bytes: int) -> Iterator[Any]:
    halves = block.halves()
    for half in halves or ():
        yield from in_small_parts(half, max_bytes)
    if halves is None:
        yield from block_rows(block, max_bytes=max_bytes)


@given(rows=st.lists(sound, min_size=1, max_size=8))
def test_canonical_columns_are_those_of_single_rows(rows):
    layout = Layout()
    for row in rows:
        layout.learn(row)
    read = read_sound_lines(LineBlock(0, b"\n".join(lines_of(rows))), layout.schema, max_bytes=LIMIT)
    if read is not None:  # a whole number among the floats is left to the reading of rows
        assert canonical_rows(read).to_pylist() == [canonical_json(row) for row in rows]


pieces = st.lists(
    st.sampled_from(
        [b"{", b"}", b"[", b"]", b'"', b'"text"', b":", b",", b"null", b"\n", b"\r", b" ", b"\\", b"\\u", b"d83d", b"1", b"-",
         b"\x00", b"\xff", b'{"text": "a"}', b'{"text": null}', b"true", b"NaN", b"\xef\xbb\xbf"]
    ),
    min_size=1,
    max_size=30,
)  # fmt: skip


@given(lines=pieces.map(b"".join), kind=st.sampled_from(["a", 1, 1.5, True, None]))
def test_what_is_read_as_columns_is_what_the_rows_hold(lines, kind):
    layout = Layout()
    layout.learn({"text": kind})
    read = read_sound_lines(LineBlock(0, lines), layout.schema, max_bytes=LIMIT)
    if read is not None:
        rows = list(block_rows(LineBlock(0, lines), max_bytes=LIMIT))
        assert all(isinstance(row, Row) for row in rows)
        assert [row.values.get("text") for row in rows] == read.column("text").to_pylist()


@given(rows=json_rows)
def test_a_layout_never_depends_on_the_order_of_rows(rows):
    one, other = Layout(), Layout()
    for row in rows:
        one.learn(row)
    for row in reversed(rows):
        other.learn(row)
    assert (one.schema is None) == (other.schema is None)
    assert one.schema is None or sorted(one.schema, key=str) == sorted(other.schema, key=str)
