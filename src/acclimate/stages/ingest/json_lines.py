"""Reads JSON Lines, and one JSON array of objects, a row at a time; a damaged line costs only itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from acclimate.stages.ingest.files import ByteStream, skip_line
from acclimate.stages.ingest.rows import Fault, Row, RowError, UnreadableFileError, too_long

MAX_ARRAY = 256 * 1024 * 1024
"""Bytes of the longest array, unpacked; lines may be any number."""

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


def read_json_lines(stream: ByteStream, file_name: str, *, max_bytes: int) -> Iterator[Row | Fault]:
    """The rows of a file of JSON lines; of an array of objects, when the file begins with a bracket."""
    parser = StrictJson()
    position = 0
    seen_one = False
    while line := stream.readline(max_bytes + 1):
        position += 1
        if len(line) > max_bytes and not line.endswith(b"\n"):
            skip_line(stream)
            seen_one = True
            yield too_long(max_bytes).at(position, _readable(line[:1000]))
            continue
        if not line.strip():
            continue
        if not seen_one and line.lstrip().startswith(b"["):
            content = line + stream.read(MAX_ARRAY)
            if len(content) > MAX_ARRAY:
                raise _array_too_long(file_name)
            yield from _read_array(content, file_name, first_line=position)
            return
        seen_one = True
        yield _parse_line(parser, line, position)


def _parse_line(parser: StrictJson, line: bytes, position: int) -> Row | Fault:
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
