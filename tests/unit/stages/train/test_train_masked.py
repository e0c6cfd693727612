"""Pretraining of a tiny encoder on hidden tokens: which texts it learns, how long ones are cut, what it leaves."""

from __future__ import annotations

import pytest

from acclimate.backends.engine import LocalEngine
from acclimate.backends.models import LocalModels
from acclimate.core.artifacts import Artifact, Output
from acclimate.core.errors import DataError, ModelError
from acclimate.core.ports import Context
from acclimate.core.progress import no_progress
from acclimate.stages.train import STAGE, TrainConfig
from acclimate.stages.train.masked import MaskedRows
from acclimate.stages.train.run import planned_steps
from acclimate.testing import write_artifact
from acclimate.testing.models import write_tiny_encoder, write_tiny_model

TEXTS = [
    *({"id": f"bare{number}", "text": f"a parcel {number}", "split": "train"} for number in range(6)),
    {"id": "labelled", "text": "a late parcel", "label": "late", "split": "train"},
    {"id": "v", "text": "a lost parcel", "split": "validation"},
    {"id": "t", "text": "a broken parcel", "split": "test"},
]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return Artifact(write_tiny_encoder(tmp_path_factory.mktemp("base")), "base")


@pytest.fixture
def pretrain(base, tmp_path):
    def run(records=TEXTS, **settings):
        inputs = {"records": write_artifact(tmp_path / "records", records), "base": settings.pop("base", base)}
        (tmp_path / "output").mkdir(exist_ok=True)
        context = Context(tmp_path / "partial", no_progress, LocalEngine(), LocalModels())
        wanted = {"task": "masked_lm", "max_steps": 4, "precision": "fp32", "method": "full", **settings}
        with Output(tmp_path / "output") as output:
            report = STAGE.run(TrainConfig(**wanted), inputs, output, context)
        report.counts.check()
        return report, Artifact(tmp_path / "output")

    return run


def masked_rows(base, max_length=128):
    return MaskedRows(LocalModels().tokenizer(base.path), max_length)


def test_training_texts_with_and_without_a_label_are_learnt_and_no_others(pretrain):
    report, artifact = pretrain()
    assert {row["id"] for row in artifact.rows()} == {row["id"] for row in TEXTS if row["split"] == "train"}
    assert report.metrics["validation_records"] == 1


@pytest.mark.parametrize("method", [{"method": "full"}, {"method": "lora", "lora_r": 2}])
def test_what_it_leaves_is_a_whole_encoder_that_training_starts_from(pretrain, base, method):
    _, artifact = pretrain(**method)
    further = artifact.model_folder
    facts = LocalModels().facts(further)
    assert (facts.kind, facts.parameters) == ("encoder", LocalModels().facts(base.path).parameters)
    vectors = [LocalModels().load_encoder(folder, max_length=16).encode(["parcel"]) for folder in (base.path, further)]
    assert abs(vectors[0] - vectors[1]).max() > 0


def test_the_loss_on_hidden_tokens_of_validation_falls(pretrain):
    report, _ = pretrain(max_steps=8)
    first, *_, last = [point["nats_per_hidden_token"] for point in report.metrics["curve"]["validation"]]
    assert last < first


def test_a_long_text_is_cut_at_spaces_into_rows_that_fit_and_nothing_is_lost(base):
    record = {"id": "long", "text": "late parcels " * 9 + "x" * 40}
    made = masked_rows(base, 16).rows_of([record])
    assert "".join(row.record["text"] for row in made.rows) == record["text"]
    assert max(len(row.tokens) for row in made.plain) <= 16
    assert [row.record["id"] for row in made.rows][:2] == ["long#1", "long#2"]
    assert made.records + made.created == len(made.rows)


def test_a_text_without_tokens_is_set_aside_with_the_reason(base):
    made = masked_rows(base).rows_of([{"id": "blank", "text": " "}])
    assert [(record["id"], reason) for record, reason, _ in made.dropped] == [("blank", "nothing_to_learn")]


def test_each_time_a_text_is_seen_other_tokens_may_be_hidden(base):
    rows = masked_rows(base).rows_of([{"id": "a", "text": "a late parcel"}]).plain
    config = TrainConfig(task="masked_lm", max_steps=3, per_device_train_batch_size=1)
    assert [row.draw for ((_, row),) in planned_steps(config, rows, [])] == [0, 1, 2]


def test_no_text_to_learn_from_is_refused(pretrain):
    with pytest.raises(DataError, match="No training record is left"):
        pretrain([row for row in TEXTS if row["split"] != "train"])


def test_a_decoder_is_refused(pretrain, tmp_path):
    with pytest.raises(ModelError, match="is a decoder"):
        pretrain(base=Artifact(write_tiny_model(tmp_path / "decoder"), "decoder"))
