"""The cross-entropy of many tokens over a large vocabulary without ever holding all logits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

LOGITS_AT_ONCE = 1 << 23
"""Logits held at once, in fp32: 32 MB."""


@dataclass(frozen=True)
class LossSum:
    """`total` carries the gradient; `nats` is each token's own negative log-likelihood, without gradient."""

    total: Tensor
    nats: Tensor


def summed_cross_entropy(
    hidden: Tensor,
    weight: Tensor,
    *,
    targets: Tensor,
    bias: Tensor | None = None,
    scale: float | Tensor = 1.0,
    logits_at_once: int = LOGITS_AT_ONCE,
) -> LossSum:
    """`scale` times the sum of the cross-entropies of `targets` under the logits `hidden @ weight.T + bias`.

    A `scale` of one number a target weighs each by its own. Softmax and sum are in fp32. Where a gradient is wanted it is
    computed in the same pass.
    """
    if not torch.is_grad_enabled():
        hidden, weight, bias = hidden.detach(), weight.detach(), None if bias is None else bias.detach()
    return LossSum(*_ChunkedCrossEntropy.apply(hidden, weight, bias, targets, scale, logits_at_once))


class _ChunkedCrossEntropy(torch.autograd.Function):  # type: ignore[misc]
    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        targets: Tensor,
        scale: float | Tensor,
        at_once: int,
    ) -> tuple[Tensor, Tensor]:
        wants_hidden, wants_weight, wants_bias = ctx.needs_input_grad[:3]
        to_hidden = torch.empty_like(hidden) if wants_hidden else None
        to_weight = torch.zeros_like(weight, dtype=torch.float32) if wants_weight else None
        to_bias = torch.zeros(weight.shape[0], device=weight.device) if wants_bias else None
        nats = torch.empty(len(targets), dtype=torch.float32, device=hidden.device)
        rows = max(1, at_once // weight.shape[0])
        for start in range(0, len(targets), rows):
            place = slice(start, start + rows)
            logits = torch.nn.functional.linear(hidden[place], weight, bias).float()
            right = targets[place, None]
            normaliser = torch.logsumexp(logits, -1, keepdim=True)
            nats[place] = (normaliser - logits.gather(1, right))[:, 0]
            if not any(ctx.needs_input_grad):
                continue
            error = logits.sub_(normaliser).exp_()
            error.scatter_add_(1, right, torch.full_like(normaliser, -1.0))
            low = error.mul_(scale[place, None] if isinstance(scale, Tensor) else scale).to(hidden.dtype)
            if to_hidden is not None:
                to_hidden[place] = low @ weight
            if to_weight is not None:
                to_weight += low.T @ hidden[place]
            if to_bias is not None:
                to_bias += error.sum(0)
        ctx.save_for_backward(to_hidden, None if to_weight is None else to_weight.to(weight.dtype), to_bias)
        ctx.mark_non_differentiable(nats)
        total = (nats * scale).sum() if isinstance(scale, Tensor) else nats.sum() * scale
        return total, nats

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        incoming = gradients[0]
        saved = [None if part is None else part * incoming.to(part.dtype) for part in ctx.saved_tensors]
        return *saved, None, None, None
