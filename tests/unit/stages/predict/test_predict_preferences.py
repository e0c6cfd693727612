"""Of a preference both answers are scored, and some prompts answered; what is none is left out and said."""

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

PAIRS = [
    {"id": f"t{n}", "split": "test", "prompt": f"pain {n}?", "chosen": f"yes {n}", "rejected": "perhaps so"}
    for n in range(4)
]


@pytest.fixture
def predict(tmp_path):
    base = Artifact(write_tiny_model(tmp_path / "base", context_length=256))

    def run(records, **config):
        inputs = {"base": base, "records": write_artifact(tmp_path / "records", records)}
        for name in ("output", "partial"):
            (tmp_path / name).mkdir()
        context = Context(partial=tmp_path / "partial", progress=no_progress, engine=None, models=LocalModels())
        settings = PredictConfig(**{"task": "preference", "max_new_tokens": 4, "precision": "fp32", **config})
        with Output(tmp_path / "output", STAGE.schema) as output:
            report = STAGE.run(settings, inputs, output, context)
        report.counts.check()
        return report, Artifact(tmp_path / "output").table().to_pylist()

    return run


def test_both_answers_are_scored_and_some_prompts_answered_once(predict):
    report, rows = predict(PAIRS, generations=2)
    assert Counter((row["suite"], row["candidate"]) for row in rows) == {("task", "chosen"): 4, ("task", "rejected"): 4}
    assert all(row["nats"] > 0 and row["tokens"] > 0 for row in rows)
    assert [row["candidate"] for row in rows if row["generated"] is not None] == ["chosen", "chosen"]
    assert report.metrics["bits_per_byte"].keys() == {"task"}


def test_test_records_that_are_no_preferences_are_left_out_and_said(predict):
    report, rows = predict(
        [*PAIRS, {**PAIRS[0], "id": "same", "rejected": "yes 0"}, {**PAIRS[0], "id": "asks", "prompt": ""}]
    )
    assert {row["id"] for row in rows} == {pair["id"] for pair in PAIRS}
    assert "2 of 6 test records are no preferences" in report.warnings[0]
    assert "1 has two equal answers, the first is same" in report.warnings[0]


def test_no_preference_at_all_is_one_sentence_that_says_how_to_map_them(predict):
    with pytest.raises(DataError, match=r"(?s)None of 1 test records is a pair .*1 has no two answers.*chosen: better"):
        predict([{"id": "t", "split": "test", "prompt": "pain?", "completion": "yes"}])


@pytest.mark.parametrize("method", ["few_shot", "nearest_answer"])
def test_ways_of_answering_do_not_go_with_pairs(predict, method):
    with pytest.raises(ConfigError, match=f"{method} does not go with task preference"):
        predict(PAIRS, method=method)
