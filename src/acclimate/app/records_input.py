"""Records that a manager pastes or uploads, as JSON lines or CSV: each becomes an item, or the line is named."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from acclimate.annotation.items import NewItem
from acclimate.core.errors import DataError
from acclimate.core.schema import TEXT_COLUMNS

ARM = "candidate:"
"""What a CSV column of outputs to compare begins with; the rest names what made them."""
GOLD = "gold:"
"""What a CSV column begins with that holds the right answer to a question; JSON lines have an object `gold`."""
_PLAIN = (*TEXT_COLUMNS, "site", "subject_id")
_READ_APART = ("id", "collected_at", "messages", "candidates", "gold")


def read_items(text: str) -> list[NewItem]:
    """The items in JSON lines or CSV with a header; a record without id gets one from its content.

    Columns that no record has are kept as attributes. Raises DataError for the first line that cannot be an item.

    >>> [item.record["text"] for item in read_items("id,text,site\\nn1,Chest pain.,north\\n")]
    ['Chest pain.']
    """
    rows = _json_rows(text) if text.lstrip().startswith("{") else _csv_rows(text)
    items = [_item(line, row) for line, row in rows]
    if not items:
        raise DataError("There is no record in what was given.", hint="give JSON lines, or CSV with a header")
    return items


def _json_rows(text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for line, content in enumerate(text.split("\n"), start=1):
        if not content.strip():
            continue
        try:
            row = json.loads(content)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise DataError(f"Line {line} is not a JSON object.", hint="give one JSON object a line")
        yield line, row


def _csv_rows(text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in rows:
            if None in row or None in row.values():
                raise DataError(
                    f"Line {rows.line_num} has not as many cells as the header.", hint="put quotes around commas"
                )
            arms = {name[len(ARM) :]: cell for name, cell in row.items() if name.startswith(ARM) and cell}
            gold = {name[len(GOLD) :]: cell for name, cell in row.items() if name.startswith(GOLD) and cell}
            plain = {name: cell for name, cell in row.items() if cell and not name.startswith((ARM, GOLD))}
            yield rows.line_num, {**plain, **({"candidates": arms} if arms else {}), **({"gold": gold} if gold else {})}
    except csv.Error as error:
        raise DataError(f"Line {rows.line_num} is not CSV: {error}.", hint="save it as CSV with a header") from None


def _item(line: int, row: Mapping[str, Any]) -> NewItem:
    record: dict[str, Any] = {name: _text(line, name, row[name]) for name in _PLAIN if row.get(name) is not None}
    if row.get("collected_at") is not None:
        record["collected_at"] = _moment(line, row["collected_at"])
    if "messages" in row:
        record["messages"] = _messages(line, row["messages"])
    candidates = row.get("candidates") or {}
    if not isinstance(candidates, dict):
        raise DataError(f"Line {line}: candidates must give a text for each arm.", hint='{"arm": "text", …}')
    outputs = {arm: _text(line, "a candidate", output) for arm, output in candidates.items()}
    if not (outputs or record.keys() & {*TEXT_COLUMNS, "messages"}):
        raise DataError(
            f"Line {line} has nothing to read.", hint=f"name a column text, or {', '.join(TEXT_COLUMNS[1:])}"
        )
    others = {name: row[name] for name in row if name not in (*_PLAIN, *_READ_APART)}
    if others:
        record["attributes"] = [{"name": name, "value": _value(value)} for name, value in sorted(others.items())]
    gold = row.get("gold")
    if gold is not None and not isinstance(gold, dict):
        raise DataError(f"Line {line}: gold must give the right answer by question.", hint='{"urgent": "yes"}')
    return NewItem({"id": _id(line, row, record, outputs), **record}, candidates=outputs, gold=gold)


def _id(line: int, row: Mapping[str, Any], record: Mapping[str, Any], outputs: Mapping[str, str]) -> str:
    given = row.get("id")
    if given is None:
        content = json.dumps([record, outputs], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]
    found = str(given) if isinstance(given, int) and not isinstance(given, bool) else _text(line, "id", given)
    if not found.strip() or len(found) > 200 or not found.isprintable():
        raise DataError(f"Line {line}: the id is empty, too long or not printable.", hint="at most 200 characters")
    return found


def _messages(line: int, value: Any) -> list[dict[str, Any]]:
    usable = isinstance(value, list) and value and all(isinstance(turn, dict) for turn in value)
    if not usable:
        raise DataError(f"Line {line}: messages must be a list of turns.", hint='[{"role": "user", "content": "…"}]')
    return [
        {"role": _text(line, "role", t.get("role")), "content": _text(line, "content", t.get("content"))} for t in value
    ]


def _moment(line: int, value: Any) -> str:
    """A date or time as records hold it; without a time zone it is taken for UTC."""
    try:
        found = datetime.fromisoformat(_text(line, "collected_at", value))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        raise DataError(f"Line {line}: collected_at is no date.", hint="write it as 2026-03-01") from None


def _text(line: int, name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise DataError(f"Line {line}: {name} is not a text.", hint="put it in quotes")
    if "\0" in value or not _is_unicode(value):
        raise DataError(f"Line {line}: {name} holds a character that is none.", hint="save the file as UTF-8")
    return value


def _is_unicode(value: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
