"""Runs a record stage on literal rows and gives back everything it wrote."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from acclimate.backends.engine import LocalEngine
from acclimate.core.artifacts import Artifact, Output
from acclimate.core.ports import Context
from acclimate.core.progress import no_progress
from acclimate.core.report import Report
from acclimate.core.stage import Stage
from acclimate.testing import write_artifact

Rows = Iterable[Mapping[str, Any]]


@dataclass(frozen=True)
class StageRun:
    """What one run gave: `kept` by id, `dropped` as {id: (reason, value)}, the report, and the artifact itself."""

    kept: dict[str, dict[str, Any]]
    dropped: dict[str, tuple[str, str]]
    report: Report
    artifact: Artifact


@pytest.fixture(scope="session")
def run_stage(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., StageRun]:
    """`run_stage(STAGE, rows, {"field": value})`; further inputs by role, as artifacts."""
    numbers = itertools.count()

    def run(
        stage: Stage,
        rows: Rows,
        config: Mapping[str, Any] | None = None,
        *,
        batch_rows: int = 1024,
        secrets: Mapping[str, bytes] | None = None,
        **roles: Artifact,
    ) -> StageRun:
        folder = tmp_path_factory.mktemp(f"stage-{next(numbers)}")
        inputs = {"records": write_artifact(folder / "records", rows), **roles}
        (folder / "output").mkdir()
        context = Context(folder / "partial", no_progress, LocalEngine(), secrets=secrets or {}, batch_rows=batch_rows)
        with Output(folder / "output", stage.schema) as output:
            report = stage.run(stage.config.model_validate(config or {}), inputs, output, context)
        report.counts.check()
        return read_run(Artifact(folder / "output"), report)

    return run


def read_run(artifact: Artifact, report: Report) -> StageRun:
    """Everything a stage wrote."""
    return StageRun(
        kept={row["id"]: row for row in artifact.rows()},
        dropped={row["id"]: (row["reason"], row["value"]) for row in artifact.dropped().to_pylist()},
        report=report,
        artifact=artifact,
    )
