"""The base writes both turns; halves are kept apart; equal seeds give equal text."""

from __future__ import annotations

import pytest

from acclimate.backends.models import LocalModels
from acclimate.core.artifacts import Artifact, Output
from acclimate.core.ports import Context
from acclimate.core.progress import no_progress
from acclimate.stages.sample import STAGE, SampleConfig
from acclimate.stages.sample.draw import opening_of_user_turn
from acclimate.testing.models import write_tiny_model


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return Artifact(write_tiny_model(tmp_path_factory.mktemp("base")))


def sample(base, folder, **config):
    (folder / "output").mkdir(parents=True)
    (folder / "partial").mkdir()
    context = Context(partial=folder / "partial", progress=no_progress, engine=None, models=LocalModels())
    settings = SampleConfig(**{"n": 12, "max_new_tokens": 6, "precision": "fp32", **config})
    with Output(folder / "output", STAGE.schema) as output:
        report = STAGE.run(settings, {"base": base}, output, context)
    report.counts.check()
    return report, Artifact(folder / "output")


def test_the_template_is_shown_up_to_where_a_user_would_type(base):
    model = LocalModels().load(base.path, precision="fp32")
    shown = "".join(text for text, _ in model.show(opening_of_user_turn(model)))
    assert shown.endswith("<|im_start|>user\n")


def test_half_is_for_replay_and_half_for_retention_and_all_is_counted(base, tmp_path):
    report, artifact = sample(base, tmp_path)
    rows = artifact.table().to_pylist()
    dropped = artifact.dropped().to_pylist()
    assert report.counts.created == len(rows) + len(dropped) == 12
    assert {row["id"][-5:] for row in rows + dropped if row["split"] == "train"} == {f"{n:05d}" for n in range(6)}
    assert {row["source"] for row in rows} == {"base-sample"}


def test_both_halves_have_their_share_of_plain_texts(base, tmp_path):
    report, artifact = sample(base, tmp_path, n=16, text_share=0.25)
    rows = [*artifact.table().to_pylist(), *artifact.dropped().to_pylist()]
    plain = [row["split"] for row in rows if row["messages"] is None]
    assert sorted(plain) == ["test", "test", "train", "train"]
    assert report.metrics["texts"] == 4


def test_both_turns_were_drawn_and_carry_loss(base, tmp_path):
    _, artifact = sample(base, tmp_path, text_share=0)
    turns = artifact.table().to_pylist()[0]["messages"]
    assert [(turn["role"], turn["train"]) for turn in turns] == [("user", True), ("assistant", True)]


def test_equal_seeds_give_equal_text_and_another_seed_another(base, tmp_path):
    first, again, other = (
        sample(base, tmp_path / name, seed=seed)[1].table().to_pylist()
        for name, seed in (("first", 1), ("again", 1), ("other", 2))
    )
    assert first == again
    assert first != other


def test_a_model_without_chat_template_writes_plain_text(tmp_path):
    folder = write_tiny_model(tmp_path / "plain")
    (folder / "chat_template.jinja").unlink()
    _, artifact = sample(Artifact(folder), tmp_path / "run")
    row = artifact.table().to_pylist()[0]
    assert row["text"]
    assert row["messages"] is None
