"""Parquet files of a dataset, row by row, with the features that the datasets library notes in them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from acclimate.annotation.formats.json_files import Row
from acclimate.core.errors import SourceError
from acclimate.core.json_values import plain_value

_ROWS = 512
_NOTED = b"huggingface"


def parquet_paths(path: Path) -> list[Path]:
    """The Parquet files of a folder, or the file itself; none where there are none."""
    return [path] if path.is_file() and path.suffix == ".parquet" else sorted(path.rglob("*.parquet"))


def features_of(path: Path) -> dict[str, Any]:
    """The features that a file notes, by column; empty where it notes none."""
    with _readable(path):
        noted = (pq.read_schema(path).metadata or {}).get(_NOTED, b"{}")
        info = json.loads(noted).get("info", {}).get("features", {})
    return info if isinstance(info, dict) else {}


def parquet_rows(path: Path) -> Iterator[Row]:
    """The rows of a file as JSON values, class labels by their names."""
    features = features_of(path)
    number = 0
    with _readable(path), pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=_ROWS):
            for values in batch.to_pylist():
                number += 1
                place = f"row {number} of {path.name}"
                yield Row({name: _cell(value, features.get(name), place) for name, value in values.items()}, place)


def feature_metadata(features: Mapping[str, Any]) -> dict[bytes, bytes]:
    """What a file notes so that the datasets library knows its features."""
    return {_NOTED: json.dumps({"info": {"features": dict(features)}}).encode()}


def _cell(value: Any, feature: Any, place: str) -> Any:
    try:
        return _named(plain_value(value), feature)
    except TypeError as error:
        raise SourceError(f"{place} holds a value of the type {error}.", hint="leave that column out") from None


def _named(value: Any, feature: Any) -> Any:
    """A class label's name in place of its number."""
    if isinstance(feature, dict) and feature.get("_type") == "ClassLabel" and isinstance(value, int):
        names = feature.get("names") or []
        return names[value] if 0 <= value < len(names) else None
    if isinstance(feature, dict) and isinstance(value, list):
        return [_named(one, feature.get("feature")) for one in value]
    return value


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, ValueError, AttributeError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the system's own: no such file, no permission
        what = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise SourceError(f"{path.name} is no Parquet file that can be read ({what}).", hint="copy it anew") from None
