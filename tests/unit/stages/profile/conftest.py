from __future__ import annotations

import itertools

import pytest

from acclimate.backends.engine import LocalEngine
from acclimate.backends.models import LocalModels
from acclimate.core.artifacts import Artifact, Output
from acclimate.core.ports import Context
from acclimate.core.progress import no_progress
from acclimate.stages.profile import STAGE, ProfileConfig
from acclimate.testing import write_artifact
from acclimate.testing.models import write_tiny_model


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory):
    return Artifact(write_tiny_model(tmp_path_factory.mktemp("tiny") / "model", context_length=120))


@pytest.fixture(scope="session")
def profile(tmp_path_factory, tiny_model):
    """`profile(rows, max_records=…)`: the report, and the rows it wrote by id."""
    numbers = itertools.count()

    def run(rows, *, batch_rows=1024, general=None, **config):
        folder = tmp_path_factory.mktemp(f"profile-{next(numbers)}")
        inputs = {"records": write_artifact(folder / "records", rows), "base": tiny_model}
        if general is not None:
            inputs["general"] = write_artifact(folder / "general", general)
        (folder / "output").mkdir()
        context = Context(folder / "partial", no_progress, LocalEngine(), LocalModels(), batch_rows=batch_rows)
        with Output(folder / "output", STAGE.schema) as output:
            report = STAGE.run(ProfileConfig(**config), inputs, output, context)
        report.counts.check()
        return report, {row["id"]: row for row in Artifact(folder / "output").rows()}

    return run
