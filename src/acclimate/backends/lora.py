"""LoRA through peft, with a forward pass of our own where the adapter is a plain one."""

from __future__ import annotations

import warnings
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


def adapter_config(plan: TrainingPlan) -> LoraConfig:
    """The adapter of a plan, without dropout; where no modules are named, in every linear layer but the head."""
    return LoraConfig(
        r=plan.lora_r,
        lora_alpha=plan.lora_alpha,
        lora_dropout=0.0,
        target_modules=list(plan.target_modules) or "all-linear",
        use_dora=plan.use_dora,
        use_rslora=plan.use_rslora,
        task_type="CAUSAL_LM" if plan.objective in ("causal_lm", "preference") else "FEATURE_EXTRACTION",
    )


def with_adapter(model: Any, plan: TrainingPlan) -> Any:
    """The model with a seeded adapter, which changes nothing yet."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(plan.seed)
        with quiet_libraries(), warnings.catch_warnings():
            # peft 0.21 reads an attribute that transformers 5.24 has renamed.
            warnings.simplefilter("ignore", FutureWarning)
            try:
                adapted = get_peft_model(model, adapter_config(plan), adapter_name=ADAPTER_NAME)
            except ValueError as error:
                raise ModelError(
                    f"train.target_modules: the model has no linear layer named {', '.join(plan.target_modules)}.",
                    hint="use names such as q_proj or down_proj; leave it empty for every linear layer",
                ) from error
    layers = [module for module in adapted.modules() if isinstance(module, LoraLinear)]
    widest = min(min(layer.in_features, layer.out_features) for layer in layers)
    if plan.lora_r > widest:
        raise ModelError(
            f"train.lora_r: {plan.lora_r} is above {widest}, the width of the narrowest layer it stands beside, where"
            " a full matrix would be smaller.",
            hint=f"use at most {widest}, or train.method: full",
        )
    return fused(adapted)


def fused(adapted: Any) -> Any:
    """The same model, its plain LoRA layers computing in one step; DoRA and adapters with a bias stay with peft's own."""
    for layer in adapted.modules():
        if isinstance(layer, LoraLinear) and not layer.lora_variant and not any(layer.lora_bias.values()):
            layer.forward = partial(_fused_lora, layer)
    return adapted


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
