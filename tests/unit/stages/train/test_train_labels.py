"""Training a classifier on a tiny encoder: what is learnt, set aside and refused."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from acclimate.backends.engine import LocalEngine
from acclimate.backends.models import LocalModels
from acclimate.core.artifacts import Artifact, Output
from acclimate.core.errors import DataError, ModelError
from acclimate.core.ports import Context, Example
from acclimate.core.progress import no_progress
from acclimate.stages.train import STAGE, TrainConfig, preview
from acclimate.stages.train.labels import LabelRows
from acclimate.testing import write_artifact
from acclimate.testing.models import write_tiny_encoder, write_tiny_model

LABELLED = [
    {"id": f"{label}{number}", "text": f"{label} {number}", "label": label, "split": "train"}
    for label in ("card", "cash")
    for number in range(4)
]
MEASURED = [{"id": "v", "text": "card 9", "label": "card", "split": "validation"}]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return Artifact(write_tiny_encoder(tmp_path_factory.mktemp("base")), "base")


@pytest.fixture
def train(base, tmp_path):
    def run(records=(*LABELLED, *MEASURED), **settings):
        inputs = {"records": write_artifact(tmp_path / "records", records), "base": settings.pop("base", base)}
        (tmp_path / "output").mkdir()
        context = Context(tmp_path / "partial", no_progress, LocalEngine(), LocalModels())
        wanted = {"task": "classification", "max_steps": 4, "precision": "fp32", "lora_r": 2, **settings}
        with Output(tmp_path / "output") as output:
            report = STAGE.run(TrainConfig(**wanted), inputs, output, context)
        report.counts.check()
        return report, Artifact(tmp_path / "output")

    return run


def test_the_classifier_tells_the_labels_of_training(train, base):
    report, artifact = train()
    classifier = LocalModels().load_classifier(base.path, adapter=artifact.path / "model")
    assert classifier.labels == ("card", "cash")
    assert report.metrics["labels"] == {"card": 4.0, "cash": 4.0}
    assert "log_loss" in report.metrics["curve"]["validation"][0]


def test_soft_labels_are_learnt_as_shares(train):
    weights = [{"label": "card", "weight": 3.0}, {"label": "cash", "weight": 1.0}]
    soft = {"id": "soft", "text": "card or cash", "label_weights": weights, "split": "train"}
    report, _ = train([*LABELLED, *MEASURED, soft])
    assert report.metrics["labels"] == {"card": 4.75, "cash": 4.25}


def test_records_with_several_labels_in_full_are_warned_of(train):
    both = [{"label": "card", "weight": 1.0}, {"label": "cash", "weight": 1.0}]
    report, _ = train([*LABELLED, *MEASURED, {"id": "both", "text": "both", "label_weights": both, "split": "train"}])
    assert any("1 training record(s) have no plain label and several" in warning for warning in report.warnings)


def test_records_without_a_label_are_set_aside_with_the_reason_and_counted(train):
    bare = [
        {"id": "bare", "text": "hm", "split": "train"},
        {"id": "empty", "text": "hm", "label_weights": [], "split": "train"},
    ]
    report, artifact = train([*LABELLED, *MEASURED, *bare])
    dropped = dict(zip(*(artifact.dropped()[name].to_pylist() for name in ("id", "reason")), strict=True))
    assert dropped == {"bare": "no_label", "empty": "empty_label_weights"}
    assert any("2 training record(s) have no label" in warning for warning in report.warnings)


def test_a_validation_label_that_training_lacks_is_left_out_and_said(train):
    other = {"id": "w", "text": "coin", "label": "coin", "split": "validation"}
    report, _ = train([*LABELLED, *MEASURED, other])
    assert report.metrics["validation_records"] == 1
    assert any("1 validation record(s)" in warning for warning in report.warnings)


def test_a_declared_label_without_a_training_record_is_named(train):
    report, _ = train(labels=("card", "cash", "coin"))
    assert any("No training record has coin" in warning for warning in report.warnings)


def test_only_one_label_in_training_is_refused(train):
    with pytest.raises(DataError, match="same label"):
        train(LABELLED[:4])


def test_a_record_without_text_is_refused(train):
    with pytest.raises(DataError, match="Record q has no text"):
        train([*LABELLED, {"id": "q", "prompt": "a?", "completion": "b", "label": "card", "split": "train"}])


def test_a_decoder_is_refused(train, tmp_path):
    with pytest.raises(ModelError, match="is a decoder"):
        train(base=Artifact(write_tiny_model(tmp_path / "decoder"), "decoder"))


def test_of_a_long_text_the_beginning_is_read_and_that_is_said(train):
    long = {"id": "long", "text": "card " * 60, "label": "card", "split": "train"}
    report, _ = train([*LABELLED, *MEASURED, long], max_length=16)
    assert report.metrics["texts_cut"] == 1
    assert any("1 training text(s) longer than 16 tokens" in warning for warning in report.warnings)


@pytest.mark.parametrize("setting", [{"replay_share": 0.1}, {"use_eaft_loss": True}, {"on_too_long": "drop"}])
def test_settings_of_models_that_write_are_refused(setting):
    with pytest.raises(ValidationError, match="the task is classification"):
        TrainConfig(task="classification", **setting)


def test_a_long_row_keeps_its_last_token_and_the_shares_stand_in_the_order_of_the_labels(base):
    tokenizer = LocalModels().tokenizer(base.path)
    record = {"id": "a", "text": "card " * 9, "label": "cash", "label_weights": None}
    (row,) = LabelRows(tokenizer, ("card", "cash"), 8).rows_of([record]).plain
    assert (len(row.tokens), row.tokens[-1], row.shares) == (
        8,
        tokenizer.render(Example("", text="")).tokens[-1],
        (0, 1),
    )


def test_preview_shows_the_label_as_what_is_learnt(base, tmp_path):
    inputs = {"records": write_artifact(tmp_path / "records", LABELLED), "base": base}
    (row,) = preview(TrainConfig(task="classification"), inputs, LocalModels(), 1)
    assert [text for text, carries_loss in row["pieces"] if carries_loss] == [row["id"][:-1]]
