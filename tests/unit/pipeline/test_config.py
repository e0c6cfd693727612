from __future__ import annotations

from pathlib import Path

import pytest

from acclimate.core.errors import ConfigError
from acclimate.pipeline.config import check_config, read_config

SMALLEST = {"project": "notes", "ingest": {"sources": [{"path": "data/*.jsonl"}]}}


def test_the_smallest_config_has_a_step_for_every_stage_but_model_selection() -> None:
    config = check_config(SMALLEST)
    assert config.base == "smollm2-135m"
    assert [step.name for step in config.steps][:5] == ["ingest", "clean", "dedup", "deidentify", "split"]
    assert "select_model" not in {step.stage for step in config.steps}


def test_candidates_bring_model_selection_into_the_line() -> None:
    config = check_config({**SMALLEST, "select_model": {"candidates": ["a", "b"]}})
    assert "select_model" in {step.stage for step in config.steps}


def test_pretraining_has_no_prompted_baseline() -> None:
    names = [step.name for step in check_config({**SMALLEST, "task": "pretraining"}).steps]
    assert "predict.prompted" not in names
    assert "predict.adapted" in names


@pytest.mark.parametrize("task", ["classification", "multi-label-classification"])
def test_labels_are_told_by_an_encoder_against_three_simpler_ways(task: str) -> None:
    config = check_config({**SMALLEST, "task": task, "labels": ["urgent", "routine"]})
    names = [step.name for step in config.steps]
    assert config.base == "minilm-l6"
    assert [name for name in names if name.startswith("predict.")] == [
        "predict.base",
        "predict.adapted",
        "predict.tfidf",
        "predict.majority",
    ]
    assert not {"sample", "sweep", "dial"} & set(names)


@pytest.mark.parametrize("section", [None, {}, {"seed": 1}])
def test_an_encoder_learns_hidden_words_first_where_the_section_stands_there(section) -> None:
    config = check_config({**SMALLEST, "task": "classification", "labels": ["a", "b"], "pretrain": section})
    steps = {step.name: step for step in config.steps}
    resolved = config.resolve(steps["pretrain"]).model_dump()
    assert [resolved[name] for name in ("task", "method", "labels")] == ["masked_lm", "full", ()]
    assert {name for name, step in steps.items() if step.inputs.get("base") == "pretrain"} == {
        "train",
        "predict.adapted",
    }


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"task": "pretraining", "pretrain": None}, "pretraining already"),
        ({"task": "generation", "pretrain": None}, "whose base is a decoder"),
        ({"task": "classification", "pretrain": False}, "is not a group of settings"),
        ({"task": "classification", "pretrain": {"labels": ["a", "b"]}}, "looks at no label"),
        ({"task": "classification", "pretrain": {"replay_share": 0.1}}, "the task is masked_lm"),
        ({"task": "classification", "pretrain": {"epochs": 1}}, "pretrain.epochs is not a known setting"),
    ],
)
def test_pretraining_that_cannot_be_is_refused(changed, said) -> None:
    with pytest.raises(ConfigError, match=said):
        check_config({**SMALLEST, **changed})


def test_the_probe_reads_as_much_of_a_text_as_training_does() -> None:
    written = {**SMALLEST, "task": "classification", "labels": ["b", "a"], "train": {"max_length": 64}}
    config = check_config(written)
    resolved = {step.name: config.resolve(step).model_dump() for step in config.steps}
    assert resolved["predict.base"]["max_length"] == resolved["train"]["max_length"] == 64
    assert resolved["predict.base"]["labels"] == resolved["train"]["labels"] == ("b", "a")


def test_preferences_are_learnt_with_replay_and_dialled_without_answers_as_baselines() -> None:
    names = [step.name for step in check_config({**SMALLEST, "task": "preference"}).steps]
    assert {"sample", "train", "sweep", "dial", "predict.base", "predict.adapted"} < set(names)
    assert not {"predict.prompted", "predict.copy"} & set(names)


def test_preferences_are_measured_by_the_loss_that_training_makes_smaller() -> None:
    train = {"loss_type": "sigmoid_norm", "beta": 2.0}
    config = check_config({**SMALLEST, "task": "preference", "train": train})
    resolved = {step.name: config.resolve(step).model_dump() for step in config.steps}
    assert resolved["dial"].items() >= train.items()
    assert resolved["evaluate"]["loss_type"] == "sigmoid_norm"
    assert resolved["clean"]["task"] == resolved["sweep"]["task"] == "preference"


CLASSIFICATION = {"task": "classification"}
SEVERAL = {"task": "multi-label-classification"}
TOPICS = {"ingest": {"sources": [{"path": "a.csv", "columns": {"text": "message", "labels": "topics"}}]}}
GATE = {"gate": "gain", "set_by": "Ann", "why": "agreed"}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"labels": ["a", "b"]}, r"labels: only the tasks classification and multi-label-classification tell labels"),
        ({**CLASSIFICATION, "labels": ["a"]}, r"labels: \['a'\] is no list of two or more"),
        ({**CLASSIFICATION, "labels": ["a", "a"]}, r"is no list of two or more different names"),
        ({**CLASSIFICATION, "labels": [1, True]}, r"is no list of two or more different names.*\n.*quotes"),
        ({**CLASSIFICATION, "model": "./adapter"}, r"model: compares a model trained elsewhere"),
        ({**CLASSIFICATION, "select_model": {"candidates": ["a", "b"]}}, r"select_model\.candidates"),
        ({**CLASSIFICATION, "train": {"replay_share": 0.1}}, r"replay_share is of models that write text"),
        ({**CLASSIFICATION, **TOPICS}, r"the source 'a' maps labels, .* the task is classification"),
        ({**CLASSIFICATION, "predict": {"threshold": 0.4}}, r"threshold is of multi-label-classification"),
        ({**SEVERAL, "labels": []}, r"labels: \[\] is no list of one or more different names"),
        (
            {**SEVERAL, "split": {"stratify": ["site", "label"]}},
            r"split\.stratify: label spreads records by the one label",
        ),
        (
            {**SEVERAL, "split": {"fractions": {"train": 0.7, "validation": 0, "test": 0.3}}},
            r"validation is 0, .*\n.*threshold",
        ),
        ({**SEVERAL, "predict": {"threshold": 1.5}}, r"predict\.threshold: 1\.5 is not valid"),
        ({**SEVERAL, "train": {"replay_share": 0.1}}, r"replay_share is of models that write text"),
        ({**SEVERAL, "model": "./adapter"}, r"model: compares a model trained elsewhere"),
        (
            {**SEVERAL, "release": {"gates": [{**GATE, "metric": "accuracy"}]}},
            r"'accuracy' is not measured .*\n.*micro_f1",
        ),
        ({"train": {"beta": 0.2}}, r"beta is of pairs of answers, and the task is generation"),
        ({"task": "preference", "train": {"replay_loss": "kl"}}, r"replay_loss is of models that write text"),
        ({"task": "preference", "select_model": {"candidates": ["a", "b"]}}, r"select_model\.candidates"),
        ({"trian": {}}, r"trian is not a known setting.*\n.*did you mean train\?"),
        ({"dedup": {"max_edits": 0.2}}, r"dedup\.max_edits is not a known setting.*\n.*dedup\.max_edited"),
        ({"dedup": {"max_edited": 2}}, r"dedup\.max_edited: 2 is not valid"),
        ({"task": "translation"}, r"task: 'translation' is not known"),
        ({"project": "my notes"}, r"project: 'my notes' is not a name"),
        ({"ingest": {"sources": []}}, r"ingest\.sources is empty"),
        ({"evaluation_sets": {"source": []}}, r"evaluation_sets\.sources: is not valid: field required"),
        ({"evaluation_sets": {"sources": "exam.jsonl"}}, r"evaluation_sets\.sources: 'exam\.jsonl' is not valid"),
        ({"evaluation_sets": {"sources": []}}, r"evaluation_sets\.sources: .* is not valid"),
        ({"clean": 3}, r"clean: 3 is not a group of settings"),
    ],
)
def test_a_wrong_setting_is_named_with_its_mend(change: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        check_config({**SMALLEST, **change})


@pytest.mark.parametrize("line", [b"base: \xff\n", b"base: 2024-99-99\n", b"base: \x07\n"])
def test_a_file_that_is_not_yaml_is_named(tmp_path: Path, line: bytes) -> None:
    (tmp_path / "acclimate.yaml").write_bytes(b"project: notes\n" + line)
    with pytest.raises(ConfigError, match=r"acclimate\.yaml.*not valid YAML"):
        read_config(tmp_path)


def test_broken_yaml_names_the_line(tmp_path: Path) -> None:
    (tmp_path / "acclimate.yaml").write_text("project: notes\nbase: [1,\n")
    with pytest.raises(ConfigError, match=r"acclimate\.yaml, line \d"):
        read_config(tmp_path)


def test_overrides_reach_into_stages(tmp_path: Path) -> None:
    (tmp_path / "acclimate.yaml").write_text("project: notes\ningest: {sources: [{path: a.jsonl}]}\n")
    config = read_config(tmp_path, overrides=["train.max_steps=7", "base=other"])
    assert config.sections["train"] == {"max_steps": 7}
    assert config.base == "other"


@pytest.mark.parametrize(
    "override", ["train.max_steps", "project.name=x", "train.seed=[", "train.seed=2024-99-99", "train.seed=\x07"]
)
def test_a_wrong_override_is_refused(tmp_path: Path, override: str) -> None:
    (tmp_path / "acclimate.yaml").write_text("project: notes\ningest: {sources: [{path: a.jsonl}]}\n")
    with pytest.raises(ConfigError, match="--set"):
        read_config(tmp_path, overrides=[override])


def test_the_packaged_retention_set_is_used_unless_the_user_names_sources() -> None:
    config = check_config({**SMALLEST, "general": {"limit": 3}})
    general = next(step for step in config.steps if step.name == "general")
    assert [source.name for source in config.resolve(general).sources] == ["general-text", "abilities"]


def test_an_evaluation_set_brings_its_step_and_may_be_one_that_must_not_be_trained_on() -> None:
    exam = {"path": "exam.jsonl", "licence": "CC-BY-ND-4.0"}
    config = check_config({**SMALLEST, "evaluation_sets": {"sources": [exam]}})
    steps = {step.name: step for step in config.steps}
    assert [source.role for source in config.resolve(steps["evaluation_sets"]).sources] == ["test"]
    assert steps["dedup"].inputs["evaluation"] == steps["split"].inputs["evaluation"] == "evaluation_sets"
