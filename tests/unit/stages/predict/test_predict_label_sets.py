"""Several labels a text are told by the classifier and by simpler ways, above a threshold that test records do not decide."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

from acclimate.backends.engine import LocalEngine
from acclimate.backends.models import LocalModels
from acclimate.core.artifacts import Artifact, Output
from acclimate.core.errors import DataError
from acclimate.core.ports import Context
from acclimate.core.progress import no_progress
from acclimate.stages.predict import STAGE, PredictConfig
from acclimate.stages.predict.labels import TFIDF_STRENGTH
from acclimate.stages.predict.thresholds import best_threshold
from acclimate.stages.train import STAGE as TRAIN
from acclimate.stages.train import TrainConfig
from acclimate.testing import write_artifact
from acclimate.testing.models import write_tiny_encoder

TASK = "multi-label-classification"
KINDS = {"card": ["card"], "cash": ["cash"], "card and cash": ["card", "cash"], "hello": []}
WORDS = ("lost", "stolen", "blocked", "please")


def record(split, text, labels):
    weights = None if labels is None else [{"label": label, "weight": 1.0} for label in labels]
    return {"id": f"{split} {text}".replace(" ", "-"), "text": text, "label_weights": weights, "split": split}


RECORDS = [
    record(split, f"{text} {word}", labels)
    for split, words in (("train", WORDS), ("validation", WORDS[:2]), ("test", WORDS[1:3]))
    for text, labels in KINDS.items()
    for word in words
]
BARE = record("test", "card gone", None)
UNSEEN = record("test", "card loan", ["card", "loan"])


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
        config = PredictConfig(**{"task": TASK, "precision": "fp32", **settings})
        with Output(tmp_path / "output", STAGE.schema) as output:
            report = STAGE.run(config, inputs, output, context)
        report.counts.check()
        return report, {row["id"]: row for row in Artifact(tmp_path / "output").rows()}

    return run


def told(rows):
    return np.array([[one["probability"] for one in rows[name]["probabilities"]] for name in sorted(rows)])


@pytest.mark.parametrize("method", ["probe", "tfidf", "majority"])
def test_every_way_tells_the_labels_above_its_threshold_and_how_likely_all_are(predict, method):
    report, rows = predict(method=method)
    assert sorted(rows) == sorted(record["id"] for record in RECORDS if record["split"] == "test")
    for row in rows.values():
        likely = {one["label"]: one["probability"] for one in row["probabilities"]}
        threshold = report.metrics["threshold"]["value"]
        assert row["labels"] == [label for label, p in likely.items() if p > threshold]
        assert row["label"] is None
        has = [label in row["id"] for label in likely]
        nats = -sum(np.log(p if had else 1 - p) for p, had in zip(likely.values(), has, strict=True))
        assert row["nats"] == pytest.approx(nats)


def test_words_tell_each_label_as_scikit_learn_does(predict):
    _, rows = predict(method="tfidf")
    known = [record for record in RECORDS if record["split"] == "train"]
    vectors = TfidfVectorizer(sublinear_tf=True, token_pattern=r"\w+")
    features = vectors.fit_transform([record["text"] for record in known])
    wanted = np.array([[label in record["id"] for label in ("card", "cash")] for record in known])
    oracle = OneVsRestClassifier(LogisticRegression(C=TFIDF_STRENGTH, tol=1e-8, max_iter=5000)).fit(features, wanted)
    texts = {record["id"]: record["text"] for record in RECORDS}
    expected = oracle.predict_proba(vectors.transform([texts[name] for name in sorted(rows)]))
    assert told(rows) == pytest.approx(expected, abs=2e-3)
    assert all(row["labels"] == [label for label in ("card", "cash") if label in row["id"]] for row in rows.values())


def test_the_share_of_training_texts_that_have_a_label_is_told_of_every_text(predict):
    _, rows = predict(method="majority")
    assert told(rows)[0] == pytest.approx([9 / 18, 9 / 18])


def test_a_classifier_of_one_tiny_step_tells_what_the_probe_tells(predict, base, tmp_path, context):
    """The head starts as the probe."""
    (tmp_path / "trained").mkdir()
    config = TrainConfig(
        task=TASK, max_steps=1, learning_rate=1e-9, precision="fp32", lora_r=2, per_device_train_batch_size=16
    )
    inputs = {"records": write_artifact(tmp_path / "learnt", RECORDS), "base": base}
    with Output(tmp_path / "trained") as output:
        TRAIN.run(config, inputs, output, context)
    _, probed = predict(method="probe")
    _, classified = predict(method="model", inputs={"adapter": Artifact(tmp_path / "trained")})
    assert told(classified) == pytest.approx(told(probed), abs=1e-4)


def test_test_records_play_no_part_in_the_threshold(predict):
    chosen, _ = predict(method="tfidf")
    without = [{**one, "label_weights": None} if one["split"] == "test" else one for one in RECORDS]
    again, rows = predict(without, method="tfidf")
    assert again.metrics["threshold"] == chosen.metrics["threshold"]
    assert chosen.metrics["threshold"]["texts"] == 8
    assert {row["nats"] for row in rows.values()} == {None}


def test_a_given_threshold_needs_no_validation_records(predict):
    report, rows = predict([one for one in RECORDS if one["split"] != "validation"], method="tfidf", threshold=0.99)
    assert report.metrics["threshold"] == {"value": 0.99, "texts": 0, "micro_f1": None}
    assert all(row["labels"] == [] for row in rows.values() if row["id"].startswith("test-hello"))


def test_without_validation_records_there_is_no_threshold(predict):
    with pytest.raises(DataError, match="No validation record says which labels it has") as refused:
        predict([one for one in RECORDS if one["split"] != "validation"], method="majority")
    assert "predict.threshold" in refused.value.hint


@pytest.mark.parametrize("record", [UNSEEN, BARE], ids=["unseen", "bare"])
def test_a_text_whose_labels_are_unknown_or_cannot_be_told_has_no_likelihood(predict, record):
    _, rows = predict([*RECORDS, record], method="tfidf")
    assert (rows[record["id"]]["nats"], rows[record["id"]]["labels"]) == (None, ["card"])


@settings(max_examples=60)
@given(texts=st.integers(1, 12), labels=st.integers(1, 3), seed=st.integers(0, 1000), steps=st.integers(1, 20))
def test_no_other_threshold_has_more_micro_f1(texts, labels, seed, steps):
    random = np.random.default_rng(seed)
    likely = random.integers(0, steps + 1, (texts, labels)) / steps
    has = random.integers(0, 2, (texts, labels)).astype(float)
    found = best_threshold(likely, has)

    def micro_f1(threshold):
        told = likely > threshold
        return 2 * (told * has).sum() / (told.sum() + has.sum())

    if found.micro_f1 is not None:
        assert micro_f1(found.value) == pytest.approx(found.micro_f1)
        assert found.micro_f1 >= max(micro_f1(one) for one in np.linspace(0, 1, 101)) - 1e-9
