"""Tells whether a block of JSON lines is sound beyond doubt, and if so gives its columns; doubt costs only time.

pyarrow parses a hundred times faster than rows can be read one by one, and knows less: what it accepts and the reader
of rows does not, or reads otherwise, is looked for here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from acclimate.stages.ingest.line_blocks import LineBlock, count_sign

_TYPES = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    type(None): pa.null(),
}
_MOST_COLUMNS = 500
_MOST_BYTES = 2**30  # pyarrow counts the bytes of a block, and those of all texts of a column, in 32 bits
_NEWLINE, _RETURN, _OPEN, _CLOSE = b"\n\r{}"
_STRING = rb'"[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*+"'
# Of an object that holds no other one: outside of strings, its only braces are the first and the last sign of the line.
_FLAT_OBJECT = rb'\{[^"{}\n]*+(?:%b[^"{}\n]*+)*+\}' % _STRING
_OBJECT_OF_FLAT_ONES = rb'\{[^"{}\n]*+(?:(?:%b|%b)[^"{}\n]*+)*+\}' % (_STRING, _FLAT_OBJECT)
_FLAT_LINES = re.compile(rb"(?:%b\r?\n)*+(?:%b)?" % (_FLAT_OBJECT, _FLAT_OBJECT))
_LINES_WITH_TURNS = re.compile(rb"(?:%b\r?\n)*+(?:%b)?" % (_OBJECT_OF_FLAT_ONES, _OBJECT_OF_FLAT_ONES))


class Layout:
    """The columns that the rows of a source have had so far, and whether each had one type of plain value, or lists of
    turns: objects whose values are texts.

    >>> layout = Layout()
    >>> layout.learn({"text": "a", "age": None})
    >>> layout.learn({"text": "b", "age": 61})
    >>> layout.schema
    text: string
    age: int64
    >>> layout.learn({"messages": [{"role": "user", "content": "c"}]})
    >>> layout.schema.field("messages").type
    ListType(list<item: struct<content: string, role: string>>)
    >>> layout.learn({"text": ["c"]})
    >>> layout.schema is None
    True
    """

    def __init__(self) -> None:
        self._seen: dict[str, type] = {}
        self._types: dict[str, pa.DataType] = {}
        self._keys: dict[str, set[str]] = {}
        self._fits = True

    def learn(self, values: Mapping[str, Any]) -> None:
        """Takes note of a row's columns."""
        for name, value in values.items():
            kind = type(value)
            if self._seen.get(name) is not kind and self._fits:
                self._learn_column(name, kind)
            if kind is list and self._fits:
                self._learn_turns(name, value)

    def _learn_column(self, name: str, kind: type) -> None:
        if kind is not type(None) or name not in self._seen:
            mixed = self._seen.get(name, type(None)) is not type(None)
            self._fits = not mixed and (kind in _TYPES or kind is list) and len(self._seen) < _MOST_COLUMNS
            self._seen[name] = kind
            self._types[name] = _TYPES.get(kind, pa.null())

    def _learn_turns(self, name: str, turns: list[Any]) -> None:
        self._fits = all(isinstance(turn, dict) and all(type(one) is str for one in turn.values()) for turn in turns)
        if self._fits:
            keys = self._keys.setdefault(name, set())
            keys.update(*turns)
            self._fits = len(keys) < _MOST_COLUMNS
            self._types[name] = pa.list_(pa.struct([(key, pa.string()) for key in sorted(keys)]))

    @property
    def schema(self) -> pa.Schema | None:
        """The columns as pyarrow is to read them; None where there are none, or some cannot be read as columns."""
        if not self._fits or not self._types:
            return None
        try:
            return pa.schema(list(self._types.items()))
        except UnicodeEncodeError:  # a column's name is half of a surrogate pair
            return None


def read_sound_lines(block: LineBlock, schema: pa.Schema, *, max_bytes: int) -> pa.RecordBatch | None:
    """The values of a block whose every line the reader of rows would read, and read just so; else None.

    A value that is missing and one that is null are both null, as they are in records. In a turn the two differ, so that
    no turn lacks one.
    """
    has_turns = any(pa.types.is_list(kind) for kind in schema.types)
    form = _LINES_WITH_TURNS if has_turns else _FLAT_LINES
    lines = _lines_of_one_object(block.content, form, max_bytes=max_bytes)
    if lines is None or len(block.content) > _MOST_BYTES:
        return None
    reading = pj.ReadOptions(use_threads=False, block_size=len(block.content) + 1)
    parsing = pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error")
    try:
        table = pj.read_json(pa.BufferReader(block.content), reading, parsing)
        table.validate(full=True)  # the parser lets bytes pass that are not UTF-8
    except pa.ArrowException:
        return None
    [rows] = table.to_batches() or [None]  # one, as all is one block to the parser
    if rows is None or len(rows) != lines or not all(_is_as_written(column) for column in rows.columns):
        return None
    return rows


def _lines_of_one_object(content: bytes, form: re.Pattern[bytes], *, max_bytes: int) -> int | None:
    """The number of lines, where each holds braces around the rest of it, and no other object can begin or end there.

    pyarrow would also read several objects from one line, or one from several, and breaks down at a null in their place.
    """
    signs = np.frombuffer(content, np.uint8)
    ends = np.flatnonzero(signs == _NEWLINE)
    if content[-1] != _NEWLINE:
        ends = np.append(ends, len(content))
    starts = np.concatenate(([0], ends[:-1] + 1))
    lasts = ends - 1
    lasts = lasts - (signs[lasts] == _RETURN)
    if (ends - starts).max() > max_bytes or (lasts <= starts).any():
        return None
    if (signs[starts] != _OPEN).any() or (signs[lasts] != _CLOSE).any():
        return None
    if count_sign(content, b"}") > len(ends) and not form.fullmatch(content):
        return None
    return len(ends)


def _is_as_written(column: pa.Array) -> bool:
    """Whether values are surely what they were written as: 3 in a column of floats has become 3.0, NaN is missing, and so
    may be what is null in a turn."""
    if pa.types.is_list(column.type):
        turns = column.flatten()
        return not turns.null_count and not any(field.null_count for field in turns.flatten())
    if not pa.types.is_floating(column.type):
        return True
    whole = pc.equal(pc.floor(column), column)
    return not pc.any(pc.or_(whole, pc.invert(pc.is_finite(column))), min_count=0).as_py()
