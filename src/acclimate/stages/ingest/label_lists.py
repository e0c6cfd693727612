"""The labels of a record that may have several: a list of names, or a text in which a separator stands between them."""

from __future__ import annotations

import json
from typing import Any

from acclimate.stages.ingest.rows import RowError
from acclimate.stages.ingest.value_texts import cell_text

_REASON = "bad_labels"


def read_labels(cell: Any, *, separator: str) -> list[dict[str, Any]] | None:
    """Each label with the weight 1; empty for an empty list, None for an empty cell, which says nothing of the labels.

    A text is a list in JSON, or the names with `separator` between them; without one it is a single name. RowError where
    the cell is none of these.

    >>> read_labels("billing; urgent", separator=";")
    [{'label': 'billing', 'weight': 1.0}, {'label': 'urgent', 'weight': 1.0}]
    >>> read_labels("[]", separator=";"), read_labels(None, separator=";")
    ([], None)
    """
    if cell is None or cell == "":
        return None
    names = [_name(one) for one in _parts(cell, separator)]
    return [{"label": name, "weight": 1.0} for name in dict.fromkeys(names)]


def _parts(cell: Any, separator: str) -> list[Any]:
    if isinstance(cell, list):
        return cell
    if not isinstance(cell, str):
        return [cell]
    if cell.lstrip().startswith("["):
        return _parsed(cell)
    parts = [part for part in cell.split(separator) if part.strip()] if separator else [cell]
    if not parts:
        raise RowError(_REASON, "labels names no label; an empty list, [], says that a record has none")
    return parts


def _parsed(text: str) -> list[Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RowError(_REASON, "labels begins with [ and is no list in JSON", type(error).__name__) from error
    if not isinstance(value, list):
        raise RowError(_REASON, "labels begins with [ and is no list in JSON", type(value).__name__)
    return value


def _name(value: Any) -> str:
    if isinstance(value, dict | list):
        raise RowError(_REASON, "labels holds something else than names; map weights to label_weights")
    name = (cell_text(value, "labels") or "").strip()
    if not name:
        raise RowError(_REASON, "labels holds an empty name")
    return name
