"""The sweep scores the same texts at every strength, and none that a report rests on."""

from __future__ import annotations

import pytest
from tests.unit.backends.tiny_training import TinyRun

from acclimate.backends.engine import LocalEngine
from acclimate.backends.models import LocalModels
from acclimate.core.artifacts import Artifact, Output
from acclimate.core.ports import Context
from acclimate.core.progress import no_progress
from acclimate.core.scored_texts import is_set_aside
from acclimate.stages.sweep import STAGE, SweepConfig
from acclimate.testing import write_artifact

RECORDS = [
    {"id": f"{split}{n}", "prompt": f"fever for {n} days?", "completion": f"fever {n}", "split": split, "site": "a"}
    | {"subject_id": f"p{n // 2}"}
    for split in ("train", "validation", "test")
    for n in range(4)
]
GENERAL = [{"id": f"g{n}", "text": f"The weather on day {n} was fine."} for n in range(40)]
GENERAL += [
    {"id": f"a{n}", "prompt": "The sky is", "chosen": " blue", "rejected": " loud"}
    | {"attributes": [{"name": "ability", "value": "sense"}]}
    for n in range(20)
]


@pytest.fixture
def sweep(tmp_path):
    run = TinyRun(tmp_path / "trained").with_plan(lora_r=2)
    run.train()
    (tmp_path / "adapter").mkdir()
    run.output.rename(tmp_path / "adapter" / "model")

    def go(**settings):
        inputs = {
            "records": write_artifact(tmp_path / "records", RECORDS),
            "general": write_artifact(tmp_path / "general", GENERAL),
            "base": Artifact(run.base, "base"),
            "adapter": Artifact(tmp_path / "adapter", "adapter"),
        }
        (tmp_path / "work").mkdir()
        (tmp_path / "made").mkdir()
        context = Context(tmp_path / "work", no_progress, LocalEngine(), models=LocalModels())
        with Output(tmp_path / "made", STAGE.schema) as output:
            report = STAGE.run(SweepConfig(precision="fp32", **settings), inputs, output, context)
        return report, Artifact(tmp_path / "made").table().to_pylist()

    return go


def test_every_strength_scores_the_same_texts(sweep):
    report, rows = sweep(alphas=(0.5,))
    by_alpha = {
        alpha: {(row["suite"], row["id"], row["candidate"]) for row in rows if row["alpha"] == alpha}
        for alpha in (0, 0.5, 1)
    }
    assert by_alpha[0] == by_alpha[0.5] == by_alpha[1]
    assert report.counts.inputs == len(by_alpha[0])
    report.counts.check()


def test_only_validation_records_and_texts_set_aside_are_scored(sweep):
    _, rows = sweep(alphas=(1.0,))
    assert {row["id"] for row in rows if row["suite"] == "task"} == {f"validation{n}" for n in range(4)}
    kept = {row["id"] for row in rows if row["suite"] != "task"}
    assert kept == {row["id"] for row in GENERAL if is_set_aside(row["id"])}
    assert {row["suite"] for row in rows} == {"task", "general", "ability"}


def test_strengths_differ_from_the_base_and_each_other(sweep):
    _, rows = sweep(alphas=(0.5,))
    nats = {
        alpha: sum(row["nats"] for row in rows if row["alpha"] == alpha and row["suite"] == "task")
        for alpha in (0, 0.5, 1)
    }
    assert len(set(nats.values())) == 3


def test_records_of_one_subject_are_one_cluster(sweep):
    _, rows = sweep(alphas=(1.0,))
    assert {row["id"]: row["cluster"] for row in rows if row["suite"] == "task"} == {
        f"validation{n}": f"p{n // 2}" for n in range(4)
    }


@pytest.mark.parametrize("alphas", [(), (0.0,), (1.5,), (-0.5,)])
def test_strengths_outside_0_to_1_are_refused(alphas):
    with pytest.raises(ValueError, match="strength"):
        SweepConfig(alphas=alphas)
