"""Values that are no text as text: numbers, lists and tables, as `texts:` of a source asks for."""

from __future__ import annotations

import json
from typing import Any

from acclimate.stages.ingest.layout import TextLayout
from acclimate.stages.ingest.rows import RowError

_SCALAR = str | bool | int | float | None


def value_text(value: Any, column: str, *, max_bytes: int) -> str:
    """A value as text: numbers as JSON writes them, a list one element a line, a list of lists as a table.

    A table has its rows on lines and ` | ` between cells, as those of HTML and Word documents have. An object, or a
    list of anything deeper, is a RowError: its fields have to be named.

    >>> value_text([["", "2019", "2018"], ["Sensors", 914, None]], "table", max_bytes=100)
    '| 2019 | 2018\\nSensors | 914'
    >>> value_text(["2019", "2018"], "answer", max_bytes=100), value_text(-12.6, "answer", max_bytes=100)
    ('2019\\n2018', '-12.6')
    """
    if isinstance(value, _SCALAR):
        return _scalar_text(value)
    if isinstance(value, list) and all(isinstance(one, _SCALAR) for one in value):
        return "\n".join(text for text in map(_scalar_text, value) if text)
    if isinstance(value, list) and all(_is_table_row(one) for one in value):
        return _table_text(value, max_bytes=max_bytes)
    kind = "an object" if isinstance(value, dict) else "a list of objects, or of lists in lists"
    raise RowError("bad_type", f"{column} is {kind}, which has no form as text; name its fields", kind)


def cell_text(value: Any, part: str) -> str | None:
    """A cell that holds one value as text: numbers and truth values as JSON writes them; a RowError for anything deeper.

    >>> cell_text(True, "label"), cell_text(None, "label")
    ('true', None)
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    kind = "a list" if isinstance(value, list) else "an object"
    raise RowError("bad_type", f"{part} is {kind} where a text is needed", kind)


def _scalar_text(value: _SCALAR) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value)


def _is_table_row(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(cell, _SCALAR) for cell in value)


def _table_text(rows: list[list[_SCALAR]], *, max_bytes: int) -> str:
    layout = TextLayout(max_bytes=max_bytes)
    for row in rows:
        layout.start_row()
        for cell in row:
            layout.start_cell()
            layout.write(" ".join(_scalar_text(cell).split()))
        layout.end_row()
    return layout.text
