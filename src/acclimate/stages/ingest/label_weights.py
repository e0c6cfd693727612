"""The weights of a record's labels, as annotators' posteriors come: an object of numbers by label, or a list of pairs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from acclimate.stages.ingest.rows import RowError


def read_label_weights(cell: Any) -> list[dict[str, Any]] | None:
    """Labels with their weights, numbers from 0 up that need not sum to one; RowError where the cell is neither form.

    >>> read_label_weights('{"urgent": 0.7, "routine": 0.3}')
    [{'label': 'urgent', 'weight': 0.7}, {'label': 'routine', 'weight': 0.3}]
    >>> read_label_weights([{"label": "urgent", "weight": 2}])
    [{'label': 'urgent', 'weight': 2.0}]
    """
    if cell is None or cell == "":
        return None
    return [{"label": label, "weight": weight} for label, weight in _pairs(_parsed(cell))]


def _parsed(cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    try:
        return json.loads(cell)
    except (ValueError, RecursionError) as error:
        raise RowError("bad_label_weights", "label_weights is text that is no JSON", type(error).__name__) from error


def _pairs(value: Any) -> Iterator[tuple[str, float]]:
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list) and all(isinstance(one, dict) for one in value):
        pairs = [(one.get("label"), one.get("weight")) for one in value]
    else:
        raise RowError("bad_label_weights", "label_weights is neither an object nor a list of labels with weights")
    for label, weight in pairs:
        number = isinstance(weight, int | float) and not isinstance(weight, bool)
        if not isinstance(label, str) or not label or not number or not 0 <= weight < math.inf:
            raise RowError("bad_label_weights", "label_weights has a weight that is no number from 0 up, or no label")
        yield label, float(weight)
