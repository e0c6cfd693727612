"""A sample of dropped records as a file for people to mark, and the marks read back.

The file holds record text: it is readable by its owner alone, and lies in the restricted zone unless its maker names
another place. A spreadsheet opens it without running anything in it.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from acclimate.core.atomic import write_bytes
from acclimate.core.csv_tables import csv_table
from acclimate.core.errors import DataError, SourceError, WorkspaceError
from acclimate.core.reinclusion import id_digest
from acclimate.pipeline.drops import DroppedRecord
from acclimate.project.judgements import Judgement

MARK = "rightly_dropped"
COLUMNS = ("step", "rule", "record", "id", "value", "threshold", "text", MARK)
_NEEDED = ("step", "rule", "record", MARK)
FORMATS = (".csv", ".jsonl")
_MARKS = {"yes": True, "y": True, "true": True, "1": True, "no": False, "n": False, "false": False, "0": False}
_OPEN = ("", "?")
_DIGEST = re.compile("k[0-9a-f]{32}")
_LONGEST_CELL = 30_000


@dataclass(frozen=True)
class Marks:
    """The marks of a file, and how many of its records bear none."""

    judgements: list[Judgement]
    open: int


def write_sample(path: Path, records: Iterable[DroppedRecord]) -> None:
    """Writes the records with an empty column for the mark; a file that is there already is never replaced."""
    if path.suffix not in FORMATS:
        raise WorkspaceError(f"{path.name} is neither .csv nor .jsonl.", hint="name the file, for example, sample.csv")
    if path.exists():
        raise WorkspaceError(
            f"{path} is there already, and may hold marks.",
            hint="name another file, or read it first: acclimate drops judge",
        )
    rows = [_row(record) for record in records]
    content = (
        csv_table(COLUMNS, ([_short(cell) for cell in row.values()] for row in rows))
        if path.suffix == ".csv"
        else "".join(json.dumps(row) + "\n" for row in rows)
    )
    write_bytes(path, content.encode(), mode=0o600)


def read_marks(path: Path) -> Marks:
    """The marks that people set: yes or no, empty or ? where they could not tell."""
    judgements: dict[tuple[str, str, str], Judgement] = {}
    left_open = 0
    for number, row in _rows(path):
        mark = _mark(path, number, row)
        if mark is None:
            left_open += 1
            continue
        judgement = Judgement(step=row["step"], rule=row["rule"], record=row["record"], rightly_dropped=mark)
        key = (judgement.step, judgement.rule, judgement.record)
        if judgements.setdefault(key, judgement) != judgement:
            raise DataError(
                f"{path.name}, {number}: the record is marked twice, once yes and once no.", hint="keep one of them"
            )
    return Marks(list(judgements.values()), left_open)


def _row(record: DroppedRecord) -> dict[str, str]:
    values = (
        record.step,
        record.rule,
        id_digest(record.id),
        record.id,
        record.value,
        record.threshold or "",
        record.text,
    )
    return dict(zip(COLUMNS, (*values, ""), strict=True))


def _short(cell: str) -> str:
    """The cell, cut where a spreadsheet would cut it, which says nothing then."""
    return cell if len(cell) <= _LONGEST_CELL else f"{cell[:_LONGEST_CELL]}…"


def _rows(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Each row with the words that say where it stands."""
    try:
        content = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{path.name} is not in UTF-8.", hint="save it again as CSV UTF-8") from error
    rows = _csv_rows(path, content) if path.suffix == ".csv" else _json_rows(path, content)
    for number, row in rows:
        missing = [name for name in _NEEDED if not isinstance(row.get(name), str)]
        if missing:
            raise DataError(
                f"{path.name}, {number}, lacks {missing[0]}.", hint="mark a file of: acclimate drops sample"
            )
        if not _DIGEST.fullmatch(row["record"]):
            raise DataError(
                f"{path.name}, {number}: the column record does not name a record.",
                hint="change nothing but the column rightly_dropped",
            )
        yield number, row


def _csv_rows(path: Path, content: str) -> Iterator[tuple[str, dict[str, str]]]:
    heading = content.partition("\n")[0]
    # Where a comma is the decimal sign, spreadsheets save CSV with semicolons.
    reader = csv.DictReader(io.StringIO(content, newline=""), delimiter=";" if "step;" in heading else ",")
    try:
        for row in reader:
            yield f"line {reader.line_num}", row
    except csv.Error as error:
        raise DataError(
            f"{path.name}, line {reader.line_num}, is not CSV ({error}).", hint="mark a file of: acclimate drops sample"
        ) from error


def _json_rows(path: Path, content: str) -> Iterator[tuple[str, dict[str, str]]]:
    for number, line in enumerate(content.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise DataError(f"{path.name}, line {number}, is not JSON.", hint="mend that line") from error
        fields = row.items() if isinstance(row, dict) else ()
        yield f"line {number}", {name: "" if value is None else str(value) for name, value in fields}


def _mark(path: Path, number: str, row: Mapping[str, str]) -> bool | None:
    mark = row[MARK].strip().lower()
    if mark in _OPEN:
        return None
    if mark not in _MARKS:
        raise DataError(
            f"{path.name}, {number}: {MARK} is neither yes nor no.", hint="leave it empty where you cannot tell"
        )
    return _MARKS[mark]
