"""A project that compares a model trained elsewhere with its base: made from three names, no acclimate.yaml to write."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from acclimate.core.atomic import write_bytes
from acclimate.core.errors import SourceError, WorkspaceError
from acclimate.core.sources import WILDCARDS
from acclimate.pipeline.config import check_config
from acclimate.project.workspace import PROJECT_FILE


def write_comparison(
    folder: Path, *, base: str, model: str, test: Path, columns: Mapping[str, str], task: str = "generation"
) -> None:
    """Writes the acclimate.yaml of a comparison into a folder; equal arguments give an equal file, so that runs resume.

    Any other acclimate.yaml that stands there is left alone and the comparison refused; so is one that is not valid
    or whose test file is missing, so that the mended command finds no file in its way.
    """
    if not test.exists() and not WILDCARDS & set(str(test)):
        raise SourceError(f"There is no test file {test}.", hint="check the path that --test gives")
    source = {
        "path": str(test.resolve()),
        "name": "test",
        "role": "test",
        **({"columns": dict(columns)} if columns else {}),
    }
    config = {
        "project": "comparison",
        "task": str(task),
        "base": _absolute(base),
        "model": _absolute(model),
        "ingest": {"sources": [source]},
    }
    check_config(config)
    file, content = folder / PROJECT_FILE, yaml.safe_dump(config, sort_keys=False).encode()
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_bytes(file, content)
    elif file.read_bytes() != content:
        raise WorkspaceError(
            f"{file} is that of another project or comparison, and this comparison would replace it.",
            hint="give a folder of its own with --output DIR, or remove that file if it is no longer wanted",
        )


def _absolute(name: str) -> str:
    """A path as seen from anywhere; other names stay as they are."""
    return str(Path(name).resolve()) if Path(name).exists() else name
