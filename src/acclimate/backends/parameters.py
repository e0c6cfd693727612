"""Which weights of a model are trained, and how they are kept: fp32 masters beside the copies the model computes with."""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from peft.tuners.lora import Linear as LoraLinear
from torch import Tensor

from acclimate.backends.quiet import quiet_libraries
from acclimate.core.errors import ModelError
from acclimate.core.ports import TrainingPlan

ADAPTER_NAME = "default"
LAYER_NUMBER = re.compile(r"\.layers\.(\d+)\.")


@dataclass(frozen=True)
class Trainable:
    """A model made ready for training: `computing` are the weights in the model, `masters` their fp32 originals.

    In fp32 the two are one storage. bf16 keeps eight bits, so that a step of one part in a thousand would vanish in it.
    `start` is the digest of the values before the first step.
    """

    model: Any
    computing: Mapping[str, Tensor]
    masters: Mapping[str, Tensor]
    start: str

    @property
    def parameters(self) -> int:
        """How many numbers are trained."""
        return sum(master.numel() for master in self.masters.values())

    def is_unchanged(self) -> bool:
        """Whether the model computes with the very values it started from."""
        return _digest(self.computing) == self.start

    def publish(self) -> None:
        """Gives the model the masters' present values."""
        with torch.no_grad():
            for name, weight in self.computing.items():
                weight.copy_(self.masters[name])

    def load(self, values: Mapping[str, Tensor]) -> None:
        """Sets the masters, and the model with them."""
        for name, master in self.masters.items():
            master.copy_(values[name])
        self.publish()


def make_trainable(model: Any, plan: TrainingPlan) -> Trainable:
    """Freezes what the plan's method does not train; adds a seeded adapter for lora."""
    model.requires_grad_(False)
    if plan.method == "lora":
        model = _with_adapter(model, plan)
    elif plan.method == "full":
        model.requires_grad_(True)
    else:
        _free_top_layers(model, plan.top_layers)
    # Dropout stays off: the loop then draws no random number, and a resumed run needs no generator's state.
    model.eval()
    masters = {}
    for name, weight in model.named_parameters():
        if weight.requires_grad:
            masters[name] = weight.detach().float()
            weight.data = masters[name].to(_dtype(model))
    computing = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
    return Trainable(model, computing, masters, start=_digest(computing))


def adapter_config(plan: TrainingPlan) -> LoraConfig:
    """The adapter of a plan: every linear layer but the head, without dropout."""
    return LoraConfig(
        r=plan.lora_r,
        lora_alpha=plan.lora_alpha,
        lora_dropout=0.0,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )


def _with_adapter(model: Any, plan: TrainingPlan) -> Any:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(plan.seed)
        with quiet_libraries(), warnings.catch_warnings():
            # peft 0.21 reads an attribute that transformers 5.24 has renamed.
            warnings.simplefilter("ignore", FutureWarning)
            adapted = get_peft_model(model, adapter_config(plan), adapter_name=ADAPTER_NAME)
    for module in adapted.modules():
        if isinstance(module, LoraLinear):
            module.forward = partial(_fused_lora, module)
    return adapted


def _free_top_layers(model: Any, count: int) -> None:
    """Frees the last layers and what normalises their output; the head stays, which is often the embedding too."""
    numbers = [int(found[1]) for name, _ in model.named_parameters() if (found := LAYER_NUMBER.search(name))]
    if not numbers:
        raise ModelError(
            "The model has no numbered layers, so its top layers cannot be told apart.", hint="set train.method to lora"
        )
    first = max(numbers) + 1 - count
    for name, weight in model.named_parameters():
        found = LAYER_NUMBER.search(name)
        if found and int(found[1]) >= first:
            weight.requires_grad_(True)


def _digest(tensors: Mapping[str, Tensor]) -> str:
    """A digest of the values, by name."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].detach().cpu().contiguous().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _dtype(model: Any) -> torch.dtype:
    """What the model computes in: the type of its frozen majority, which peft's fp32 adapters must not hide."""
    dtype: torch.dtype = model.get_input_embeddings().weight.dtype
    return dtype


def _fused_lora(layer: Any, states: Tensor) -> Tensor:
    """peft's forward pass of a LoRA layer as one differentiable step, which saves a third of its memory traffic."""
    (name,) = layer.active_adapters
    down, up = layer.lora_A[name].weight, layer.lora_B[name].weight
    flat = states.reshape(-1, states.shape[-1])
    output = _LoraProduct.apply(flat, layer.base_layer.weight, down, up, layer.scaling[name])
    if layer.base_layer.bias is not None:
        output = output + layer.base_layer.bias
    return output.view(*states.shape[:-1], -1)


class _LoraProduct(torch.autograd.Function):  # type: ignore[misc]
    """`x Wᵀ + s · (x Aᵀ) Bᵀ` with W frozen; products are added in place, and the scale is applied to the small factor."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, weight: Tensor, down: Tensor, up: Tensor, scale: float) -> Tensor:
        low = states @ down.T
        output = states @ weight.T
        output.addmm_(low, (up * scale).T)
        ctx.save_for_backward(states, weight, down, up, low)
        ctx.scale = scale
        return output

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        gradient = gradients[0]
        states, weight, down, up, low = ctx.saved_tensors
        to_low = gradient @ (up * ctx.scale)
        to_states = None
        if ctx.needs_input_grad[0]:
            to_states = gradient @ weight
            to_states.addmm_(to_low, down)
        return to_states, None, to_low.T @ states, (gradient.T @ low).mul_(ctx.scale), None
