"""Collects and ingests literal files, and gives back everything that came out."""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from acclimate.collect.snapshots import collect
from acclimate.core.artifacts import Artifact, Output
from acclimate.core.ports import Context
from acclimate.core.progress import no_progress
from acclimate.core.report import Report
from acclimate.stages.ingest import STAGE, IngestConfig


@dataclass(frozen=True)
class Ingested:
    """The records in order, the rows set aside, the report, and where it all lies."""

    records: list[dict[str, Any]]
    dropped: list[dict[str, Any]]
    report: Report
    artifact: Artifact

    @property
    def record(self) -> dict[str, Any]:
        """The only record."""
        [record] = self.records
        return record

    @property
    def reasons(self) -> list[str]:
        """Why rows were set aside, in order."""
        return [row["reason"] for row in self.dropped]

    def columns(self, *names: str) -> list[tuple[Any, ...]]:
        """Some columns of all records."""
        return [tuple(record[name] for name in names) for record in self.records]


class SequentialEngine:
    """Maps batches one after another."""

    def map_batches(self, function: Callable[[Any], Any], batches: Any) -> Any:
        """The results, in order."""
        return map(function, batches)


def write_files(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Writes literal files; those called .gz are packed."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content.encode() if isinstance(content, str) else content
        packed = name.endswith(".gz") and not data.startswith(b"\x1f\x8b")
        path.write_bytes(gzip.compress(data, mtime=0) if packed else data)


def ingest_files(
    folder: Path,
    files: Mapping[str, str | bytes],
    *sources: Mapping[str, Any],
    batch_rows: int = 1024,
    between: Callable[[Path, Path], None] | None = None,
    erased: Path | None = None,
    secrets: Mapping[str, bytes] | None = None,
    **settings: Any,
) -> Ingested:
    """Writes the files to the folder, collects and ingests them; `between` may spoil what was collected."""
    write_files(folder, files)
    config = IngestConfig.model_validate({"sources": sources or _one_each(files), **settings})
    set_aside = config.on_error == "set_aside"
    snapshot = collect(config.sources, folder=folder, snapshots=folder / "snapshots", set_aside=set_aside)
    if between:
        between(folder, folder / "snapshots")
    (folder / "output").mkdir()
    context = Context(folder / "partial", no_progress, SequentialEngine(), secrets=secrets or {}, batch_rows=batch_rows)
    inputs = {"snapshot": snapshot.artifact(), **({"erased": Artifact(erased)} if erased else {})}
    with Output(folder / "output") as output:
        report = STAGE.run(config, inputs, output, context)
    report.counts.check()
    artifact = Artifact(folder / "output")
    return Ingested(list(artifact.rows()), artifact.dropped().to_pylist(), report, artifact)


@pytest.fixture(scope="session")
def ingest(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Ingested]:
    """`ingest({"a.jsonl": "..."}, {"path": "a.jsonl"}, on_error="set_aside")`; by default one source a file."""
    numbers = itertools.count()

    def run(files: Mapping[str, str | bytes], *sources: Mapping[str, Any], **settings: Any) -> Ingested:
        return ingest_files(tmp_path_factory.mktemp(f"ingest-{next(numbers)}"), files, *sources, **settings)

    return run


def _one_each(files: Mapping[str, str | bytes]) -> Sequence[Mapping[str, Any]]:
    return [{"path": name} for name in files]
