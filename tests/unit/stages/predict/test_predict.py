"""Each text is scored once, a stated number of items is answered, and nothing is cut silently."""

from __future__ import annotations

from collections import Counter

import pytest

from acclimate.backends.models import LocalModels
from acclimate.core.artifacts import Artifact, Output
from acclimate.core.errors import ConfigError, DataError
from acclimate.core.ports import Context
from acclimate.core.progress import no_progress
from acclimate.stages.predict import STAGE, PredictConfig
from acclimate.testing import write_artifact
from acclimate.testing.models import write_tiny_model

TALKS = [
    {
        "id": f"{split}{number}",
        "split": split,
        "site": "north",
        "prompt": f"pain {number}?",
        "completion": f"yes {number}",
    }
    for split in ("train", "test")
    for number in range(6)
]
GENERAL = [{"id": f"g{number}", "text": f"A ship with {number} masts."} for number in range(2)] + [
    {
        "id": f"probe{number}",
        "prompt": "One and one are",
        "chosen": " two",
        "rejected": " six",
        "attributes": [{"name": "ability", "value": "sums" if number % 2 else "facts"}],
    }
    for number in range(6)
]
SAMPLED = [
    {"id": f"s-{split}", "split": split, "messages": [{"role": "user", "content": "Why?", "train": True}]}
    for split in ("train", "test")
]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return Artifact(write_tiny_model(tmp_path_factory.mktemp("base"), context_length=256))


@pytest.fixture
def inputs(tmp_path, base):
    tables = {"records": TALKS, "general": GENERAL, "sample": SAMPLED}
    return {"base": base} | {role: write_artifact(tmp_path / role, rows) for role, rows in tables.items()}


@pytest.fixture
def predict(tmp_path):
    def run(inputs, **config):
        folder, partial = tmp_path / "output", tmp_path / "partial"
        folder.mkdir(exist_ok=True)
        partial.mkdir(exist_ok=True)
        context = Context(partial=partial, progress=no_progress, engine=None, models=LocalModels())
        settings = PredictConfig(**{"max_new_tokens": 4, "precision": "fp32", **config})
        with Output(folder, STAGE.schema) as output:
            report = STAGE.run(settings, inputs, output, context)
        report.counts.check()
        return report, Artifact(folder).table().to_pylist()

    return run


def test_training_records_are_scored_where_they_are_asked_for(predict, inputs):
    _, rows = predict(inputs, generations=0, suites=("task", "trained"), training_records=4)
    scored = [row for row in rows if row["suite"] == "trained"]
    assert len(scored) == 4
    assert all(row["id"].startswith("train") and row["bytes"] > 0 for row in scored)


def test_training_records_of_labels_are_refused():
    with pytest.raises(ValueError, match="how likely a model finds a text, and the task is classification"):
        PredictConfig(task="classification", training_records=4)


def test_every_text_of_every_suite_is_scored_once(predict, inputs):
    report, rows = predict(inputs, generations=0)
    assert Counter((row["suite"], row["candidate"]) for row in rows) == {
        ("task", "reference"): 6,
        ("general", "reference"): 2,
        ("ability", "chosen"): 6,
        ("ability", "rejected"): 6,
        ("sampled", "reference"): 1,
    }
    assert all(row["nats"] > 0 and row["tokens"] > 0 for row in rows)
    assert report.counts.kept == len(rows) == 21


def test_the_bytes_are_those_of_the_reference(predict, inputs):
    _, rows = predict(inputs, suites=("task",))
    assert {row["bytes"] for row in rows} == {len("yes 0")}


def test_the_stated_number_of_items_is_answered_and_it_is_the_same_ones_for_every_method(predict, inputs):
    _, asked = predict(inputs, generations=2, suites=("task",))
    _, prompted = predict(inputs, generations=2, method="few_shot")
    answered = [{row["id"] for row in rows if row["generated"] is not None} for rows in (asked, prompted)]
    assert answered[0] == answered[1]
    assert len(answered[0]) == 2


def test_examples_in_the_prompt_change_the_score_and_come_from_training(predict, inputs):
    _, plain = predict(inputs, generations=0, suites=("task",))
    report, prompted = predict(inputs, generations=0, method="few_shot", shots=2)
    assert all(shot.startswith("train") for shot in report.metrics["shots"])
    assert all(a["nats"] != b["nats"] for a, b in zip(plain, prompted, strict=True))
    assert {row["bytes"] for row in prompted} == {5}


def test_fewer_examples_than_wanted_are_said(predict, inputs):
    report, _ = predict(inputs, generations=0, method="few_shot", shots=50)
    assert 0 < len(report.metrics["shots"]) < 50
    assert f"saw {len(report.metrics['shots'])} instead of 50" in report.warnings[0]


def test_cut_answers_are_counted_and_said(predict, inputs):
    report, rows = predict(inputs, generations=3, suites=("task",), max_new_tokens=1)
    cut = sum(row["stopped"] is False for row in rows)
    assert report.metrics["generations_cut"] == cut > 0
    assert f"{cut} of 3 answers were cut at 1 tokens" in report.warnings[0]


def test_copying_takes_the_answer_of_the_nearest_question_and_has_no_likelihood(predict, inputs):
    _, rows = predict({"records": inputs["records"]}, method="nearest_answer")
    assert [row["generated"] for row in rows] == [f"yes {number}" for number in range(6)]
    assert {row["nats"] for row in rows} == {None}


def test_only_so_many_probes_of_each_ability_are_scored(predict, inputs):
    _, rows = predict(inputs, suites=("ability",), probes_per_ability=1)
    assert Counter(row["candidate"] for row in rows) == {"chosen": 2, "rejected": 2}


def test_a_rerun_takes_what_was_scored_before(predict, inputs, tmp_path):
    _, first = predict(inputs, generations=2)
    written = {file.name: file.stat().st_mtime_ns for file in (tmp_path / "partial").iterdir()}
    _, second = predict(inputs, generations=2)
    assert first == second
    assert {file.name: file.stat().st_mtime_ns for file in (tmp_path / "partial").iterdir()} == written


def test_text_of_pretraining_is_scored_and_nothing_is_generated(predict, inputs, tmp_path):
    records = write_artifact(tmp_path / "texts", [{"id": "t", "split": "test", "text": "It rains."}])
    _, rows = predict({**inputs, "records": records}, task="pretraining", suites=("task",))
    assert [(row["bytes"], row["generated"]) for row in rows] == [(9, None)]


def test_copying_makes_no_sense_without_answers(predict, inputs):
    with pytest.raises(ConfigError, match="does not go with task pretraining"):
        predict(inputs, task="pretraining", method="nearest_answer")


def test_an_item_longer_than_the_context_is_named(predict, inputs, tmp_path):
    long = {"id": "verylong", "split": "test", "prompt": "x " * 400, "completion": "y"}
    with pytest.raises(DataError, match=r"1 of 1 texts .* task/reference/verylong"):
        predict({**inputs, "records": write_artifact(tmp_path / "long", [long])}, suites=("task",))


def test_no_test_records_are_one_sentence(predict, inputs, tmp_path):
    records = write_artifact(tmp_path / "train-only", TALKS[:3])
    with pytest.raises(DataError, match="None of 3 records is in the test split"):
        predict({**inputs, "records": records})


def test_the_tokens_of_a_task_reference_add_up_to_its_score_and_end_where_its_text_does(predict, inputs):
    for config in ({"generations": 0}, {"generations": 0, "method": "few_shot", "shots": 2}):
        _, rows = predict(inputs, **config)
        for row in rows:
            if row["suite"] != "task":
                assert row["token_nats"] is None
                continue
            assert sum(row["token_nats"]) == pytest.approx(row["nats"], rel=1e-5)
            assert row["token_ends"][-1] == row["bytes"] and row["token_ends"] == sorted(row["token_ends"])
