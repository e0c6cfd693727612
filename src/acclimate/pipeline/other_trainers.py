"""A project out of another trainer's YAML: LLaMA-Factory, Axolotl or TRL; what cannot be carried over is listed.

The names read are those of LLaMA-Factory's and Axolotl's documented settings and of TRL's SFTConfig and ModelConfig.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from acclimate.core.errors import ConfigError

Settings = Mapping[str, Any]

SAME = {
    "learning_rate": "learning_rate",
    "num_train_epochs": "num_train_epochs",
    "num_epochs": "num_train_epochs",
    "max_steps": "max_steps",
    "per_device_train_batch_size": "per_device_train_batch_size",
    "micro_batch_size": "per_device_train_batch_size",
    "gradient_accumulation_steps": "gradient_accumulation_steps",
    "warmup_ratio": "warmup_ratio",
    "weight_decay": "weight_decay",
    "max_grad_norm": "max_grad_norm",
    "lora_r": "lora_r",
    "lora_rank": "lora_r",
    "lora_alpha": "lora_alpha",
    "use_dora": "use_dora",
    "peft_use_dora": "use_dora",
    "use_rslora": "use_rslora",
    "peft_use_rslora": "use_rslora",
    "max_length": "max_length",
    "cutoff_len": "max_length",
    "sequence_len": "max_length",
    "eval_steps": "eval_steps",
    "save_steps": "save_steps",
    "seed": "seed",
    "freeze_trainable_layers": "top_layers",
}
"""Settings that mean the same here, under the name after the colon in the section `train`."""

WHOLE_NUMBERS = ("max_steps", "lora_r", "lora_alpha", "max_length", "eval_steps", "save_steps", "seed", "top_layers")

DONE_OTHERWISE = {
    "template": "the base's own chat template is used",
    "chat_template": "the base's own chat template is used",
    "packing": "rows are always packed, without attention across them",
    "sample_packing": "rows are always packed, without attention across them",
    "pad_to_sequence_len": "rows are always packed, so nothing is padded",
    "lr_scheduler_type": "the rate falls by a half cosine",
    "lr_scheduler": "the rate falls by a half cosine",
    "optim": "AdamW with fp32 masters",
    "optimizer": "AdamW with fp32 masters",
    "bf16": "train.precision: auto takes bf16 where the machine computes it well",
    "tf32": "train.precision: auto takes what the machine computes well",
    "flash_attention": "attention is chosen by the machine",
    "gradient_checkpointing": "rows are computed in packs of a fixed size, which bounds the memory",
    "output_dir": "artifacts lie in the project's folder",
    "overwrite_output_dir": "artifacts are never overwritten",
    "do_train": "acclimate run does every step",
    "val_size": "split.fractions, by subject and duplicate cluster",
    "val_set_size": "split.fractions, by subject and duplicate cluster",
    "train_on_inputs": "only answers carry loss",
    "report_to": "nothing leaves the machine; acclimate runs lists the runs",
    "plot_loss": "the report draws the curve",
    "trust_remote_code": "code that comes with a model is never run",
    "eval_strategy": "train.eval_steps",
    "logging_steps": "every step is in the curve",
}
"""Settings with no counterpart because acclimate decides them itself, each with how."""


@dataclass
class CarriedOver:
    """What another trainer's file becomes. `left` names each setting that is not carried over, with the reason."""

    trainer: str
    base: str = ""
    task: str = "generation"
    sources: list[dict[str, Any]] = field(default_factory=list)
    train: dict[str, Any] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    """Settings whose meaning is carried over."""

    def to_yaml(self, project: str, folder: Path) -> str:
        """acclimate.yaml for a project in `folder`, with what was left out as comments at its head."""
        said = [f"# From a configuration of {self.trainer}."]
        said += [f"# Not carried over: {name} ({why})." for name, why in sorted(self.left.items())]
        sources = [{**source, "path": os.path.relpath(source["path"], folder)} for source in self.sources]
        base = os.path.relpath(self.base, folder) if Path(self.base).is_absolute() else self.base
        content = {"project": project, "task": self.task, "base": base, "ingest": {"sources": sources}}
        if self.train:
            content["train"] = self.train
        return "\n".join(said) + "\n" + yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def carry_over(file: Path) -> CarriedOver:
    """What the file asks for, in acclimate's terms; relative paths count from the file's folder."""
    settings = _read(file)
    for trainer, (marks, read) in _TRAINERS.items():
        if marks <= settings.keys():
            carried = CarriedOver(trainer)
            read(settings, file.resolve().parent, carried)
            _carry_the_rest(settings, carried)
            return _checked(carried, file)
    known = "; ".join(f"{trainer} has {' and '.join(sorted(marks))}" for trainer, (marks, _) in _TRAINERS.items())
    raise ConfigError(f"{file} is of no trainer known here.", hint=f"what tells them apart: {known}")


def _read(file: Path) -> dict[str, Any]:
    try:
        settings = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        raise ConfigError(
            f"{file}{f', line {mark.line + 1}' if mark else ''} is not valid YAML.",
            hint="mend it, or give another file",
        ) from error
    if not isinstance(settings, dict):
        raise ConfigError(
            f"{file} holds no settings.", hint="give the YAML file that the other trainer is started with"
        )
    return settings


def _llama_factory(settings: Settings, folder: Path, carried: CarriedOver) -> None:
    stage, kind = str(settings.get("stage", "sft")), str(settings["finetuning_type"])
    _set_task(carried, "stage", {"sft": "generation", "pt": "pretraining", "dpo": "preference"}.get(stage), stage)
    if carried.task == "preference":
        _carry_preferences(settings, carried)
    methods = {"lora": "lora", "full": "full", "freeze": "top_layers"}
    carried.base = _base(folder, settings["model_name_or_path"])
    _set_method(carried, "finetuning_type", methods.get(kind), kind)
    _set_modules(carried, "lora_target", settings.get("lora_target", "all"))
    if settings.get("quantization_bit"):
        carried.left["quantization_bit"] = "the base is kept in bf16 or fp32"
    names = str(settings.get("dataset", "")).split(",")
    data = folder / str(settings.get("dataset_dir", "data"))
    known = _dataset_info(data / "dataset_info.json")
    for name in filter(None, map(str.strip, names)):
        carried.sources += _factory_dataset(name, known.get(name), data, carried)
    carried.read |= {"stage", "finetuning_type", "model_name_or_path", "lora_target", "dataset", "dataset_dir"}


def _carry_preferences(settings: Settings, carried: CarriedOver) -> None:
    """What LLaMA-Factory calls DPO's strength and the share of likelihood beside it."""
    loss = str(settings.get("pref_loss", "sigmoid"))
    if loss != "sigmoid":
        carried.left["pref_loss"] = f"{loss} is not built in; the project learns by DPO"
    for theirs, ours in {"pref_beta": "beta", "pref_ftx": "rpo_alpha"}.items():
        if settings.get(theirs):
            carried.train[ours] = _number(settings[theirs])
    carried.read |= {"pref_loss", "pref_beta", "pref_ftx"}


def _factory_dataset(name: str, entry: Any, data: Path, carried: CarriedOver) -> Iterator[dict[str, Any]]:
    """The source that an entry of dataset_info.json names; what is on a hub or made by a script cannot be landed."""
    if not isinstance(entry, dict) or "file_name" not in entry:
        carried.left[f"dataset {name}"] = "it is no file that dataset_info.json names; fetch it and name it in ingest"
        return
    columns = entry.get("columns") or {}
    ours: dict[str, str] = {}
    source: dict[str, Any] = {"path": str(data / str(entry["file_name"])), "name": _name(name)}
    if entry.get("ranking"):
        ours = _ranking_columns(columns, is_sharegpt=entry.get("formatting") == "sharegpt")
    elif entry.get("formatting", "alpaca") == "alpaca":
        ours = {"prompt": columns.get("prompt", "instruction"), "completion": columns.get("response", "output")}
        ours = {} if ours == {"prompt": "instruction", "completion": "output"} else ours
    if ours:
        source["columns"] = ours
        if columns.get("query"):
            carried.left[f"dataset {name}: query"] = "a prompt comes from one column"
    yield source


def _ranking_columns(columns: Mapping[str, str], *, is_sharegpt: bool) -> dict[str, str]:
    """How the columns of pairs are mapped; nothing where they have the names that are recognised."""
    asked, usual = ("messages", "conversations") if is_sharegpt else ("prompt", "instruction")
    recognised = {asked: usual, "chosen": "chosen", "rejected": "rejected"}
    ours = {part: columns.get(part, name) for part, name in recognised.items()}
    return {} if ours == recognised else ours


def _axolotl(settings: Settings, folder: Path, carried: CarriedOver) -> None:
    carried.base = _base(folder, settings["base_model"])
    adapter = settings.get("adapter") or "full"
    _set_method(carried, "adapter", {"lora": "lora", "full": "full"}.get(str(adapter)), str(adapter))
    _set_modules(carried, "lora_target_modules", settings.get("lora_target_modules") or "all")
    for key in ("rl", "load_in_4bit", "load_in_8bit"):
        if settings.get(key):
            carried.left[key] = "answers are learnt by supervised training on a base in bf16 or fp32"
    kinds = set()
    for number, entry in enumerate(settings["datasets"] or [], 1):
        path = _local(folder, entry.get("data_files") or entry.get("path"))
        if path is None:
            carried.left[f"dataset {entry.get('path')}"] = "it is no file here; fetch it and name it in ingest"
            continue
        kinds.add(str(entry.get("type", "")).split(".")[0].split(":")[0])
        carried.sources.append({"path": str(path), "name": _name(f"{path.stem}-{number}")})
    if kinds == {"completion"}:
        carried.task = "pretraining"
    carried.read |= {"base_model", "adapter", "datasets", "lora_target_modules", "lora_target_linear"}
    carried.read |= {"rl", "load_in_4bit", "load_in_8bit"}


def _trl(settings: Settings, folder: Path, carried: CarriedOver) -> None:
    carried.base = _base(folder, settings["model_name_or_path"])
    carried.train["method"] = "lora" if settings.get("use_peft") else "full"
    _set_modules(carried, "lora_target_modules", settings.get("lora_target_modules") or "all")
    path = _local(folder, settings["dataset_name"])
    if path is None:
        carried.left["dataset_name"] = "it is no file here; fetch it and name it in ingest"
    else:
        carried.sources.append({"path": str(path), "name": _name(path.stem)})
    carried.read |= {"model_name_or_path", "use_peft", "lora_target_modules", "dataset_name"}


_TRAINERS: Mapping[str, tuple[frozenset[str], Callable[[Settings, Path, CarriedOver], None]]] = {
    "LLaMA-Factory": (frozenset({"model_name_or_path", "finetuning_type"}), _llama_factory),
    "Axolotl": (frozenset({"base_model", "datasets"}), _axolotl),
    "TRL": (frozenset({"model_name_or_path", "dataset_name"}), _trl),
}
"""By trainer, the settings that only its files have, and what reads them."""


def _carry_the_rest(settings: Settings, carried: CarriedOver) -> None:
    """Settings that mean the same, then all others into the list of what was left."""
    for name, value in settings.items():
        if name in SAME and value is not None:
            ours = SAME[name]
            carried.train[ours] = int(value) if ours in WHOLE_NUMBERS else _number(value)
        elif name not in SAME and name not in carried.read | carried.left.keys():
            carried.left[name] = DONE_OTHERWISE.get(name, "it has no counterpart")
    if carried.train.get("method") != "lora":
        for name in ("lora_r", "lora_alpha", "use_dora", "use_rslora"):
            carried.train.pop(name, None)
    if carried.train.get("max_steps", 1) <= 0:
        del carried.train["max_steps"]
    if carried.train.get("num_train_epochs", 0) > 3:
        carried.left["num_train_epochs"] = "a text is seen at most three times; set train.max_steps for more"
        carried.train["num_train_epochs"] = 3


def _number(value: Any) -> Any:
    """YAML reads 1e-4 as a text."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _set_task(carried: CarriedOver, name: str, task: str | None, given: str) -> None:
    if task is None:
        carried.left[name] = f"{given} is not built in; the project learns answers"
    carried.task = task or "generation"


def _set_method(carried: CarriedOver, name: str, method: str | None, given: str) -> None:
    if method is None:
        carried.left[name] = f"{given} is not built in; the project trains a LoRA"
    carried.train["method"] = method or "lora"


def _set_modules(carried: CarriedOver, name: str, wanted: Any) -> None:
    """The named modules of a LoRA; `all` and `all-linear` are what it takes by itself."""
    modules = wanted.split(",") if isinstance(wanted, str) else list(wanted)
    modules = [module.strip() for module in modules]
    if modules in (["all"], ["all-linear"]):
        return
    if carried.train["method"] == "lora":
        carried.train["target_modules"] = modules
    else:
        carried.left[name] = f"method {carried.train['method']} trains no chosen modules"


def _dataset_info(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigError(f"{file} is not valid JSON.", hint="mend it, or give another dataset_dir") from error
    return known if isinstance(known, dict) else {}


def _base(folder: Path, named: Any) -> str:
    """A folder here as its whole path, anything else as it is."""
    path = folder / Path(str(named)).expanduser()
    return str(path.resolve()) if path.is_dir() else str(named)


def _local(folder: Path, named: Any) -> Path | None:
    """The file that a setting names, if there is one."""
    first = named[0] if isinstance(named, list) and named else named
    if not isinstance(first, str):
        return None
    path = folder / Path(first).expanduser()
    return path if path.exists() else None


def _name(text: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in text)


def _checked(carried: CarriedOver, file: Path) -> CarriedOver:
    if not carried.sources:
        raise ConfigError(
            f"{file} names no data that is here: {', '.join(name for name in carried.left if 'dataset' in name)}.",
            hint="fetch the data as files and name them there, or write acclimate.yaml by hand (acclimate init DIR)",
        )
    return carried
