"""The train stage on a tiny model: what it writes, counts and says."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from acclimate.backends.engine import LocalEngine
from acclimate.backends.models import LocalModels
from acclimate.backends.tiny import write_tiny_model
from acclimate.core.artifacts import Artifact, Output
from acclimate.core.errors import DataError
from acclimate.core.ports import Context
from acclimate.core.progress import no_progress
from acclimate.stages.train import STAGE, TrainConfig, preview
from acclimate.testing import write_artifact

PAIRS = [
    {"id": f"r{day}", "prompt": f"fever since {day} days?", "completion": f"fever {day} days", "split": "train"}
    for day in range(6)
]
MEASURED = [{"id": "v", "prompt": "fever?", "completion": "no fever", "split": "validation"}]
TESTED = [{"id": "t", "prompt": "fever?", "completion": "no fever", "split": "test"}]
SAMPLED = [
    {
        "id": f"s{number}",
        "messages": [
            {"role": "user", "content": "hi", "train": True},
            {"role": "assistant", "content": "yes" * number},
        ],
        "split": "train" if number < 3 else "test",
    }
    for number in range(1, 5)
]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return Artifact(write_tiny_model(tmp_path_factory.mktemp("base")), "base")


@pytest.fixture
def train(base, tmp_path):
    def run(records=(*PAIRS, *MEASURED, *TESTED), sample=SAMPLED, **settings):
        inputs = {"records": write_artifact(tmp_path / "records", records), "base": base}
        if sample:
            inputs["sample"] = write_artifact(tmp_path / "sample", sample)
        (tmp_path / "output").mkdir()
        context = Context(tmp_path / "partial", no_progress, LocalEngine(), LocalModels())
        config = TrainConfig(**{"max_steps": 3, "per_device_train_batch_size": 2, "precision": "fp32", **settings})
        with Output(tmp_path / "output") as output:
            report = STAGE.run(config, inputs, output, context)
        report.counts.check()
        return report, Artifact(tmp_path / "output")

    return run


def ids(artifact):
    return sorted(row["id"] for row in artifact.rows(["id"]))


def test_the_rows_kept_are_the_records_that_were_trained_on(train):
    report, artifact = train()
    assert [name for name in ids(artifact) if name.startswith("r")] == [f"r{day}" for day in range(6)]
    assert not {"v", "t", "s3", "s4"} & set(ids(artifact))
    assert report.counts.inputs == 8


def test_an_adapter_is_written_and_the_curve_reported(train):
    report, artifact = train()
    assert (artifact.path / "model" / "adapter_model.safetensors").is_file()
    assert len(report.metrics["curve"]["steps"]) == 3
    assert report.metrics["curve"]["validation"][0]["step"] == 0


def test_replay_takes_part_with_its_share(train):
    report, artifact = train(replay_share=0.4)
    assert any(name.startswith("s") for name in ids(artifact))
    assert report.metrics["replay_share"] == pytest.approx(0.4, abs=0.1)
    assert "replay" in report.metrics["curve"]["steps"][-1]["loss_by_source"]


def test_records_that_no_step_reached_are_set_aside(train):
    report, artifact = train(max_steps=1)
    assert report.counts.dropped["not_reached"] == 4
    assert artifact.dropped().num_rows == sum(report.counts.dropped.values())


def test_training_without_replay_says_that_nothing_held_the_model(train):
    report, _ = train(sample=None)
    assert any("no sampled text" in warning for warning in report.warnings)


def test_showing_each_record_more_than_three_times_is_said(train):
    report, _ = train(records=[*PAIRS[:1], *MEASURED], max_steps=4)
    assert any("8.0 times" in warning for warning in report.warnings)


def test_a_long_text_is_trained_on_whole_in_windows(train):
    text = "fever and chills " * 30
    report, artifact = train(
        [{"id": "x", "text": text, "split": "train"}], task="pretraining", max_length=40, max_steps=30
    )
    windows = sorted((row for row in artifact.rows() if row["parents"] == ["x"]), key=lambda row: row["id"])
    assert "".join(row["text"] for row in windows) == text
    assert report.counts.created == len(windows) - 1 > 1


def test_a_long_conversation_stops_the_run_or_is_set_aside(train):
    with pytest.raises(DataError, match="longer than the 40 tokens"):
        train(max_length=40)


def test_a_long_conversation_is_set_aside_when_asked(train):
    long = {"id": "long", "prompt": "fever? " * 300, "completion": "no", "split": "train"}
    report, artifact = train([*PAIRS, *MEASURED, long], on_too_long="drop")
    assert report.counts.dropped["too_long"] == 1
    assert "long" in artifact.dropped()["id"].to_pylist()


def test_a_split_without_training_records_is_an_error(train):
    with pytest.raises(DataError, match="No training record"):
        train(MEASURED)


def test_preview_shows_the_answer_as_what_is_learnt(base, tmp_path):
    inputs = {"records": write_artifact(tmp_path / "records", PAIRS), "base": base}
    (row,) = preview(TrainConfig(), inputs, LocalModels(), 1)
    learnt = "".join(text for text, carries_loss in row["pieces"] if carries_loss)
    assert learnt == f"fever {row['id'][1:]} days<|im_end|>"


@pytest.mark.parametrize(
    ("method", "rate"), [("lora", 1e-3), ("full", 2e-4), ("top_layers", 3e-4), ("norms_and_biases", 3e-3)]
)
def test_each_method_has_its_own_rate_unless_one_is_set(method, rate):
    assert TrainConfig(method=method).plan(10).learning_rate == rate
    assert TrainConfig(method=method, learning_rate=0.5).plan(10).learning_rate == 0.5


@pytest.mark.parametrize(
    ("tokens", "rank"), [(50_000, 16), (9_700_000, 16), (9_800_000, 32), (30_000_000, 64), (10**12, 256)]
)
def test_the_rank_grows_with_what_there_is_to_learn(tokens, rank):
    assert TrainConfig().rank(tokens, parameters_per_rank=305_280) == rank


def test_a_rank_that_is_set_stays():
    assert TrainConfig(lora_r=7).rank(10**12, parameters_per_rank=305_280) == 7


@pytest.mark.parametrize(
    "settings",
    [{"method": "modules"}, {"method": "full", "use_dora": True}, {"method": "full", "target_modules": ("q_proj",)}],
)
def test_settings_of_another_method_are_refused(settings):
    with pytest.raises(ValidationError):
        TrainConfig(**settings)


def test_three_epochs_in_steps_of_eight_see_every_record_three_times():
    config = TrainConfig(per_device_train_batch_size=4, gradient_accumulation_steps=2)
    assert config.steps(rows=100) == 38
