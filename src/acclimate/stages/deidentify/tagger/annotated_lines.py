"""Annotated texts as JSON Lines: one record a line, with the columns of the record schema that matter here.

    {"id": "n1", "subject_id": "p1", "text": "Seen by Ann Lee.", "spans": [{"start": 8, "end": 15, "label": "PER"}]}

`id` (by default the line) and `subject_id` say whose text it is; `field` of a span is `text` unless it says otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from acclimate.core.errors import DataError
from acclimate.core.schema import TEXT_COLUMNS

_FORM = 'a line is {"subject_id": …, "text": …, "spans": [{"start": …, "end": …, "label": …}]}'


class _Span(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    start: int
    end: int
    label: str
    field: str = "text"


class _Line(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    id: str | None = None
    subject_id: str | None = None
    parents: list[str] | None = None
    text: str | None = None
    prompt: str | None = None
    completion: str | None = None
    chosen: str | None = None
    rejected: str | None = None
    spans: list[_Span] | None = None


def is_json_lines(file: Path) -> bool:
    """Whether a file is taken for JSON Lines, by its name."""
    return file.suffix in (".jsonl", ".ndjson")


def read_json_lines(file: Path) -> list[dict[str, Any]]:
    """The records of a file; blank lines are passed over. Fails at the first line that is none, and names it."""
    rows = []
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                row = _row(line, f"{file.name}, line {number}")
                row["id"] = row["id"] or f"{file.name}:{number}"
                rows.append(row)
    return rows


def check_spans(row: Mapping[str, Any], where: str) -> None:
    """Fails where a span does not lie in the text that it is of."""
    for span in row["spans"] or ():
        text = row.get(span["field"]) if span["field"] in TEXT_COLUMNS else None
        if not 0 <= span["start"] < span["end"] <= len(text or ""):
            raise DataError(
                f"{where}: the span {span['start']} to {span['end']} does not lie in its {span['field']}"
                f" of {len(text or '')} characters.",
                hint="offsets are code points from 0, the end exclusive",
            )


def _row(line: bytes, where: str) -> dict[str, Any]:
    try:
        found = _Line.model_validate(json.loads(line.decode("utf-8-sig")))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the line"
        raise DataError(f"{where} is no annotated record: {place}: {first['msg']}.", hint=_FORM) from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where} is no JSON in UTF-8 ({type(error).__name__}).", hint=_FORM) from None
    row = found.model_dump()
    if any(row[column] and not _is_sound(row[column]) for column in TEXT_COLUMNS):
        raise DataError(f"{where} holds half of a character (a lone surrogate).", hint="write the file anew as UTF-8")
    check_spans(row, where)
    return row


def _is_sound(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
