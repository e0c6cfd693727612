"""Runs the deidentify stage on literal rows with a key."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pytest

from acclimate.core.artifacts import Artifact, Output
from acclimate.core.ports import Context
from acclimate.core.progress import no_progress
from acclimate.core.report import Report
from acclimate.stages.deidentify import STAGE
from acclimate.testing import write_artifact

KEY = bytes(range(32))


class InOrder:
    """An engine that calls the function on one batch after another."""

    def map_batches(
        self, function: Callable[[pa.RecordBatch], Any], batches: Iterable[pa.RecordBatch]
    ) -> Iterator[Any]:
        """The results, in order."""
        return map(function, batches)


@dataclass(frozen=True)
class Deidentified:
    """The open rows, in input order, and the report."""

    rows: list[dict[str, Any]]
    report: Report

    @property
    def texts(self) -> list[str]:
        """The texts, in input order."""
        return [row["text"] for row in self.rows]


@pytest.fixture(scope="session")
def deidentify(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Deidentified]:
    """`deidentify(rows, key=KEY, batch_rows=2, day_first=True)`."""
    numbers = itertools.count()

    def run(
        rows: Iterable[Mapping[str, Any]],
        *,
        secrets: Mapping[str, bytes] | None = None,
        key: bytes = KEY,
        batch_rows: int = 1024,
        **config: Any,
    ) -> Deidentified:
        folder = tmp_path_factory.mktemp(f"deidentify-{next(numbers)}")
        inputs = {"records": write_artifact(folder / "records", rows)}
        (folder / "output").mkdir()
        known = {"surrogates": key} if secrets is None else secrets
        context = Context(folder / "partial", no_progress, InOrder(), secrets=known, batch_rows=batch_rows)
        with Output(folder / "output", STAGE.schema) as output:
            report = STAGE.run(STAGE.config.model_validate(config), inputs, output, context)
        report.counts.check()
        return Deidentified(list(Artifact(folder / "output").rows()), report)

    return run
