"""Preferences become pairs of rows; what is none is set aside with its reason; settings follow the loss."""

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
from acclimate.stages.train.pairs import PairRows
from acclimate.testing import write_artifact

PAIRS = [
    {"id": f"r{day}", "prompt": f"fever since {day} days?", "chosen": f"fever {day} days", "rejected": "warm"}
    for day in range(6)
]
TRAINED = [{**pair, "split": "train"} for pair in PAIRS]
MEASURED = {"id": "v", "prompt": "fever?", "chosen": "no fever", "rejected": "not so warm", "split": "validation"}
SAMPLED = [{"id": "s", "text": "a lamp in the harbour", "split": "train"}]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return Artifact(write_tiny_model(tmp_path_factory.mktemp("base")), "base")


@pytest.fixture
def train(base, tmp_path):
    def run(records, **settings):
        inputs = {"records": write_artifact(tmp_path / "records", records), "base": base}
        inputs["sample"] = write_artifact(tmp_path / "sample", SAMPLED)
        (tmp_path / "output").mkdir()
        context = Context(tmp_path / "partial", no_progress, LocalEngine(), LocalModels())
        settings = {"max_steps": 3, "per_device_train_batch_size": 2, "precision": "fp32", "lora_r": 2, **settings}
        with Output(tmp_path / "output") as output:
            report = STAGE.run(TrainConfig(task="preference", **settings), inputs, output, context)
        report.counts.check()
        return report, Artifact(tmp_path / "output")

    return run


def test_both_answers_of_a_pair_are_rows_whose_answer_carries_loss(base):
    model = LocalModels().tokenizer_only(base.path)
    (row,) = PairRows(model, 512).rows_of(PAIRS[:1]).plain
    learnt = ["".join(text for text, carries in model.show(side) if carries) for side in (row.chosen, row.rejected)]
    assert learnt == ["fever 0 days<|im_end|>", "warm<|im_end|>"]


def test_training_learns_pairs_with_replay_and_reports_how_often_the_chosen_wins(train):
    report, artifact = train([*TRAINED, MEASURED])
    assert {row["id"] for row in artifact.rows(["id"])} == {*(pair["id"] for pair in PAIRS), "s"}
    assert report.metrics["plan"]["objective"] == "preference"
    assert report.metrics["replay_share"] > 0
    assert {"dpo_loss", "reward_accuracy"} <= report.metrics["curve"]["validation"][0].keys()
    assert (artifact.path / "model" / "adapter_config.json").exists()


def test_what_is_no_preference_is_set_aside_with_its_reason(train):
    faulty = [
        {**TRAINED[0], "id": "equal", "rejected": "fever 0 days"},
        {**TRAINED[0], "id": "empty", "chosen": " "},
        {**TRAINED[0], "id": "unasked", "prompt": None},
        {**TRAINED[0], "id": "alone", "rejected": None},
    ]
    report, _ = train([*TRAINED, MEASURED, *faulty])
    wanted = {"equal_answers": 1, "empty_answer": 1, "no_prompt": 1, "no_pair": 1}
    assert report.counts.dropped.items() >= wanted.items()


def test_a_pair_too_long_for_a_row_stops_the_run_or_is_set_aside(train):
    long = {**TRAINED[0], "id": "long", "rejected": "word " * 80}
    with pytest.raises(DataError, match=r"1 training record\(s\) are longer than the 100 tokens .*long \(\d+ tokens\)"):
        train([*TRAINED, MEASURED, long], max_length=100)


def test_a_pair_too_long_for_a_row_is_set_aside_when_asked(train):
    long = {**TRAINED[0], "id": "long", "chosen": "word " * 80}
    report, _ = train([*TRAINED, MEASURED, long], max_length=100, on_too_long="drop")
    assert report.counts.dropped["too_long"] == 1


def test_no_pair_left_is_one_sentence(train):
    with pytest.raises(DataError, match="No training record is left to learn from"):
        train([{**TRAINED[0], "rejected": None}, MEASURED])


def test_preview_shows_both_answers(base, tmp_path):
    inputs = {"records": write_artifact(tmp_path / "records", TRAINED), "base": base}
    (row,) = preview(TrainConfig(task="preference"), inputs, LocalModels(), 1)
    text = "".join(piece for piece, _ in row["pieces"])
    assert text.index("chosen:") < text.index("rejected:") < text.rindex("warm")


@pytest.mark.parametrize(
    ("settings", "beta"), [({}, 0.1), ({"loss_type": "sigmoid_norm"}, 5.0), ({"loss_type": "sigmoid_norm", "beta": 2.0}, 2.0)]
)  # fmt: skip
def test_beta_follows_the_loss_unless_it_is_set(settings, beta):
    plan = TrainConfig(task="preference", rpo_alpha=0.5, **settings).plan(10)
    assert (plan.beta, plan.rpo_alpha, plan.objective) == (beta, 0.5, "preference")


def test_preferences_have_a_lower_rate_of_their_own():
    rates = [TrainConfig(task=task).plan(10).learning_rate for task in ("generation", "preference")]
    assert rates[1] < rates[0]


@pytest.mark.parametrize(
    ("task", "settings"),
    [
        ("generation", {"beta": 0.2}),
        ("pretraining", {"loss_type": "sigmoid_norm"}),
        ("generation", {"rpo_alpha": 1.0}),
        ("preference", {"replay_loss": "kl"}),
        ("preference", {"use_eaft_loss": True}),
    ],
)
def test_settings_of_another_task_are_refused_by_name(task, settings):
    with pytest.raises(ValidationError, match=f"{next(iter(settings))} is of"):
        TrainConfig(task=task, **settings)
