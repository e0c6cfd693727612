"""A configuration of another trainer becomes a project that can be planned, and what was left out is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from acclimate.cli.init import app
from acclimate.core.errors import ConfigError
from acclimate.pipeline.config import check_config
from acclimate.pipeline.other_trainers import carry_over

LLAMA_FACTORY = """
model_name_or_path: org/model-1b
stage: sft
do_train: true
finetuning_type: lora
lora_target: q_proj,v_proj
lora_rank: 8
dataset: notes,identity
template: llama3
cutoff_len: 2048
learning_rate: 1.0e-4
num_train_epochs: 5.0
lr_scheduler_type: cosine
warmup_ratio: 0.1
neftune_noise_alpha: 5
"""

AXOLOTL = """
base_model: org/model-1b
adapter: qlora
load_in_4bit: true
datasets:
  - {path: notes.jsonl, type: chat_template}
  - {path: org/on-a-hub, type: alpaca}
sequence_len: 1024
lora_r: 32
lora_target_linear: true
micro_batch_size: 2
gradient_accumulation_steps: 4
num_epochs: 1
learning_rate: 2e-4
sample_packing: true
"""

TRL = """
model_name_or_path: ./base
dataset_name: notes.jsonl
learning_rate: 2.0e-5
max_steps: -1
lora_r: 16
lora_target_modules: all-linear
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with data, as other trainers find it."""
    (tmp_path / "data").mkdir()
    (tmp_path / "base").mkdir()
    for name in ("notes.jsonl", "data/notes.jsonl"):
        (tmp_path / name).write_text('{"question": "Why?", "reply": "So."}\n')
    columns = {"prompt": "question", "response": "reply", "query": "context"}
    known = {"notes": {"file_name": "notes.jsonl", "columns": columns}, "identity": {"hf_hub_url": "org/identity"}}
    (tmp_path / "data/dataset_info.json").write_text(json.dumps(known))
    return tmp_path


def carried(folder: Path, text: str):
    (folder / "train.yaml").write_text(text)
    found = carry_over(folder / "train.yaml")
    return found, yaml.safe_load(found.to_yaml("notes", folder / "project"))


def test_a_file_of_llama_factory_with_its_datasets(folder: Path) -> None:
    found, written = carried(folder, LLAMA_FACTORY)
    assert check_config(written).base == "org/model-1b"
    (source,) = written["ingest"]["sources"]
    assert source["path"] == "../data/notes.jsonl"
    assert source["columns"] == {"prompt": "question", "completion": "reply"}
    assert written["train"] == {
        "method": "lora",
        "target_modules": ["q_proj", "v_proj"],
        "lora_r": 8,
        "max_length": 2048,
        "learning_rate": 1e-4,
        "num_train_epochs": 3,
        "warmup_ratio": 0.1,
    }
    assert {
        "dataset identity",
        "dataset notes: query",
        "num_train_epochs",
        "template",
        "neftune_noise_alpha",
    } <= found.left.keys()
    assert found.left["neftune_noise_alpha"] == "it has no counterpart"


def test_a_file_of_axolotl(folder: Path) -> None:
    found, written = carried(folder, AXOLOTL)
    assert check_config(written).task == "generation"
    assert written["train"] == {
        "method": "lora",
        "max_length": 1024,
        "lora_r": 32,
        "per_device_train_batch_size": 2,
        "gradient_accumulation_steps": 4,
        "num_train_epochs": 1,
        "learning_rate": 2e-4,
    }
    assert {"adapter", "load_in_4bit", "dataset org/on-a-hub", "sample_packing"} == found.left.keys()


def test_a_file_of_trl_trains_all_weights_unless_it_says_otherwise(folder: Path) -> None:
    _, written = carried(folder, TRL)
    assert written["base"] == "../base"
    assert written["train"] == {"method": "full", "learning_rate": 2e-5}
    _, written = carried(folder, TRL + "use_peft: true\n")
    assert written["train"]["lora_r"] == 16


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "line 1 is not valid YAML"),
        ("- a", "holds no settings"),
        ("learning_rate: 1", "no trainer known here"),
        ("model_name_or_path: m\ndataset_name: org/data", "names no data that is here: dataset_name"),
    ],
)
def test_a_file_that_cannot_be_taken_over_says_why(folder: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        carried(folder, text)


def test_the_command_writes_the_project_and_lists_what_was_left(folder: Path) -> None:
    (folder / "train.yaml").write_text(AXOLOTL)
    told = CliRunner().invoke(app, [str(folder / "project"), "--from", str(folder / "train.yaml")])
    assert told.exit_code == 0, told.output
    assert "not carried over: sample_packing" in told.output
    assert "# Not carried over: load_in_4bit" in (folder / "project/acclimate.yaml").read_text()


@pytest.mark.parametrize(
    ("entry", "columns"),
    [
        ({}, None),
        ({"formatting": "sharegpt", "columns": {"messages": "conversations"}}, None),
        (
            {"columns": {"prompt": "question", "chosen": "good"}},
            {"prompt": "question", "chosen": "good", "rejected": "rejected"},
        ),
    ],
)
def test_a_preference_stage_of_llama_factory_learns_preferences(folder: Path, entry: dict, columns: object) -> None:
    known = {"notes": {"file_name": "notes.jsonl", "ranking": True, **entry}}
    (folder / "data/dataset_info.json").write_text(json.dumps(known))
    preferring = LLAMA_FACTORY.replace("stage: sft", "stage: dpo\npref_beta: 0.2\npref_ftx: 0.5\npref_loss: orpo")
    found, written = carried(folder, preferring)
    config = check_config(written)
    assert (config.task, written["train"]["beta"], written["train"]["rpo_alpha"]) == ("preference", 0.2, 0.5)
    assert written["ingest"]["sources"][0].get("columns") == columns
    assert found.left["pref_loss"] == "orpo is not built in; the project learns by DPO"
