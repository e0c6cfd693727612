from __future__ import annotations

import itertools

import pytest

from acclimate.backends.engine import LocalEngine
from acclimate.collect.snapshots import collect
from acclimate.core.artifacts import Artifact, Output
from acclimate.core.ports import Context
from acclimate.core.progress import no_progress
from acclimate.core.sources import SourceConfig
from acclimate.stages.glossary import STAGE, GlossaryConfig
from acclimate.testing import write_artifact

GENERAL = [
    {"id": f"g{number}", "text": "the boat came home and the lamp was lit in the harbour " * 20} for number in range(5)
]


@pytest.fixture(scope="session")
def glossary(tmp_path_factory):
    """`glossary(rows, edited="term,use\\n…")`: the report, and the terms by name."""
    numbers = itertools.count()

    def run(rows, *, edited=None, batch_rows=1024, **config):
        folder = tmp_path_factory.mktemp(f"glossary-{next(numbers)}")
        inputs = {"records": write_artifact(folder / "records", rows), "general": write_artifact(folder / "g", GENERAL)}
        if edited is not None:
            (folder / "glossary.csv").write_bytes(edited.encode() if isinstance(edited, str) else edited)
            source = SourceConfig(path="glossary.csv", name="glossary", format="csv")
            inputs["edited"] = collect((source,), folder=folder, snapshots=folder / "snapshots").artifact()
        (folder / "output").mkdir()
        context = Context(folder / "partial", no_progress, LocalEngine(), batch_rows=batch_rows)
        with Output(folder / "output", STAGE.schema) as output:
            report = STAGE.run(GlossaryConfig(**config), inputs, output, context)
        report.counts.check()
        return report, {row["term"]: row for row in Artifact(folder / "output").rows()}

    return run
