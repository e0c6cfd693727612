"""An adapter at another strength: 0 is the base, 1 what training left, without training again.

A LoRA is scaled, whole weights are interpolated with the base's (Wortsman et al. 2022, WiSE-FT, arXiv:2109.01903); of a
DoRA both is done: its factors are scaled, its lengths interpolated, so that 0 is the base there too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from acclimate.backends.adapters import (
    CHANGED_WEIGHTS,
    LORA_CONFIG,
    LORA_WEIGHTS,
    AdapterFacts,
    check_adapter,
    read_adapter_facts,
)
from acclimate.backends.digests import weight_files
from acclimate.backends.model_files import model_facts, safetensors_header
from acclimate.backends.tensor_files import read_tensors, write_tensors
from acclimate.core.atomic import read_json, write_json
from acclimate.core.errors import ModelError

MAGNITUDE = ".lora_magnitude_vector"
PEFT_PREFIX = "base_model.model."


def write_scaled(base: Path, adapter: Path, alpha: float, output: Path) -> None:
    """Writes the adapter of a folder, at the strength `alpha` from 0 to 1, to the folder `output`.

    Raises ModelError where the adapter does not belong to the base.
    """
    facts = model_facts(base)
    check_adapter(adapter, facts)
    output.mkdir(parents=True, exist_ok=True)
    if (adapter / CHANGED_WEIGHTS).is_file():
        tuned = read_tensors(adapter / CHANGED_WEIGHTS)
        starts = _base_weights(base, tuned)
        write_tensors(output / CHANGED_WEIGHTS, {name: _between(starts[name], tuned[name], alpha) for name in tuned})
    else:
        _write_scaled_lora(base, adapter, alpha, output)
    known = read_adapter_facts(adapter) or AdapterFacts("elsewhere", base=facts.digest, base_name=facts.name)
    replace(known, alpha=known.alpha * alpha).write(output)


def _write_scaled_lora(base: Path, adapter: Path, alpha: float, output: Path) -> None:
    """The factors stay as they are: peft multiplies their product by a number that its config gives."""
    tensors = read_tensors(adapter / LORA_WEIGHTS)
    lengths = {name: value for name, value in tensors.items() if name.endswith(MAGNITUDE)}
    if lengths:
        places = {name: name.removeprefix(PEFT_PREFIX).removesuffix(MAGNITUDE) + ".weight" for name in lengths}
        matrices = _base_weights(base, places.values())
        starts = {name: matrices[place].float().norm(dim=1) for name, place in places.items()}
        tensors |= {name: _between(starts[name], value, alpha) for name, value in lengths.items()}
    write_tensors(output / LORA_WEIGHTS, tensors)
    config: dict[str, Any] = read_json(adapter / LORA_CONFIG)
    pattern = {name: value * alpha for name, value in (config.get("alpha_pattern") or {}).items()}
    write_json(output / LORA_CONFIG, config | {"lora_alpha": config["lora_alpha"] * alpha, "alpha_pattern": pattern})


def _between(start: Tensor, end: Tensor, share: float) -> Tensor:
    """Computed in fp32, kept in the type of `end`; exact at both ends."""
    return end.clone() if share == 1 else torch.lerp(start.float(), end.float(), share).to(end.dtype)


def _base_weights(base: Path, names: Iterable[str]) -> dict[str, Tensor]:
    """The base's own values of these weights."""
    wanted = set(names)
    found: dict[str, Tensor] = {}
    for file in weight_files(base):
        present = wanted & safetensors_header(file).keys()
        with safe_open(file, framework="pt") as opened:
            found |= {name: opened.get_tensor(name) for name in sorted(present)}
    if missing := sorted(wanted - found.keys()):
        raise ModelError(
            f"The base in {base} has no weight {missing[0]}, which the adapter changes.",
            hint="give the base that the adapter was trained from",
        )
    return found
