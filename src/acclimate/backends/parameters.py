"""Which weights of a model are trained, and how they are kept: fp32 masters beside the copies the model computes with."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from acclimate.backends.heads import HeadedEncoder
from acclimate.backends.lora import with_adapter
from acclimate.core.errors import ModelError
from acclimate.core.ports import TrainingPlan

LAYER_NUMBER = re.compile(r"\.layers?\.(\d+)\.")
"""`layers` in decoders, `layer` in BERT."""


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

    @contextmanager
    def as_started(self, start: Mapping[str, Tensor]) -> Iterator[None]:
        """The model computes with the values `start` for a while, which `values_now` gave."""
        now = {name: weight.data for name, weight in self.computing.items()}
        try:
            for name, weight in self.computing.items():
                weight.data = start[name]
            yield
        finally:
            for name, weight in self.computing.items():
                weight.data = now[name]

    def values_now(self) -> dict[str, Tensor]:
        """A copy of what the model computes with."""
        return {name: weight.detach().clone() for name, weight in self.computing.items()}

    def load(self, values: Mapping[str, Tensor]) -> None:
        """Sets the masters, and the model with them."""
        for name, master in self.masters.items():
            master.copy_(values[name])
        self.publish()


def make_trainable(model: Any, plan: TrainingPlan) -> Trainable:
    """Freezes what the plan's method does not train; adds a seeded adapter for lora. An encoder's head is always trained."""
    model.requires_grad_(False)
    if isinstance(model, HeadedEncoder):
        model.trunk = _with_method(model.trunk, plan)
        model.head.requires_grad_(True)
    else:
        model = _with_method(model, plan)
    # Dropout stays off: the loop then draws no random number, and a resumed run needs no generator's state.
    model.eval()
    masters = {}
    for name, weight in model.named_parameters():
        if weight.requires_grad:
            masters[name] = weight.detach().float()
            weight.data = masters[name].to(_dtype(model))
    computing = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
    return Trainable(model, computing, masters, start=_digest(computing))


def _with_method(model: Any, plan: TrainingPlan) -> Any:
    """The model with what the plan's method trains freed or added."""
    if plan.method == "lora":
        return with_adapter(model, plan)
    _free(model, plan)
    return model


def _free(model: Any, plan: TrainingPlan) -> None:
    """Frees the weights that the plan's method trains; fails where there is none of them."""
    names = [name for name, _ in model.named_parameters()]
    choose: dict[str, Callable[[], list[str]]] = {
        "full": lambda: names,
        "top_layers": lambda: _top_layers(names, plan.top_layers),
        "modules": lambda: _of_modules(names, plan.target_modules),
        "norms_and_biases": lambda: _norms_and_biases(model, names),
    }
    freed = choose[plan.method]()
    if not freed:
        raise ModelError(
            f"train.method {plan.method} finds nothing to train in this model.",
            hint="set train.method to lora, which every model with linear layers can take",
        )
    for name in freed:
        model.get_parameter(name).requires_grad_(True)


def _top_layers(names: list[str], count: int) -> list[str]:
    """The last layers; the head stays frozen, which is often the embedding too."""
    numbered = {name: int(found[1]) for name in names if (found := LAYER_NUMBER.search(name))}
    if not numbered:
        raise ModelError(
            "The model has no numbered layers, so its top layers cannot be told apart.", hint="set train.method to lora"
        )
    first = max(numbered.values()) + 1 - count
    return [name for name, number in numbered.items() if number >= first]


def _of_modules(names: list[str], wanted: Sequence[str]) -> list[str]:
    """The weights of the named modules, each found at least once."""
    inside = {module: [name for name in names if f".{module}." in f".{name}"] for module in wanted}
    if missing := [module for module, found in inside.items() if not found]:
        known = sorted({name.rsplit(".", 2)[-2] for name in names})
        raise ModelError(
            f"train.target_modules: the model has no module {missing[0]}.", hint=f"its modules are: {', '.join(known)}"
        )
    return [name for name in names if any(name in found for found in inside.values())]


def _norms_and_biases(model: Any, names: list[str]) -> list[str]:
    """Vectors: what scales and shifts (BitFit, Zaken et al. 2022, arXiv:2106.10199; norms: Qi et al. 2022)."""
    return [name for name in names if model.get_parameter(name).dim() == 1]


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
