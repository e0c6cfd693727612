"""The cross-entropy of many tokens over a large vocabulary without ever holding all logits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

LOGITS_AT_ONCE = 1 << 23
"""Logits held at once, in fp32: 32 MB."""

ENTROPY_TOKENS = 20
"""The entropy that weighs a token is that of its so many likeliest continuations."""


@dataclass(frozen=True)
class LossSum:
    """`total` carries the gradient; `nats` is each token's own loss, unweighted and without gradient."""

    total: Tensor
    nats: Tensor


@dataclass(frozen=True)
class Teacher:
    """Another model at the same places: hidden states (tokens × width), and the head that makes logits of them."""

    hidden: Tensor
    weight: Tensor
    bias: Tensor | None = None


def summed_cross_entropy(
    hidden: Tensor,
    weight: Tensor,
    *,
    targets: Tensor | Teacher,
    bias: Tensor | None = None,
    scale: float | Tensor = 1.0,
    entropy_power: float = 0.0,
    logits_at_once: int = LOGITS_AT_ONCE,
) -> LossSum:
    """`scale` times the sum of the cross-entropies of `targets` under the logits `hidden @ weight.T + bias`.

    With a teacher the loss of a token is the divergence KL(teacher ‖ model). `entropy_power` above 0 weighs each token by
    the entropy of what the model expects, between 0 and 1, to that power, so that what contradicts a sure model teaches
    little ("Entropy-Adaptive Fine-Tuning: Resolving Confident Conflicts to Mitigate Forgetting", 2026). A `scale` of one
    number a token weighs each by its own. Softmax and sum are in fp32. Where a gradient is wanted it is computed in the
    same pass.
    """
    if not torch.is_grad_enabled():
        hidden, weight, bias = hidden.detach(), weight.detach(), None if bias is None else bias.detach()
    return LossSum(*_ChunkedCrossEntropy.apply(hidden, weight, bias, targets, scale, entropy_power, logits_at_once))


class _ChunkedCrossEntropy(torch.autograd.Function):  # type: ignore[misc]
    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        targets: Tensor | Teacher,
        scale: float | Tensor,
        entropy_power: float,
        at_once: int,
    ) -> tuple[Tensor, Tensor]:
        wants_hidden, wants_weight, wants_bias = ctx.needs_input_grad[:3]
        to_hidden = torch.empty_like(hidden) if wants_hidden else None
        to_weight = torch.zeros_like(weight, dtype=torch.float32) if wants_weight else None
        to_bias = torch.zeros(weight.shape[0], device=weight.device) if wants_bias else None
        nats = torch.empty(len(hidden), dtype=torch.float32, device=hidden.device)
        factor, weights = (1.0, scale.clone()) if isinstance(scale, Tensor) else (scale, torch.ones_like(nats))
        rows = max(1, at_once // weight.shape[0])
        for start in range(0, len(hidden), rows):
            place = slice(start, start + rows)
            logits = torch.nn.functional.linear(hidden[place], weight, bias).float()
            logits -= torch.logsumexp(logits, -1, keepdim=True)
            if entropy_power:
                weights[place] *= _relative_entropy(logits) ** entropy_power
            loss, error = _loss_and_error(logits, targets, place, wants_error=any(ctx.needs_input_grad))
            nats[place] = loss
            if error is None:
                continue
            error = error.mul_(weights[place, None] * factor)
            low = error.to(hidden.dtype)
            if to_hidden is not None:
                to_hidden[place] = low @ weight
            if to_weight is not None:
                to_weight += low.T @ hidden[place]
            if to_bias is not None:
                to_bias += error.sum(0)
        ctx.save_for_backward(to_hidden, None if to_weight is None else to_weight.to(weight.dtype), to_bias)
        ctx.mark_non_differentiable(nats)
        return (weights * nats).sum() * factor, nats

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        incoming = gradients[0]
        saved = [None if part is None else part * incoming.to(part.dtype) for part in ctx.saved_tensors]
        return *saved, None, None, None, None


def _loss_and_error(
    logs: Tensor, targets: Tensor | Teacher, place: slice, *, wants_error: bool
) -> tuple[Tensor, Tensor | None]:
    """The loss of each token, and what it gives back to the logits. `logs` (tokens × vocabulary) is used up."""
    if isinstance(targets, Teacher):
        wanted = torch.nn.functional.linear(targets.hidden[place], targets.weight, targets.bias).float()
        wanted = torch.log_softmax(wanted, -1)
        loss = (wanted.exp() * (wanted - logs)).sum(-1)
        return loss, logs.exp_().sub_(wanted.exp_()) if wants_error else None
    right = targets[place, None]
    loss = -logs.gather(1, right)[:, 0]
    if not wants_error:
        return loss, None
    return loss, logs.exp_().scatter_add_(1, right, torch.full_like(right, -1.0, dtype=logs.dtype))


def _relative_entropy(logs: Tensor) -> Tensor:
    """The entropy of the likeliest tokens' shares of all, over the greatest it can be: 0 sure, 1 no idea."""
    count = min(ENTROPY_TOKENS, logs.shape[-1])
    top = torch.log_softmax(logs.topk(count, -1).values, -1)
    return -(top.exp() * top).sum(-1) / math.log(count)
