"""A project that compares a model trained elsewhere with its base: made from three names, no acclimate.yaml to write."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from acclimate.core.atomic import write_bytes
from acclimate.project.workspace import PROJECT_FILE


def write_comparison(
    folder: Path, *, base: str, model: str, test: Path, columns: Mapping[str, str], task: str = "generation"
) -> None:
    """Writes the acclimate.yaml of a comparison into a folder; equal arguments give an equal file, so that runs resume."""
    folder.mkdir(parents=True, exist_ok=True)
    source = {
        "path": str(test.resolve()),
        "name": "test",
        "role": "test",
        **({"columns": dict(columns)} if columns else {}),
    }
    config = {
        "project": "comparison",
        "task": task,
        "base": _absolute(base),
        "model": _absolute(model),
        "ingest": {"sources": [source]},
    }
    write_bytes(folder / PROJECT_FILE, yaml.safe_dump(config, sort_keys=False).encode())


def _absolute(name: str) -> str:
    """A path as seen from anywhere; other names stay as they are."""
    return str(Path(name).resolve()) if Path(name).exists() else name
