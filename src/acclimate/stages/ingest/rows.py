"""A row as a reader gives it: its values by source column, or what is wrong with it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from acclimate.core import json_values
from acclimate.core.errors import SourceError

RAW_CHARACTERS = 100_000
"""How much of a damaged row is kept beside its reason."""

# json.dumps would make an encoder for every row.
_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


@dataclass(frozen=True, slots=True)
class Row:
    """A readable row. `position` counts the lines or rows (`unit`) of its file, from 1.

    Where `each` makes rows of the elements of a list, `element` counts them, from 1; else it is 0.
    """

    position: int
    values: Mapping[str, Any]
    unit: str = "line"
    element: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that cannot become a record: the rule it broke, the value that broke it, and a sentence about it.

    `sentence` never holds record text; `raw` is the damaged row itself, for the restricted zone alone. Where the
    whole file is at fault, `unit` is empty.
    """

    position: int
    reason: str
    sentence: str
    value: object = ""
    raw: str = ""
    unit: str = "line"
    element: int = 0


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What a file holds that becomes no text, told in the report: scanned pages, images, attachments."""

    kind: str
    count: int


Item = Row | Fault | LeftOut
"""What a reader gives, one after another."""


class UnreadableFileError(SourceError):
    """A file that cannot be read, or from some place on no further.

    It stops the run; with `on_error: set_aside` the rows before that place are kept and the file is one fault.
    """

    def __init__(self, message: str, *, hint: str, reason: str = "broken_file") -> None:
        super().__init__(message, hint=hint)
        self.reason = reason


class RowError(Exception):
    """A row broke a rule; caught where the row's position is known."""

    def __init__(self, reason: str, sentence: str, value: object = "") -> None:
        super().__init__(sentence)
        self.reason = reason
        self.sentence = sentence
        self.value = value

    def at(self, position: int, raw: str = "", *, unit: str = "line", element: int = 0) -> Fault:
        """The fault of the row at a position."""
        return Fault(position, self.reason, self.sentence, self.value, raw[:RAW_CHARACTERS], unit, element)


def locator_of(file_name: str, item: Row | Fault) -> str:
    """Where a row stands: file and line or row, and behind a slash the element of its list."""
    return f"{file_name}:{item.position}" + (f"/{item.element}" if item.element else "")


def fault_as_error(fault: Fault, file_name: str) -> SourceError:
    """The fault as a sentence that stops the run."""
    place = f"{file_name}, {fault.unit} {fault.position}" if fault.unit else file_name
    place += f", element {fault.element}" if fault.element else ""
    return SourceError(
        f"{place}: {fault.sentence}.",
        hint="mend it, or set ingest.on_error: set_aside, which drops damaged rows and keeps each aside with its reason",
    )


def no_records(file_name: str) -> UnreadableFileError:
    """The error of a file in which nothing stands but perhaps a header or blank lines."""
    hint = "leave it out with a narrower path, or write it anew"
    return UnreadableFileError(f"{file_name} holds no records.", hint=hint, reason="no_records")


def repeated_column(file_name: str, columns: Sequence[str]) -> UnreadableFileError | None:
    """The error of a table two of whose columns have one name, if there are such."""
    name, count = Counter(columns).most_common(1)[0] if columns else ("", 0)
    if count < 2:
        return None
    return UnreadableFileError(
        f"{file_name}: there are {count} columns called {name[:40]!r}, so it is not clear which one is meant.",
        hint="give every column a name of its own",
        reason="bad_header",
    )


def too_long(max_bytes: int) -> RowError:
    """The fault of a row that is longer than is sensible."""
    return RowError("too_long", f"the record is longer than {max_bytes} bytes", f"> {max_bytes}")


def canonical_json(values: Mapping[str, Any]) -> str:
    """The row's values as JSON that does not depend on column order or file format; missing values are left out."""
    present = {column: value for column, value in values.items() if value is not None}
    return _CANONICAL.encode(present)


def escaped_json(values: Mapping[str, Any]) -> str:
    """The values of a row that could not be made canonical, in ASCII; empty where even that is impossible."""
    try:
        return json.dumps(values)
    except (ValueError, RecursionError):
        return ""


def parse_json_cell(text: str) -> Any:
    """The value of a cell that holds JSON; ValueError where it is none, or could not be written out again."""
    try:
        value = json.loads(text, parse_constant=_no_number)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    return value


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number in JSON")


def checked_canonical(values: Mapping[str, Any], *, max_bytes: int) -> str:
    """The canonical JSON of a row whose values can all be kept exactly; else a RowError."""
    try:
        canonical = canonical_json(values)
        size = len(canonical.encode())
    except UnicodeEncodeError as error:
        raise RowError(
            "bad_unicode", "half of a surrogate pair stands alone, which is no character", error.start
        ) from error
    except (ValueError, RecursionError) as error:
        raise RowError("bad_number", "it holds a number that is not finite, or is nested too deeply") from error
    if size > max_bytes:
        raise too_long(max_bytes)
    return canonical


def plain_value(value: Any) -> Any:
    """A value of a table cell in the types of JSON; RowError where it has no form there."""
    try:
        return json_values.plain_value(value)
    except TypeError as error:
        raise RowError("bad_type", f"a column holds a value of the type {error}", str(error)) from error
