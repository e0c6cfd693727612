"""Reads CSV a row at a time: comma, semicolon or tab, quoted cells with line breaks, one header line."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from acclimate.stages.ingest.files import ByteStream, skip_line
from acclimate.stages.ingest.rows import (
    RAW_CHARACTERS,
    Fault,
    Row,
    RowError,
    UnreadableFileError,
    repeated_column,
    too_long,
)

_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}


class DelimitedFile:
    """An open CSV file: its header is read at once, its rows when asked for.

    An empty cell is a missing value: CSV cannot tell the two apart.
    """

    def __init__(self, stream: ByteStream, file_name: str, *, max_bytes: int) -> None:
        self._stream = stream
        self._name = file_name
        self._max_bytes = max_bytes
        self._lines: list[str] = []
        self._line = self._row_bytes = 0
        # The limit is the module's, not the reader's; its default of 131 072 is shorter than a long clinical note.
        csv.field_size_limit(max_bytes)
        self.columns = self._read_header()

    def _read_header(self) -> tuple[str, ...]:
        try:
            header = self._next_line()
            while header and not header.strip():
                header = self._next_line()
            if not header:
                hint = "leave it out, or write it anew"
                raise UnreadableFileError(f"{self._name} holds no line, not even a header.", hint=hint)
            self._delimiter = _likeliest_delimiter(header)
            cells = next(csv.reader(self._with_first(header), delimiter=self._delimiter, strict=True))
        except (csv.Error, RowError) as error:
            raise self._bad_header(str(error)) from error
        if any("\udc80" <= character <= "\udcff" for cell in cells for character in cell):
            raise self._bad_header("it is not in UTF-8")
        names = tuple(cell.strip() or f"column_{number}" for number, cell in enumerate(cells, start=1))
        if repeated := repeated_column(self._name, names):
            raise repeated
        return names

    def _bad_header(self, reason: str) -> UnreadableFileError:
        return UnreadableFileError(
            f"{self._name}, line {self._line}: the header cannot be read ({reason}).",
            hint="save the file as CSV in UTF-8, with the column names in its first line",
            reason="bad_header",
        )

    @property
    def delimiter(self) -> str:
        """What separates its cells, as it was told from the header: comma, semicolon or tab."""
        return _DELIMITERS[self._delimiter]

    def rows(self) -> Iterator[Row | Fault]:
        """The rows after the header; `position` is the line on which a row begins."""
        reader = csv.reader(iter(self._next_line, ""), delimiter=self._delimiter, strict=True)
        while True:
            self._lines.clear()
            self._row_bytes = 0
            position = self._line + 1
            try:
                cells = next(reader)
                if cells:
                    yield Row(position, self._values(cells))
            except StopIteration:
                return
            except RowError as error:
                yield error.at(position, self._raw())
            except csv.Error as error:
                yield self._bad_csv(error).at(position, self._raw())

    def _values(self, cells: list[str]) -> dict[str, str | None]:
        if len(cells) != len(self.columns):
            raise RowError(
                "wrong_columns",
                f"the row has {len(cells)} cells where the header has {len(self.columns)}",
                len(cells),
            )
        try:
            "".join(cells).encode()
        except UnicodeEncodeError as error:
            raise RowError("bad_utf8", "the row is not valid UTF-8") from error
        return {column: cell or None for column, cell in zip(self.columns, cells, strict=True)}

    def _bad_csv(self, error: csv.Error) -> RowError:
        if "field limit" in str(error):
            return too_long(self._max_bytes)
        return RowError("bad_csv", f"the quotes of this row do not match ({error})", str(error))

    def _raw(self) -> str:
        text = "".join(self._lines)
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")

    def _with_first(self, first: str) -> Iterator[str]:
        yield first
        yield from iter(self._next_line, "")

    def _next_line(self) -> str:
        """The next line; bytes that are not UTF-8 become lone surrogates, so that only their row fails."""
        line = self._stream.readline(self._max_bytes + 1)
        if line:
            self._line += 1
            self._row_bytes += len(line)
        text = line.decode("utf-8", "surrogateescape")
        self._lines.append(text[:RAW_CHARACTERS])
        if len(line) > self._max_bytes and not line.endswith(b"\n"):
            skip_line(self._stream)
            raise too_long(self._max_bytes)
        if self._row_bytes > self._max_bytes:
            # Quotes that match nowhere make one row of many lines, each cell of which is short enough.
            raise too_long(self._max_bytes)
        return text


def _likeliest_delimiter(header: str) -> str:
    """The delimiter that gives the header the most columns; the comma where there is only one."""

    def columns(delimiter: str) -> int:
        try:
            return len(next(csv.reader([header], delimiter=delimiter)))
        except csv.Error:
            return 0

    return max(_DELIMITERS, key=columns)
