"""Labels are predicted by the classifier and by three simpler ways, for the same test texts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from acclimate.backends.engine import LocalEngine
from acclimate.backends.models import LocalModels
from acclimate.core.artifacts import Artifact, Output
from acclimate.core.errors import ConfigError, DataError
from acclimate.core.ports import Context
from acclimate.core.progress import no_progress
from acclimate.stages.predict import STAGE, PredictConfig
from acclimate.stages.predict.labels import TFIDF_STRENGTH
from acclimate.stages.train import STAGE as TRAIN
from acclimate.stages.train import TrainConfig
from acclimate.testing import write_artifact
from acclimate.testing.models import write_tiny_encoder

FP32 = {"precision": "fp32", "lora_r": 2, "per_device_train_batch_size": 6}
WORDS = {"card": "lost stolen blocked", "cash": "atm notes coins"}
RECORDS = [
    {"id": f"{split}-{label}-{place}", "text": f"{label} {word}", "label": label, "split": split}
    for split in ("train", "test")
    for label, words in WORDS.items()
    for place, word in enumerate(words.split()[: 3 if split == "train" else 2])
]
UNSEEN = {"id": "test-unseen", "text": "a loan", "label": "loan", "split": "test"}
BARE = {"id": "test-bare", "text": "card lost", "split": "test"}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return Artifact(write_tiny_encoder(tmp_path_factory.mktemp("base")))


@pytest.fixture
def context(tmp_path):
    return Context(tmp_path / "partial", no_progress, LocalEngine(), LocalModels())


@pytest.fixture
def predict(tmp_path, base, context):
    def run(records=RECORDS, **settings):
        inputs = {"records": write_artifact(tmp_path / "records", records), "base": base, **settings.pop("inputs", {})}
        (tmp_path / "output").mkdir(exist_ok=True)
        config = PredictConfig(**{"task": "classification", "precision": "fp32", **settings})
        with Output(tmp_path / "output", STAGE.schema) as output:
            report = STAGE.run(config, inputs, output, context)
        report.counts.check()
        return report, {row["id"]: row for row in Artifact(tmp_path / "output").rows()}

    return run


def told(rows):
    return np.array([[one["probability"] for one in rows[name]["probabilities"]] for name in sorted(rows)])


@pytest.mark.parametrize("method", ["probe", "tfidf", "majority"])
def test_every_way_gives_each_test_text_probabilities_that_sum_to_one(predict, method):
    _, rows = predict(method=method)
    assert sorted(rows) == sorted(record["id"] for record in RECORDS if record["split"] == "test")
    assert told(rows).sum(axis=1) == pytest.approx(1)
    for row in rows.values():
        shares = {one["label"]: one["probability"] for one in row["probabilities"]}
        assert row["nats"] == pytest.approx(-math.log(shares[row["id"].split("-")[1]]))
        assert shares[row["label"]] == max(shares.values())


def test_the_commonest_label_is_told_with_its_share_one_more_counted_of_each(predict):
    _, rows = predict([*RECORDS, {"id": "more", "text": "card", "label": "card", "split": "train"}], method="majority")
    assert {row["label"] for row in rows.values()} == {"card"}
    assert told(rows)[0] == pytest.approx([5 / 9, 4 / 9])


def test_words_tell_labels_as_scikit_learn_does(predict):
    _, rows = predict(method="tfidf")
    known = [record for record in RECORDS if record["split"] == "train"]
    vectors = TfidfVectorizer(sublinear_tf=True, token_pattern=r"\w+")
    features = vectors.fit_transform([record["text"] for record in known])
    # Of two labels scikit-learn weighs the difference of their weights, which is worth twice the strength.
    oracle = LogisticRegression(C=2 * TFIDF_STRENGTH, tol=1e-8, max_iter=2000).fit(
        features, [one["label"] for one in known]
    )
    texts = {record["id"]: record["text"] for record in RECORDS}
    expected = oracle.predict_proba(vectors.transform([texts[name] for name in sorted(rows)]))
    assert told(rows) == pytest.approx(expected, abs=2e-3)


def test_a_classifier_of_one_tiny_step_tells_what_the_probe_tells(predict, base, tmp_path, context):
    """The head starts as the probe."""
    (tmp_path / "trained").mkdir()
    config = TrainConfig(task="classification", max_steps=1, learning_rate=1e-9, **FP32)
    inputs = {"records": write_artifact(tmp_path / "learnt", RECORDS), "base": base}
    with Output(tmp_path / "trained") as output:
        TRAIN.run(config, inputs, output, context)
    _, probed = predict(method="probe")
    _, classified = predict(method="model", inputs={"adapter": Artifact(tmp_path / "trained")})
    assert told(classified) == pytest.approx(told(probed), abs=1e-4)


@pytest.mark.parametrize("record", [UNSEEN, BARE], ids=["unseen", "bare"])
def test_a_text_whose_label_cannot_be_told_is_predicted_without_a_likelihood(predict, record):
    _, rows = predict([*RECORDS, record], method="tfidf")
    assert rows[record["id"]]["nats"] is None
    assert rows[record["id"]]["label"] in WORDS


def test_a_test_text_with_an_undeclared_label_is_refused(predict):
    with pytest.raises(DataError, match="test-unseen"):
        predict([*RECORDS, UNSEEN], method="majority", labels=("card", "cash"))


@pytest.mark.parametrize("config", [{"method": "few_shot"}, {"task": "generation", "method": "probe"}])
def test_a_method_of_another_task_is_refused(predict, config):
    with pytest.raises(ConfigError, match="does not go with task"):
        predict(**config)
