"""Reads JSON Lines, and one JSON array of objects, a row at a time; a damaged line costs only itself."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from acclimate.stages.ingest.files import ByteStream, LineStream, skip_line
from acclimate.stages.ingest.line_blocks import LineBlock, read_blocks
from acclimate.stages.ingest.rows import Fault, Item, Row, RowError, UnreadableFileError, too_long

MAX_ARRAY = 256 * 1024 * 1024
"""Bytes of the longest array, unpacked; lines may be any number."""

OPENING_LINES = 32
"""Lines that are read one by one, so that the columns and their types are known before blocks are looked at."""

SMALL_BLOCK = 64 * 1024
"""Bytes up to which a block is not halved: a damaged line costs the reading of so many one by one."""

_SPACE = " \t\r\n"


class StrictJson:
    """A JSON parser that loses nothing silently: a repeated key or an infinite number fails; NaN is a missing value."""

    def __init__(self) -> None:
        self._broken: RowError | None = None
        self._decoder = json.JSONDecoder(object_pairs_hook=self._object, parse_constant=self._constant)

    def parse(self, text: str, start: int = 0) -> tuple[Any, int]:
        """The value that begins at `start`, and where it ends; ValueError for what is not JSON."""
        self._broken = None
        try:
            value, end = self._decoder.raw_decode(text, start)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error
        return value, end

    def checked_object(self, value: Any) -> dict[str, Any]:
        """The value just parsed, if it is a sound object."""
        if self._broken is not None:
            raise self._broken
        if not isinstance(value, dict):
            raise RowError("not_an_object", "this is JSON, but not an object with named columns", type(value).__name__)
        return value

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) < len(pairs):
            self._broken = RowError("duplicate_key", "one key stands twice in the same object", len(pairs) - len(value))
        return value

    def _constant(self, name: str) -> None:
        if name != "NaN":
            self._broken = RowError("bad_number", f"{name} is not a number that JSON can hold", name)


def read_json_lines(stream: ByteStream, file_name: str, *, max_bytes: int) -> Iterator[Row | Fault | LineBlock]:
    """The first rows of a file of JSON lines, which show what it holds, then its other lines in blocks.

    When the file begins with a bracket, it is an array of objects and all that comes are rows.
    """
    parser = StrictJson()
    position = 0
    for number, (position, line) in enumerate(islice(_lines(stream, max_bytes=max_bytes, before=0), OPENING_LINES)):
        if number == 0 and line.lstrip().startswith(b"[") and not _is_cut(line, max_bytes):
            content = line + stream.read(MAX_ARRAY)
            if len(content) > MAX_ARRAY:
                raise _array_too_long(file_name)
            yield from _read_array(content, file_name, first_line=position)
            return
        yield parse_line(parser, line, position, max_bytes=max_bytes)
    yield from read_blocks(stream, before=position, max_bytes=max_bytes)


def rows_one_by_one(
    items: Iterable[Item | LineBlock], take: Callable[[LineBlock], bool], *, max_bytes: int
) -> Iterator[Item]:
    """What a reader gives, without the blocks that `take` took; the others are halved, and what is small is read by rows."""
    for item in items:
        if not isinstance(item, LineBlock):
            yield item
        elif not take(item):
            halves = item.halves() if len(item.content) > SMALL_BLOCK else None
            yield from (
                rows_one_by_one(halves, take, max_bytes=max_bytes) if halves else block_rows(item, max_bytes=max_bytes)
            )


def block_rows(block: LineBlock, *, max_bytes: int) -> Iterator[Row | Fault]:
    """The rows of a block, one by one."""
    parser = StrictJson()
    for position, line in _lines(io.BytesIO(block.content), max_bytes=max_bytes, before=block.before):
        yield parse_line(parser, line, position, max_bytes=max_bytes)


def _lines(stream: LineStream, *, max_bytes: int, before: int) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank with their numbers; of one that is too long, as much as shows that."""
    position = before
    while line := stream.readline(max_bytes + 1):
        position += 1
        if _is_cut(line, max_bytes):
            skip_line(stream)
            yield position, line
        elif line.strip():
            yield position, line


def _is_cut(line: bytes, max_bytes: int) -> bool:
    return len(line) > max_bytes and not line.endswith(b"\n")


def parse_line(parser: StrictJson, line: bytes, position: int, *, max_bytes: int) -> Row | Fault:
    """The row on a line, or what is wrong with it."""
    if _is_cut(line, max_bytes):
        return too_long(max_bytes).at(position, _readable(line[:1000]))
    try:
        text = line.decode("utf-8").strip(_SPACE)
        value, end = parser.parse(text)
        if end != len(text):
            raise RowError("bad_json", f"this is not one JSON object: more follows after column {end}", end)
        return Row(position, parser.checked_object(value))
    except RowError as error:
        return error.at(position, _readable(line))
    except UnicodeDecodeError as error:
        return bad_utf8(error).at(position, _readable(line))
    except ValueError as error:
        return _bad_json(error).at(position, _readable(line))


def _read_array(content: bytes, file_name: str, *, first_line: int) -> Iterator[Row | Fault]:
    """The objects of one array; a syntax error in it leaves no way to tell where the next object begins."""
    parser = StrictJson()
    try:
        text = content.decode("utf-8")
        place = _skip_space(text, text.index("[") + 1)
        position = 0
        while text[place : place + 1] != "]":
            position += 1
            value, end = parser.parse(text, place)
            try:
                yield Row(position, parser.checked_object(value), "row")
            except RowError as error:
                yield error.at(position, text[place:end], unit="row")
            place = _next_item(text, end)
        if text[place + 1 :].strip(_SPACE):
            raise json.JSONDecodeError("Extra data", text, place + 1)
    except ValueError as error:
        line = first_line - 1 + error.lineno if isinstance(error, json.JSONDecodeError) else first_line
        raise UnreadableFileError(
            f"{file_name}, line {line}: this is not valid JSON ({_because(error)}).",
            hint="mend the array, or write one JSON object on each line: then a broken line can be set aside alone",
            reason="bad_json",
        ) from error


def _array_too_long(file_name: str) -> UnreadableFileError:
    return UnreadableFileError(
        f"{file_name} is one JSON array of more than {MAX_ARRAY} bytes, which would have to be held in memory whole.",
        hint="write one JSON object on each line: jq -c '.[]' OLD > NEW",
        reason="too_long",
    )


def _next_item(text: str, end: int) -> int:
    place = _skip_space(text, end)
    if text[place : place + 1] == ",":
        following = _skip_space(text, place + 1)
        if text[following : following + 1] != "]":
            return following
    if text[place : place + 1] != "]":
        raise json.JSONDecodeError("Expecting ',' or ']'", text, place)
    return place


def _skip_space(text: str, place: int) -> int:
    while place < len(text) and text[place] in _SPACE:
        place += 1
    return place


def _bad_json(error: ValueError) -> RowError:
    value = error.colno if isinstance(error, json.JSONDecodeError) else ""
    return RowError("bad_json", f"this is not valid JSON ({_because(error)})", value)


def _because(error: ValueError) -> str:
    """What the parser says; its messages hold no text of the record."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg[0].lower()}{error.msg[1:]} at column {error.colno}"
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 at byte {error.start + 1}"
    return "a number of too many digits, or nested too deeply"


def bad_utf8(error: UnicodeDecodeError) -> RowError:
    """The fault of a row that is not UTF-8."""
    return RowError("bad_utf8", f"this is not valid UTF-8 (byte {error.start + 1} of the row)", error.start + 1)


def _readable(line: bytes) -> str:
    return line.decode("utf-8", "backslashreplace").rstrip("\r\n")
