"""The files that training leaves: an adapter in peft's own format, or the trained weights of the model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor

from acclimate.backends.adapters import CHANGED_WEIGHTS, LORA_CONFIG, LORA_WEIGHTS, AdapterFacts
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
    if plan.method == "lora":
        write_tensors(output / LORA_WEIGHTS, _adapter_tensors(trainable))
        crash_point("train.adapter_weights_written")
        write_json(output / LORA_CONFIG, _adapter_json(trainable.model, plan, base.name))
    else:
        # In the precision the model computed in: exactly what validation saw.
        write_tensors(output / CHANGED_WEIGHTS, trainable.computing)
    crash_point("train.weights_written")
    AdapterFacts(method=plan.method, base=base.digest, base_name=base.name).write(output)


def _adapter_tensors(trainable: Trainable) -> dict[str, Tensor]:
    return {_adapter_name(name): master for name, master in trainable.masters.items()}


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
