"""Predictions from literal numbers: what each arm gives for each item."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from acclimate.core.artifacts import Artifact, Output
from acclimate.core.ports import Context
from acclimate.core.progress import no_progress
from acclimate.core.schema import PREDICTION_SCHEMA
from acclimate.stages.evaluate import STAGE, EvaluateConfig
from acclimate.testing import write_artifact


@dataclass
class Bench:
    """Writes inputs and runs the stage on them."""

    folder: Path

    def records(self, rows) -> Artifact:
        filled = [{"split": "test", "prompt": "?", "completion": "yes it is", **row} for row in rows]
        return write_artifact(self.folder / "records", filled)

    def general(self, rows) -> Artifact:
        return write_artifact(self.folder / "general", rows)

    def predictions(self, arm, rows) -> Artifact:
        filled = [{"suite": "task", "candidate": "reference", **row} for row in rows]
        return write_artifact(self.folder / arm, filled, schema=PREDICTION_SCHEMA)

    def evaluate(self, inputs, **config):
        """The report and the item rows."""
        output_folder, partial = self.folder / "output", self.folder / "partial"
        output_folder.mkdir()
        partial.mkdir()
        context = Context(partial=partial, progress=no_progress, engine=None)
        settings = EvaluateConfig(**{"resamples": 400, **config})
        with Output(output_folder, STAGE.schema) as output:
            report = STAGE.run(settings, inputs, output, context)
        report.counts.check()
        return report, Artifact(output_folder).table().to_pylist()


def bits(per_byte, size=10):
    """Nats and bytes of a text at so many bits per byte."""
    return {"nats": per_byte * size * math.log(2), "bytes": size, "tokens": size}
