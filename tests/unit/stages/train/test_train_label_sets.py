"""Training a classifier of several labels on a tiny encoder: what is learnt, set aside and refused."""

from __future__ import annotations

import pytest

from acclimate.backends.engine import LocalEngine
from acclimate.backends.models import LocalModels
from acclimate.core.artifacts import Artifact, Output
from acclimate.core.errors import DataError
from acclimate.core.ports import Context
from acclimate.core.progress import no_progress
from acclimate.stages.train import STAGE, TrainConfig, preview
from acclimate.testing import write_artifact
from acclimate.testing.models import write_tiny_encoder

TASK = "multi-label-classification"


def record(id, text, labels, split="train"):
    weights = None if labels is None else [{"label": label, "weight": 1.0} for label in labels]
    return {"id": id, "text": text, "label_weights": weights, "split": split}


KINDS = {"qqq": ["card"], "zzz": ["cash"], "qqq zzz": ["card", "cash"], "mmm": []}
LABELLED = [
    record(f"{place}{number}", f"{text} {number}", labels)
    for number in range(4)
    for place, (text, labels) in enumerate(KINDS.items())
]
MEASURED = [
    record(f"v{place}", f"{text} 7", labels, "validation") for place, (text, labels) in enumerate(KINDS.items())
]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return Artifact(write_tiny_encoder(tmp_path_factory.mktemp("base")), "base")


@pytest.fixture
def train(base, tmp_path):
    def run(records=(*LABELLED, *MEASURED), **settings):
        inputs = {"records": write_artifact(tmp_path / "records", records), "base": base}
        (tmp_path / "output").mkdir()
        context = Context(tmp_path / "partial", no_progress, LocalEngine(), LocalModels())
        with Output(tmp_path / "output") as output:
            report = STAGE.run(
                TrainConfig(task=TASK, **{"max_steps": 4, "precision": "fp32", "lora_r": 2, **settings}),
                inputs,
                output,
                context,
            )
        report.counts.check()
        return report, Artifact(tmp_path / "output")

    return run


def test_any_set_of_labels_is_learnt_the_empty_one_too(train, base):
    report, artifact = train(max_steps=24, learning_rate=1e-2, per_device_train_batch_size=8)
    classifier = LocalModels().load_classifier(base.path, adapter=artifact.path / "model", precision="fp32")
    likely = classifier.probabilities([f"{text} 9" for text in KINDS], progress=no_progress("", 0))
    told = [[label for label, p in zip(classifier.labels, row, strict=True) if p > 0.5] for row in likely]
    assert told == list(KINDS.values())
    assert report.metrics["labels"] == {"card": 8.0, "cash": 8.0}
    first, *_, last = [point["log_loss"] for point in report.metrics["curve"]["validation"]]
    assert last < first


def test_a_record_of_unknown_labels_is_set_aside_and_one_without_labels_is_learnt(train):
    report, artifact = train([*LABELLED, *MEASURED, record("bare", "hm", None)])
    assert dict(zip(*(artifact.dropped()[name].to_pylist() for name in ("id", "reason")), strict=True)) == {
        "bare": "no_label"
    }
    assert report.counts.kept == len(LABELLED)


def test_probabilities_of_annotators_are_learnt_as_they_are(train):
    soft = {"id": "soft", "text": "qqq", "label_weights": [{"label": "card", "weight": 0.75}], "split": "train"}
    report, _ = train([*LABELLED, *MEASURED, soft])
    assert report.metrics["labels"] == {"card": 8.75, "cash": 8.0}


def test_a_validation_label_that_training_lacks_is_left_out_and_said(train):
    report, _ = train([*LABELLED, *MEASURED, record("w", "coin", ["card", "coin"], "validation")])
    assert report.metrics["validation_records"] == len(MEASURED)
    assert any("1 validation record(s)" in warning for warning in report.warnings)


def test_a_declared_label_that_no_training_record_has_is_refused(train):
    with pytest.raises(DataError, match="declares coin"):
        train(labels=("card", "cash", "coin"))


def test_preview_shows_all_labels_and_that_there_are_none(base, tmp_path):
    inputs = {"records": write_artifact(tmp_path / "records", LABELLED), "base": base}
    rows = preview(TrainConfig(task=TASK), inputs, LocalModels(), len(LABELLED))
    shown = {row["id"]: [text for text, carries_loss in row["pieces"] if carries_loss] for row in rows}
    assert (shown["20"], shown["30"]) == (["card", "cash"], ["(none of the labels)"])
