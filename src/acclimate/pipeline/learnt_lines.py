"""The lines that clean took for boilerplate in its newest run, for people to look at."""

from __future__ import annotations

from typing import Any

import pyarrow.parquet as pq

from acclimate.project.workspace import Workspace
from acclimate.stages.clean import BOILERPLATE_FILE


def learnt_lines(workspace: Workspace, *, show_text: bool) -> list[dict[str, Any]]:
    """A row a line, those removed most often first; with the line itself only on demand. An audit event either way."""
    finished = workspace.readable("clean")
    workspace.audit.append("restricted read", by="drops lines", step="clean", key=finished.manifest.key)
    file = finished.artifact.path / BOILERPLATE_FILE
    if not file.exists():
        return []
    table = pq.read_table(file)
    rows: list[dict[str, Any]] = (table if show_text else table.drop_columns("text")).to_pylist()
    return rows
