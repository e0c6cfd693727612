"""What lies in an adapter folder, and putting it on its base: peft's LoRA, or changed weights of the model itself.

A folder that acclimate trained names its base by digest, so that it cannot be put on another one.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from acclimate.backends.model_files import check_no_code, safetensors_header
from acclimate.backends.quiet import quiet_libraries
from acclimate.core.atomic import read_json, write_json
from acclimate.core.errors import ModelError
from acclimate.core.ports import ModelFacts

FACTS_FILE = "acclimate.json"
LORA_CONFIG = "adapter_config.json"
LORA_WEIGHTS = "adapter_model.safetensors"
CHANGED_WEIGHTS = "weights.safetensors"
HEAD_WEIGHTS = "head.safetensors"
"""The head of an encoder, trained whole beside either of the other two."""


@dataclass(frozen=True)
class AdapterFacts:
    """What acclimate.json says: how the adapter was trained, on which base."""

    method: str
    base: str
    """Digest of the base."""
    base_name: str
    alpha: float = 1.0
    """The strength it was scaled to after training."""
    labels: tuple[str, ...] = ()
    """What a classifier's head tells apart, in the order of its outputs."""
    max_length: int = 0
    """Tokens of a text that a classifier reads."""
    objective: str = ""
    """What it was trained for; empty in folders written before this stood there."""

    def write(self, folder: Path) -> None:
        """Writes acclimate.json."""
        write_json(folder / FACTS_FILE, asdict(self))


def read_adapter_facts(folder: Path) -> AdapterFacts | None:
    """What acclimate.json says; None for an adapter trained elsewhere."""
    file = folder / FACTS_FILE
    if not file.is_file():
        return None
    values = read_json(file)
    return AdapterFacts(**{**values, "labels": tuple(values.get("labels", ()))})


def check_adapter(folder: Path, base: ModelFacts) -> None:
    """Fails for a folder that is no adapter, could run code, or was trained on another base."""
    check_no_code(folder)
    if not any((folder / name).is_file() for name in (LORA_WEIGHTS, CHANGED_WEIGHTS)):
        raise ModelError(
            f"{folder} holds no adapter: neither {LORA_WEIGHTS} nor {CHANGED_WEIGHTS} is there.",
            hint="give the folder that training wrote; a whole model is given as a base",
        )
    facts = read_adapter_facts(folder)
    if facts and facts.base != base.digest:
        raise ModelError(
            f"The adapter in {folder} was trained on {facts.base_name} ({facts.base[:12]}), not on {base.name}"
            f" ({base.digest[:12]}): on another base its weights mean nothing.",
            hint=f"give {facts.base_name} as the base, or train again on {base.name}",
        )


def put_on(model: Any, folder: Path) -> Any:
    """The model with the adapter of a folder on it."""
    if (folder / CHANGED_WEIGHTS).is_file():
        return _with_changed_weights(model, folder / CHANGED_WEIGHTS)
    return _with_lora(model, folder)


def _with_changed_weights(model: Any, file: Path) -> Any:
    import torch
    from safetensors.torch import load_file

    safetensors_header(file)
    weights = dict(model.named_parameters())
    with torch.no_grad():
        for name, value in load_file(file).items():
            if name not in weights or weights[name].shape != value.shape:
                raise ModelError(
                    f"{file} changes the weight {name}, which the base does not have in that shape.",
                    hint="give the base that the adapter was trained from",
                )
            weights[name].copy_(value)
    return model


def _with_lora(model: Any, folder: Path) -> Any:
    from peft import PeftModel

    from acclimate.backends.lora import fused

    safetensors_header(folder / LORA_WEIGHTS)
    if not (folder / LORA_CONFIG).is_file():
        raise ModelError(
            f"{folder} has {LORA_WEIGHTS} but no {LORA_CONFIG}, which says where its weights belong.",
            hint="copy the whole folder that training wrote",
        )
    try:
        # The adapter computes in the model's own precision, as it did when training measured it.
        with quiet_libraries():
            adapted = PeftModel.from_pretrained(model, str(folder), local_files_only=True, autocast_adapter_dtype=False)
    except (ValueError, RuntimeError, KeyError, TypeError) as error:
        raise ModelError(
            f"The adapter in {folder} does not fit the base: {' '.join(str(error).split())[:200]}.",
            hint="give the base that the adapter was trained from",
        ) from error
    return fused(adapted.eval())
