"""Lays out the text of marked-up documents: paragraphs, headings, lists and tables as a reader would see them."""

from __future__ import annotations

import re

from acclimate.stages.ingest.rows import too_long

_LINE, _PARAGRAPH = 1, 2
_SPACE = re.compile(r"[ \t\r\n\f]+")
_CELL = " | "


class TextLayout:
    """Gathers the text of a document piece by piece; fails as soon as it is longer than `max_bytes`.

    Breaks are remembered and written before the next text, so that empty elements leave no empty lines.

    >>> layout = TextLayout(max_bytes=100)
    >>> layout.start_row(); layout.start_cell(); layout.write("dose"); layout.end_paragraph()
    >>> layout.start_cell(); layout.write("5 mg"); layout.end_row(); layout.write("daily")
    >>> layout.text
    'dose | 5 mg\\ndaily'
    """

    def __init__(self, *, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._size = 0
        self._parts: list[str] = []
        self._break = 0
        self._space = False
        self._cells = 0
        self._at_cell_start = False
        self._break_before_row = 0
        self._rows: list[bool] = []
        self._before = ""

    @property
    def text(self) -> str:
        """All that was written."""
        return "".join(self._parts)

    def write(self, text: str) -> None:
        """Adds text as it is."""
        if not text:
            return
        if self._parts and self._break:
            self._add("\n" * self._break)
        elif self._parts and self._space and not self._cells:
            self._add(" ")
        if self._cells:
            at_line_start = not self._parts or self._break > 0
            self._add((_CELL * self._cells).lstrip() if at_line_start else _CELL * self._cells)
        self._add(self._before + text)
        self._before = ""
        self._break = self._cells = self._break_before_row = 0
        self._space = self._at_cell_start = False

    def write_flowing(self, text: str) -> None:
        """Adds text in which any white space is one space, also across pieces, as in HTML."""
        words = _SPACE.sub(" ", text)
        if words.startswith(" "):
            self._space = True
        if words.strip(" "):
            self.write(words.strip(" "))
            self._space = words.endswith(" ")

    def start_marked(self, mark: str) -> None:
        """A heading or a list item begins: its text, if any comes, stands behind the mark."""
        self._before = mark

    def end_marked(self) -> None:
        """The heading or list item ends; one without text leaves no mark."""
        self._before = ""

    def end_line(self) -> None:
        """What follows stands on a new line."""
        self._request(_LINE)

    def end_paragraph(self) -> None:
        """What follows stands after an empty line."""
        self._request(_PARAGRAPH)

    def start_row(self) -> None:
        """A row of a table begins, on a new line."""
        self._request(_LINE)
        self._break_before_row = self._break
        self._rows.append(True)

    def start_cell(self) -> None:
        """A cell begins; it goes on the line of the row, whatever breaks the cell before it ended with."""
        if not self._rows or self._rows[-1]:
            self._rows[-1:] = [False]
        else:
            self._cells += 1
            self._break = self._break_before_row
        self._space = False
        self._at_cell_start = True

    def end_row(self) -> None:
        """The row ends; cells left empty at its end leave no mark."""
        if self._rows:
            self._rows.pop()
        self._cells = 0
        self._at_cell_start = False
        if not self._break_before_row:
            self._break = _LINE

    def _request(self, lines: int) -> None:
        if not (self._at_cell_start or self._before):
            self._break = max(self._break, lines)
            self._space = False

    def _add(self, piece: str) -> None:
        self._size += len(piece)
        if self._size > self._max_bytes:
            raise too_long(self._max_bytes)
        self._parts.append(piece)
