"""AdamW on fp32 masters, gradients summed in fp32 over the packs of a step, and the schedule of the learning rate."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from acclimate.backends.parameters import Trainable
from acclimate.core.ports import TrainingPlan

BETAS = (0.9, 0.999)
EPSILON = 1e-8


def learning_rate(plan: TrainingPlan, step: int) -> float:
    """The rate of a step, counted from 1: a linear warm-up that ends at the plan's rate, then a half cosine towards 0."""
    warm_up = math.ceil(plan.warmup_ratio * plan.max_steps)
    if step <= warm_up:
        return plan.learning_rate * step / warm_up
    progress = (step - 1 - warm_up) / (plan.max_steps - warm_up)
    return plan.learning_rate * 0.5 * (1 + math.cos(math.pi * progress))


class Optimiser:
    """Steps the masters of what is trained and publishes them to the model."""

    def __init__(self, trainable: Trainable, plan: TrainingPlan) -> None:
        self._trainable = trainable
        self._plan = plan
        self._adam = torch.optim.AdamW(
            list(trainable.masters.values()), betas=BETAS, eps=EPSILON, weight_decay=plan.weight_decay, fused=True
        )

    def add_gradients(self) -> None:
        """Adds what one pack's backward pass left in the model, in fp32, and clears it there."""
        for name, weight in self._trainable.computing.items():
            if weight.grad is None:
                continue
            master = self._trainable.masters[name]
            master.grad = weight.grad.float() if master.grad is None else master.grad.add_(weight.grad)
            weight.grad = None

    def step(self, number: int) -> float:
        """Clips the summed gradient, makes the optimiser step of that number, and gives the norm before clipping."""
        norm = torch.nn.utils.clip_grad_norm_(
            list(self._trainable.masters.values()), self._plan.max_grad_norm, foreach=True
        )
        if math.isfinite(float(norm)):
            for group in self._adam.param_groups:
                group["lr"] = learning_rate(self._plan, number)
            self._adam.step()
            self._trainable.publish()
        self._adam.zero_grad(set_to_none=True)
        return float(norm)

    def state(self) -> dict[str, Tensor]:
        """The moments of each master, by name."""
        tensors = {}
        for name, master in self._trainable.masters.items():
            for kind, value in self._adam.state[master].items():
                tensors[f"{kind}/{name}"] = value
        return tensors

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Takes up the moments that `state` gave."""
        for key, value in tensors.items():
            kind, name = key.split("/", 1)
            self._adam.state[self._trainable.masters[name]][kind] = value.clone()
