"""The files that training leaves: an adapter in peft's own format, or the trained weights of the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from acclimate.backends.adapters import CHANGED_WEIGHTS, HEAD_WEIGHTS, LORA_CONFIG, LORA_WEIGHTS, AdapterFacts
from acclimate.backends.heads import HeadedEncoder
from acclimate.backends.lora import ADAPTER_NAME, adapter_config
from acclimate.backends.parameters import Trainable
from acclimate.backends.tensor_files import write_tensors
from acclimate.core.atomic import write_json
from acclimate.core.crash_points import crash_point
from acclimate.core.errors import ModelError
from acclimate.core.ports import ModelFacts, TrainingPlan


def write_trained(output: Path, trainable: Trainable, plan: TrainingPlan, *, base: ModelFacts, step: int) -> None:
    """Writes what was trained to the folder `output`; fails where training left the model as it was."""
    if trainable.is_unchanged():
        raise ModelError(
            f"Training changed nothing: after step {step} every trained weight is what it was before.",
            hint=f"raise train.learning_rate (it is {plan.learning_rate:g}) or train for more steps",
        )
    output.mkdir(parents=True, exist_ok=True)
    model = trainable.model.trunk if isinstance(trainable.model, HeadedEncoder) else trainable.model
    if plan.method == "lora":
        write_tensors(output / LORA_WEIGHTS, _adapter_tensors(trainable))
        crash_point("train.adapter_weights_written")
        write_json(output / LORA_CONFIG, _adapter_json(model, plan, base.name))
    else:
        # In the precision the model computed in: exactly what validation saw.
        write_tensors(output / CHANGED_WEIGHTS, _without_head(trainable.computing))
    crash_point("train.weights_written")
    if isinstance(trainable.model, HeadedEncoder):
        write_tensors(output / HEAD_WEIGHTS, trainable.model.head.state_dict())
        crash_point("train.head_written")
    facts = AdapterFacts(plan.method, base=base.digest, base_name=base.name)
    replace(facts, labels=plan.labels, max_length=plan.max_length, objective=plan.objective).write(output)


def _adapter_tensors(trainable: Trainable) -> dict[str, Tensor]:
    return {_adapter_name(name): master for name, master in _without_head(trainable.masters).items()}


def _without_head(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of the model itself, by the names it has by itself."""
    return {name.removeprefix("trunk."): value for name, value in tensors.items() if not name.startswith("head.")}


def _adapter_name(name: str) -> str:
    """The name in peft's files, which leave the adapter's own name out, and the kind of DoRA's only vector."""
    return name.replace(f".{ADAPTER_NAME}.", ".").replace(".lora_magnitude_vector.weight", ".lora_magnitude_vector")


def _adapter_json(model: Any, plan: TrainingPlan, base_name: str) -> dict[str, Any]:
    """peft's config with the layers it found spelt out. The base has its name alone: a path would tell of this machine."""
    config = adapter_config(plan).to_dict()
    config["target_modules"] = sorted(model.peft_config[ADAPTER_NAME].target_modules)
    config["base_model_name_or_path"] = base_name
    config["inference_mode"] = True
    return {name: value.value if hasattr(value, "value") else value for name, value in config.items()}
