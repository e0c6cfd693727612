"""The list of terms that people edit: what was found is added to it, and nothing that stands there is touched."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from acclimate.core.atomic import write_bytes
from acclimate.core.csv_tables import neutral_cell
from acclimate.core.glossary import folded
from acclimate.stages.glossary.edited import COLUMNS, parse_list


def extend_list(path: Path, found: Iterable[Mapping[str, Any]]) -> int:
    """Adds the terms that the list does not name yet, strongest evidence first, and returns how many they are.

    What people wrote stays byte for byte. Raises SourceError for a file that is no such list.
    """
    before = path.read_bytes() if path.exists() else ",".join(COLUMNS).encode() + b"\n"
    known = parse_list(before, path.name)
    new = [row for row in found if folded(row["term"]) not in known]
    ordered = sorted(new, key=lambda row: (row["kind"], -(row["subjects"] or 0), row["term"]))
    if ordered or not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, before + _lines(before, ordered))
    return len(ordered)


def _lines(before: bytes, rows: Iterable[Mapping[str, Any]]) -> bytes:
    """The rows under the columns that the list has."""
    text = before.decode("utf-8-sig")
    columns = next(csv.reader(io.StringIO(text, newline="")))
    written = io.StringIO(newline="")
    ending = "\r\n" if "\r\n" in text else "\n"
    if not text.endswith("\n"):
        written.write(ending)
    writer = csv.DictWriter(written, columns, lineterminator=ending)
    writer.writerows({name: _cell(row.get(name)) for name in columns} for row in rows)
    return written.getvalue().encode()


def _cell(value: str | int | None) -> str:
    return "" if value is None else neutral_cell(str(value))
