"""Reads a sheet of an Excel workbook a row at a time: its first row names the columns, formulas give their last value."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acclimate.stages.ingest.documents import document_fault
from acclimate.stages.ingest.rows import Item, LeftOut, Row, RowError, too_long
from acclimate.stages.ingest.zipped_parts import ZippedParts, local_name, open_parts, read_events

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_MAX_COLUMNS = 16_384
_CELL = re.compile(r"([A-Z]{1,3})[0-9]{1,7}")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_NUMBER = re.compile(r"-?[0-9]{1,18}")
# Number formats of dates and times that every workbook knows without declaring them.
_DATE_FORMATS = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_NOT_A_DATE = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.|\*.|General', re.I)
_LONGEST_FORMAT = 255  # as Excel has it; a longer one is made to slow the expression down
_WHOLE_PARTS = {
    "images": r"xl/media/.*",
    "charts": r"xl/charts/chart[^/]*\.xml",
    "embedded files": r"xl/embeddings/.*",
}
_ELEMENTS = (
    ("comments", r"xl/(comments/)?comments?\d*\.xml", "comment"),
    ("text boxes", r"xl/drawings/[^/]+\.xml", "txBody"),
)
_EPOCH, _EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)
_LAST_DAY = 2_958_466


@dataclass
class _SheetRow:
    """A row as the sheet has it: its number, its cells by column, and the rule that one of them broke."""

    number: int
    cells: dict[int, Any] = field(default_factory=dict)
    error: RowError | None = None


def read_xlsx(path: Path, *, sheet: str | None, max_bytes: int) -> tuple[tuple[str, ...] | None, Iterator[Item]]:
    """The columns and the rows of a sheet, by default the first; no columns where the workbook cannot be read."""
    reading = _Reading(path, sheet, max_bytes)
    rows = reading.rows()
    try:
        header = next(rows, None)
        if header is None:
            raise RowError("empty_sheet", "its sheet holds no row, not even the names of the columns")
        columns = _column_names(header)
    except RowError as error:
        return None, iter([document_fault(error)])
    return columns, _items(rows, columns, reading.left_out)


def _items(rows: Iterator[_SheetRow], columns: Sequence[str], left_out: Counter[str]) -> Iterator[Item]:
    position = 1
    try:
        for row in rows:
            position = row.number
            if row.error is None and max(row.cells) >= len(columns):
                row.error = RowError(
                    "wrong_columns", "the row has a cell to the right of all columns", max(row.cells) + 1
                )
            if row.error is not None:
                yield row.error.at(position, unit="row")
            else:
                yield Row(position, {name: row.cells.get(place) for place, name in enumerate(columns)}, "row")
    except RowError as error:
        yield error.at(position + 1, unit="row")
    yield from (LeftOut(kind, count) for kind, count in left_out.items())


def _column_names(header: _SheetRow) -> tuple[str, ...]:
    if header.error is not None:
        raise header.error
    cells = [header.cells.get(place) for place in range(max(header.cells) + 1)]
    names = tuple(str(cell).strip() if cell is not None else f"column_{n}" for n, cell in enumerate(cells, start=1))
    if len(set(names)) < len(names):
        raise RowError("bad_header", "two of its columns have the same name, so it is not clear which one is meant")
    return names


class _Reading:
    """The reading of one sheet; `left_out` is complete when all rows were read."""

    def __init__(self, path: Path, sheet: str | None, max_bytes: int) -> None:
        self._path = path
        self._sheet = sheet
        self._max_bytes = max_bytes
        self.left_out: Counter[str] = Counter()

    def rows(self) -> Iterator[_SheetRow]:
        """The rows that are not blank."""
        with open_parts(self._path) as parts:
            workbook = _read_workbook(parts)
            name = self._part_of_sheet(parts, workbook)
            self.left_out += Counter({"sheets": len(workbook.sheets) - 1})
            cells = _Cells(_shared_strings(parts), _date_styles(parts), workbook.epoch, self._max_bytes)
            for event, element in read_events(parts, name):
                row = cells.take(event, element)
                if row is not None and (row.error or row.cells):
                    yield row
            self.left_out += Counter({"formulas without a value": cells.formulas_without_value})
            # Last, so that the rows are kept where one of these parts is damaged.
            self.left_out += _beside_the_cells(parts)

    def _part_of_sheet(self, parts: ZippedParts, workbook: _Workbook) -> str:
        if not workbook.sheets:
            raise RowError("broken_file", "the file holds no workbook with sheets")
        relation = next(iter(workbook.sheets.values())) if self._sheet is None else workbook.sheets.get(self._sheet)
        if relation is None:
            raise RowError("missing_sheet", f"none of its {len(workbook.sheets)} sheets is called {self._sheet!r}")
        target = _relations(parts).get(relation, "")
        name = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        if name not in parts.names:
            raise RowError("broken_file", "the file is damaged: the part that holds its sheet is missing")
        return name


@dataclass(frozen=True)
class _Workbook:
    """The relation of each sheet by its name, and the day that dates are counted from."""

    sheets: Mapping[str, str]
    epoch: datetime


def _read_workbook(parts: ZippedParts) -> _Workbook:
    sheets: dict[str, str] = {}
    epoch = _EPOCH
    for name in parts.matching(r"xl/workbook\.xml"):
        for event, element in read_events(parts, name):
            tag = local_name(element)
            if event == "start" and tag == "sheet":
                relation = next((value for key, value in element.items() if key.endswith("}id")), "")
                sheets[element.get("name", "")] = relation
            elif event == "start" and tag == "workbookPr" and element.get("date1904") in ("1", "true"):
                epoch = _EPOCH_1904
    return _Workbook(sheets, epoch)


def _relations(parts: ZippedParts) -> dict[str, str]:
    return {
        element.get("Id", ""): element.get("Target", "")
        for name in parts.matching(r"xl/_rels/workbook\.xml\.rels")
        for event, element in read_events(parts, name)
        if event == "start" and local_name(element) == "Relationship"
    }


def _beside_the_cells(parts: ZippedParts) -> Counter[str]:
    """What a workbook holds that stands in no cell, by kind, of all its sheets together."""
    found = Counter({kind: len(parts.matching(pattern)) for kind, pattern in _WHOLE_PARTS.items()})
    for kind, pattern, tag in _ELEMENTS:
        found[kind] += sum(
            event == "start" and local_name(element) == tag
            for name in parts.matching(pattern)
            for event, element in read_events(parts, name)
        )
    # The first of a thread is a comment of the old form too.
    found["comments"] += sum(
        event == "start" and local_name(element) == "threadedComment" and element.get("parentId") is not None
        for name in parts.matching(r"xl/threadedComments/[^/]+\.xml")
        for event, element in read_events(parts, name)
    )
    return +found


def _shared_strings(parts: ZippedParts) -> list[str]:
    strings: list[str] = []
    for name in parts.matching(r"xl/sharedStrings\.xml"):
        text = _Text()
        for event, element in read_events(parts, name):
            text.take(event, element)
            if event == "end" and local_name(element) == "si":
                strings.append(text.pop())
    return strings


def _date_styles(parts: ZippedParts) -> frozenset[int]:
    """The cell styles whose numbers are dates or times."""
    dates = set(_DATE_FORMATS)
    styles: list[int] = []
    in_cell_styles = False
    for name in parts.matching(r"xl/styles\.xml"):
        for event, element in read_events(parts, name):
            tag = local_name(element)
            if tag == "cellXfs":
                in_cell_styles = event == "start"
            elif event == "start" and tag == "numFmt" and _shows_dates(element.get("formatCode", "")):
                dates.add(_whole(element.get("numFmtId")))
            elif event == "start" and tag == "xf" and in_cell_styles:
                styles.append(_whole(element.get("numFmtId")))
    return frozenset(style for style, number_format in enumerate(styles) if number_format in dates)


def _shows_dates(code: str) -> bool:
    """Whether a format shows a date: letters for days, months, years, hours or seconds outside of quotes.

    >>> [_shows_dates(code) for code in ("yyyy-mm-dd", '0.00 "days"', "[Red]0", "hh:mm")]
    [True, False, False, True]
    """
    return re.search("[dmyhs]", _NOT_A_DATE.sub("", code[:_LONGEST_FORMAT]), re.I) is not None


class _Text:
    """The text of a rich text: its `t` elements, without those that only say how it is pronounced."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._pronounced = 0

    def take(self, event: str, element: Element) -> None:
        tag = local_name(element)
        if tag == "rPh":
            self._pronounced += 1 if event == "start" else -1
        elif tag == "t" and event == "end" and not self._pronounced:
            self._pieces.append(element.text or "")

    def pop(self) -> str:
        """The text since the last time it was taken."""
        text = "".join(self._pieces)
        self._pieces.clear()
        return _ESCAPED.sub(lambda escaped: chr(int(escaped[1], 16)), text)


class _Cells:
    """The rows of a sheet, cell by cell."""

    def __init__(self, strings: Sequence[str], date_styles: frozenset[int], epoch: datetime, max_bytes: int) -> None:
        self._strings = strings
        self._date_styles = date_styles
        self._epoch = epoch
        self._max_bytes = max_bytes
        self._row = _SheetRow(0)
        self._size = 0
        self._column = -1
        self._value: str | None = None
        self._has_formula = False
        self._inline = _Text()
        self.formulas_without_value = 0

    def take(self, event: str, element: Element) -> _SheetRow | None:
        """The row that ends with this element, if one does."""
        tag = local_name(element)
        self._inline.take(event, element)
        if event == "start":
            self._start(tag, element)
        elif tag == "v":
            self._value = element.text or ""
        elif tag == "f":
            self._has_formula = True
        elif tag == "c":
            self._end_cell(element)
        elif tag == "row":
            return self._row
        return None

    def _start(self, tag: str, element: Element) -> None:
        if tag == "row":
            number = element.get("r", "")
            self._row = _SheetRow(int(number) if _NUMBER.fullmatch(number) else self._row.number + 1)
            self._size, self._column = 0, -1
        elif tag == "c":
            self._value, self._has_formula = None, False
            self._inline.pop()
            place = _CELL.fullmatch(element.get("r", ""))
            self._column = _column_number(place[1]) if place else self._column + 1

    def _end_cell(self, element: Element) -> None:
        if self._row.error is not None:
            return
        kind = element.get("t", "n")
        # An empty value is one when the formula gives a text.
        if self._has_formula and not self._value and kind != "str":
            self.formulas_without_value += 1
        try:
            if not 0 <= self._column < _MAX_COLUMNS:
                raise RowError("broken_cell", "a cell stands in a column that no sheet has")
            value = self._read(kind, _whole(element.get("s")))
        except RowError as error:
            self._row.error = error
            return
        if value is not None and value != "":
            self._size += len(str(value))
            self._row.cells[self._column] = value
        if self._size > self._max_bytes:
            self._row.error = too_long(self._max_bytes)

    def _read(self, kind: str, style: int) -> Any:
        if kind == "inlineStr":
            return self._inline.pop()
        if not self._value:
            return None
        if kind == "s":
            return self._shared(self._value)
        if kind == "b":
            return self._value == "1"
        if kind == "n":
            number = _number(self._value)
            return self._moment(number) if style in self._date_styles else number
        # A formula's text, an error such as #N/A, or a date in ISO form: as it is written.
        return _ESCAPED.sub(lambda escaped: chr(int(escaped[1], 16)), self._value)

    def _shared(self, index: str) -> str:
        number = int(index) if _NUMBER.fullmatch(index) else -1
        if not 0 <= number < len(self._strings):
            raise RowError("broken_cell", "a cell points to a text that the workbook does not hold")
        return self._strings[number]

    def _moment(self, number: float) -> str:
        """A date, a time or both in ISO form; Excel counts days, and takes 1900 for a leap year."""
        if not 0 <= number < _LAST_DAY:
            raise RowError("bad_date", "a cell holds a date that the calendar does not have", number)
        days = number + 1 if self._epoch == _EPOCH and 1 <= number < 60 else number
        moment = self._epoch + timedelta(milliseconds=round(days * 86_400_000))
        if number < 1:
            return moment.time().isoformat()
        return moment.date().isoformat() if float(number).is_integer() else moment.isoformat()


def _number(text: str) -> int | float:
    if _NUMBER.fullmatch(text):
        return int(text)
    try:
        number = float(text)
    except ValueError as error:
        raise RowError("bad_number", "a cell of numbers holds none") from error
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _whole(text: str | None) -> int:
    return int(text) if text and _NUMBER.fullmatch(text) else 0
