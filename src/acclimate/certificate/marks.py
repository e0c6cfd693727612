"""What the reader noted: a table of records read, identifiers missed and words replaced without need, checked line by line."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from acclimate.core.csv_tables import csv_table, plain_cell
from acclimate.core.errors import DataError

COLUMNS = ("record", "read", "mark", "class", "quote", "place", "start", "end")
_NEEDED = ("record", "read", "mark", "class", "quote")
MISSED, WRONG = "missed", "wrong"
_READ = {"yes": True, "no": False, "": False}


@dataclass(frozen=True)
class Mark:
    """An identifier that was missed, or (`wrong`) a stretch that was replaced and is none.

    `quote` is the stretch as it stands in the record. `place`, `start` and `end` (code points, end exclusive) tell one
    of several; without them every occurrence of the quote as whole words is meant.
    """

    line: int
    record: str
    mark: str
    kind: str
    quote: str
    place: str = ""
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True)
class Reading:
    """A reader's table: which records were read through, and what was marked in them."""

    read: frozenset[str]
    marks: tuple[Mark, ...]


def blank_table(record_ids: Iterable[str]) -> str:
    """The table to fill in: a line for each record, not yet read."""
    return csv_table(COLUMNS, ([record_id, "no", *([""] * (len(COLUMNS) - 2))] for record_id in record_ids))


def read_marks(path: Path, *, records: Collection[str], kinds: Collection[str]) -> Reading:
    """The table as filled in. Raises DataError, with the line, for what cannot be meant; quotes are not shown in it."""
    read, marks = set[str](), []
    for line, row in _rows(path):
        where = f"{path.name}, line {line}"
        record = plain_cell(row["record"])
        if record not in records:
            raise DataError(
                f"{where}: there is no record {record!r} in the sample, so what it says cannot be counted.",
                hint="take the ids from the table that acclimate certificate sample wrote",
            )
        if row["read"].lower() not in _READ:
            raise DataError(f"{where}: read is {row['read']!r}.", hint="write yes or no")
        if _READ[row["read"].lower()]:
            read.add(record)
        if any(row[column] for column in COLUMNS[2:]):
            marks.append(_mark({**row, "record": record}, line, where, kinds))
    return Reading(frozenset(read), tuple(marks))


def _rows(path: Path) -> Iterable[tuple[int, Mapping[str, str]]]:
    """The lines by column; a spreadsheet may have written semicolons and a byte order mark."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path.name} is not UTF-8, so its quotes cannot be compared with the texts.",
            hint="save it as CSV UTF-8",
        ) from error
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    table = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = [name.strip().lower() for name in next(table, [])]
        _require(columns, path)
        for row in table:
            if any(cell.strip() for cell in row):
                cells = dict(zip(columns, (cell.strip() for cell in row), strict=False))
                yield table.line_num, {column: cells.get(column, "") for column in COLUMNS}
    except csv.Error as error:
        raise DataError(
            f"{path.name}, line {table.line_num}: this is no line of a table ({error}).",
            hint="see that every quotation mark is closed",
        ) from error


def _require(columns: Sequence[str], path: Path) -> None:
    missing = [name for name in _NEEDED if name not in columns]
    if missing:
        raise DataError(
            f"{path.name} has no column {missing[0]}.", hint=f"its first line should read: {','.join(COLUMNS)}"
        )


def _mark(row: Mapping[str, str], line: int, where: str, kinds: Collection[str]) -> Mark:
    if row["mark"] not in (MISSED, WRONG):
        raise DataError(
            f"{where}: mark is {row['mark']!r}.",
            hint=f"write {MISSED} for an identifier that is left, {WRONG} for a word that was replaced and is none",
        )
    if not row["quote"]:
        raise DataError(f"{where}: there is no quote.", hint="copy the words as they stand in the text")
    if row["mark"] == MISSED and row["class"] not in kinds:
        raise DataError(
            f"{where}: class is {row['class']!r}, which is not known.", hint=f"use one of: {', '.join(sorted(kinds))}"
        )
    if bool(row["start"]) != bool(row["end"]) or (row["start"] and not row["place"]):
        raise DataError(f"{where}: a stretch needs place, start and end.", hint="give all three, or none")
    start, end = (_offset(row[name], name, where) for name in ("start", "end"))
    return Mark(line, row["record"], row["mark"], row["class"], row["quote"], row["place"], start, end)


def _offset(written: str, name: str, where: str) -> int | None:
    if written and not (written.isascii() and written.isdecimal()):
        raise DataError(f"{where}: {name} is {written!r}.", hint="count code points from 0; the end is exclusive")
    return int(written) if written else None
