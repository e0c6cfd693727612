"""Values of tables in the types of JSON, the same wherever a table is read: a Parquet file or a database."""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID


def without_nan(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with null for NaN, which JSON does not know."""
    return {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in row.items()}


def plain_value(value: Any) -> Any:
    """A value of a table cell in the types of JSON; TypeError, with the name of its type, where it has no form there.

    NaN, which tables use for a missing value, becomes None; numbers of fixed digits become text, so as to stay exact.

    >>> plain_value(Decimal("1.10")), plain_value(float("nan")), plain_value(date(2024, 3, 1))
    ('1.10', None, '2024-03-01')
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, Mapping):
        return {str(key): plain_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_value(item) for item in value]
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal | UUID | timedelta):
        return str(value)
    if isinstance(value, bytes | memoryview):
        return b64encode(value).decode("ascii")
    raise TypeError(type(value).__name__)
