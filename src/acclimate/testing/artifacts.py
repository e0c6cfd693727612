"""Artifacts from literal rows, so that a test can show all its data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from acclimate.core.artifacts import Artifact, Output, rows_digest
from acclimate.core.atomic import write_json
from acclimate.core.report import Counts, Report
from acclimate.core.schema import RECORD_SCHEMA


def write_artifact(folder: Path, rows: Iterable[Mapping[str, Any]], *, schema: pa.Schema = RECORD_SCHEMA) -> Artifact:
    """An artifact folder with these rows; columns that a row does not name are null."""
    folder.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pylist([dict(row) for row in rows], schema=schema)
    with Output(folder, schema) as output:
        output.keep(table)
    write_json(folder / "report.json", Report("test", Counts(table.num_rows, table.num_rows)).to_json())
    return Artifact(folder, rows_digest(Artifact(folder)))
