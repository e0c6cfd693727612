"""JSON and JSON Lines files of any size, object by object, and their values with the type they must have.

An array of objects and objects one after the other are read alike. Faults name the file and the object's number.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TextIO

from acclimate.core.errors import SourceError

LARGEST = 64 * 2**20
"""Characters that one object may have: the most that is held in memory at once."""
_CHUNK = 2**20
_NEAR_THE_END = 16
"""A literal cut by the end of what is read so far is no longer than this."""


@dataclass(frozen=True)
class Row:
    """One object of a file; `place` says which, for sentences about it."""

    values: Mapping[str, Any]
    place: str

    def get(self, name: str, kind: type, default: Any = None) -> Any:
        """A value that must have a type where it is there."""
        value = self.values.get(name)
        if value is None:
            return default
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self.refuse(f"{name[:40]} is no {_NAMES.get(kind, kind.__name__)}")
        return value

    def text(self, name: str, default: str | None = None) -> str:
        """A text that must be there unless there is a default."""
        value = self.get(name, str, default)
        if value is None:
            self.refuse(f"it has no {name}")
        return str(value)

    def rows(self, name: str) -> list[Row]:
        """The objects of a list; none where it is not there."""
        return [self.row(one, f"{name} {number}") for number, one in enumerate(self.get(name, list, []), start=1)]

    def row(self, value: Any, what: str) -> Row:
        """A value of this row that must be an object."""
        if not isinstance(value, dict):
            self.refuse(f"{what} is no object")
        return Row(value, f"{self.place}, {what}")

    def strings(self, name: str) -> list[str]:
        """The texts of a list; none where it is not there."""
        values: list[Any] = self.get(name, list, [])
        if not all(isinstance(value, str) for value in values):
            self.refuse(f"{name} holds something that is no text")
        return values

    def refuse(self, fault: str) -> NoReturn:
        """Ends the reading with a sentence."""
        raise SourceError(f"{self.place}: {fault}.", hint="see that --format is the file's, or export it anew")


_NAMES = {str: "text", list: "list", dict: "object", bool: "true or false", int: "whole number"}


def json_rows(path: Path) -> Iterator[Row]:
    """The objects of a file, in memory one at a time."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _rows(file, path.name)
    except UnicodeDecodeError as error:
        raise SourceError(f"{path.name} is not UTF-8 at byte {error.start}.", hint="convert it to UTF-8") from None


def json_object(path: Path) -> Row:
    """A file that is one object."""
    rows = json_rows(path)
    first = next(rows, None)
    if first is None or next(rows, None) is not None:
        raise SourceError(f"{path.name} is not one JSON object.", hint="export it anew")
    return first


def _rows(file: TextIO, name: str) -> Iterator[Row]:
    reader = _Buffer(file, name)
    in_array = reader.skip() == "["
    if in_array:
        reader.at += 1
    while (found := reader.skip(",") if in_array and reader.number else reader.skip()) not in ("", "]"):
        if found != "{":
            reader.fail("is no object")
        yield Row(reader.take(), f"record {reader.number} of {name}")
    if in_array != (found == "]"):
        reader.fail("is missing: the list has no end" if in_array else "is no object")
    if in_array:
        reader.at += 1
        if reader.skip():
            reader.fail("stands after the end of the list")


class _Buffer:
    """What is read of a file and not yet taken."""

    def __init__(self, file: TextIO, name: str) -> None:
        self.file, self.name = file, name
        self.text, self.at, self.number = "", 0, 0
        self.ended = False
        self._decoder = json.JSONDecoder(parse_constant=self._no_constant)

    def skip(self, separator: str = "") -> str:
        """The next character that is no space (and, once, no separator), or nothing at the end."""
        while True:
            while self.at < len(self.text) and self.text[self.at] in " \t\r\n":
                self.at += 1
            if self.at == len(self.text):
                if self.ended:
                    return ""
                self._read(_CHUNK)
            elif separator and self.text[self.at] == separator:
                separator = ""
                self.at += 1
            elif separator and self.text[self.at] != "]":
                self.fail("does not follow after a comma")
            else:
                return self.text[self.at]

    def take(self) -> dict[str, Any]:
        """The object that begins here."""
        self.number += 1
        amount = _CHUNK
        while True:
            try:
                value, end = self._decoder.raw_decode(self.text, self.at)
            except json.JSONDecodeError as error:
                cut = error.msg.startswith("Unterminated") or error.pos >= len(self.text) - _NEAR_THE_END
                if not cut:
                    self._broken(f"is not JSON ({error.msg})")
                if self.ended:
                    self._broken("is not whole: the file ends in it")
                if len(self.text) - self.at > LARGEST:
                    self._broken(f"has more than {LARGEST // 2**20} million characters")
                self._read(amount)
                amount *= 2
            except (RecursionError, ValueError):
                self._broken("is nested too deeply or holds a number that is none")
            else:
                self._require_characters(end)
                self.at = end
                return dict(value)

    def fail(self, fault: str) -> NoReturn:
        """Ends the reading with a sentence about what comes next."""
        self.number += 1
        self._broken(fault)

    def _read(self, amount: int) -> None:
        more = self.file.read(amount)
        self.ended = not more
        self.text, self.at = self.text[self.at :] + more, 0

    def _require_characters(self, end: int) -> None:
        """Refuses halves of character pairs, which only an escape can smuggle in, and which no file can hold."""
        raw = self.text[self.at : end]
        if "\\ud" in raw or "\\uD" in raw:
            try:
                json.dumps(json.loads(raw), ensure_ascii=False).encode()
            except UnicodeEncodeError:
                self._broken("holds half a character")

    def _broken(self, fault: str) -> NoReturn:
        raise SourceError(
            f"Record {self.number} of {self.name} {fault}.",
            hint="see that the file was copied whole, or export it anew",
        ) from None

    @staticmethod
    def _no_constant(_name: str) -> NoReturn:
        raise ValueError("a number that JSON does not know")


_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode


def write_json_lines(path: Path, rows: Iterator[Mapping[str, Any]]) -> None:
    """One object a line."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            file.write(_encode(row) + "\n")


def write_json_list(path: Path, rows: Iterator[Mapping[str, Any]]) -> None:
    """A list with one object a line."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write("[")
        for number, row in enumerate(rows):
            file.write((",\n" if number else "\n") + _encode(row))
        file.write("\n]\n")
