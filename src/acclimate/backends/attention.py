"""Attention over documents packed end to end in one sequence: no document sees another, no token-by-token mask stands.

Registered with transformers under one name, so that every model whose attention goes through its interface gets it.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from acclimate.core.errors import ModelError

ATTENTION = "acclimate_packed"

SHORT_DOCUMENT = 384
"""Up to this many tokens the explicit form beats torch's fused kernel on a CPU in bf16.

Forward and backward of one layer of SmolLM2-135M, two cores with AMX: 180 tokens .7 ms against 2.8 ms, 800 tokens 23 ms
against 14 ms.
"""


def packed_attention(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    document_lengths: list[int] | None = None,
    shared_prefix: Any = None,
    **settings: Any,
) -> tuple[Tensor, None]:
    """Causal attention inside each document of a pack; ordinary attention where no lengths are given.

    `shared_prefix` is a cache of a text in front of every document, which all of them see.
    """
    if document_lengths is None:
        output, _ = sdpa_attention_forward(module, query, key, value, attention_mask, **settings)
        return output, None
    for unsupported in ("softcap", "s_aux"):
        if settings.get(unsupported) is not None:
            raise ModelError(
                f"The model's attention uses {unsupported}, which packed rows do not support yet.",
                hint="use a base whose attention is plain, for example of the Llama, Qwen or SmolLM families",
            )
    scale = settings.get("scaling") or query.shape[-1] ** -0.5
    if shared_prefix is None and _explicit_is_faster(query, document_lengths, settings.get("sliding_window")):
        return _ShortDocuments.apply(query, key, value, document_lengths, scale), None
    layer = shared_prefix.layers[module.layer_idx] if shared_prefix is not None else None
    runs = [(length, len(list(equal))) for length, equal in groupby(document_lengths)]
    parts = (part.split([length * count for length, count in runs], dim=2) for part in (query, key, value))
    outputs = []
    for (_, count), one_query, one_key, one_value in zip(runs, *parts, strict=True):
        asked, keys, values = (_as_batch(part, count) for part in (one_query, one_key, one_value))
        if layer is not None:
            keys, values = (
                torch.cat([before.expand(count, -1, -1, -1), own], 2)
                for before, own in ((layer.keys, keys), (layer.values, values))
            )
        mask = _mask(asked, keys, settings.get("sliding_window"))
        attended = scaled_dot_product_attention(
            asked, keys, values, attn_mask=mask, is_causal=mask is None, scale=scale, enable_gqa=True
        )
        outputs.append(attended.transpose(1, 2).flatten(0, 1))
    return torch.cat(outputs)[None], None


def _as_batch(part: Tensor, count: int) -> Tensor:
    """So many documents of one length, end to end, as one batch: thousands of small products cost more than they do."""
    return part.unflatten(2, (count, -1)).transpose(1, 2)[0]


AttentionInterface.register(ATTENTION, packed_attention)
AttentionMaskInterface.register(ATTENTION, sdpa_mask)


def use_packed_attention(model: PreTrainedModel) -> None:
    """Makes a model attend through `packed_attention` from now on."""
    if model.config._attn_implementation == ATTENTION:
        return
    try:
        model.set_attn_implementation(ATTENTION)
    except ValueError as error:
        raise ModelError(
            f"The architecture {model.config.model_type} does not let its attention be replaced, so rows cannot be"
            " packed without mixing documents.",
            hint="use a base of the Llama, Qwen, Mistral or SmolLM families",
        ) from error


def _explicit_is_faster(query: Tensor, document_lengths: list[int], window: int | None) -> bool:
    return (
        torch.is_grad_enabled()
        and query.device.type == "cpu"
        and query.dtype == torch.bfloat16
        and max(document_lengths) <= min(SHORT_DOCUMENT, window or SHORT_DOCUMENT)
    )


def _mask(query: Tensor, key: Tensor, window: int | None) -> Tensor | None:
    """Which keys each query sees, where plain causality does not say it: behind a prefix, or in a sliding window."""
    before = key.shape[2] - query.shape[2]
    if not before and (window is None or key.shape[2] <= window):
        return None
    at_query = torch.arange(query.shape[2], device=query.device)[:, None] + before
    at_key = torch.arange(key.shape[2], device=query.device)[None, :]
    seen = at_key <= at_query
    return seen if window is None else seen & (at_key > at_query - window)


class _ShortDocuments(torch.autograd.Function):  # type: ignore[misc]
    """Attention in its plain form: the queries that share a key head are one tall matrix, so no key is repeated."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, lengths: list[int], scale: float) -> Tensor:
        _, heads, tokens, width = query.shape
        key_heads = key.shape[1]
        output = query.new_empty(1, tokens, heads, width)
        saved, start = [], 0
        for length in lengths:
            place = slice(start, start + length)
            tall = (query[0, :, place] * scale).reshape(key_heads, -1, width)
            scores = torch.bmm(tall, key[0, :, place].transpose(1, 2)).view(heads, length, length)
            future = torch.ones(length, length, dtype=torch.bool, device=query.device).triu_(1)
            weights = torch.softmax(scores.masked_fill_(future, -torch.inf), -1).view(key_heads, -1, length)
            attended = torch.bmm(weights, value[0, :, place])
            output[0, place] = attended.view(heads, length, width).transpose(0, 1)
            saved += [tall, weights]
            start += length
        ctx.save_for_backward(key, value, *saved)
        ctx.lengths, ctx.scale = lengths, scale
        return output

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        gradient = gradients[0]
        key, value, *saved = ctx.saved_tensors
        _, tokens, heads, width = gradient.shape
        key_heads = key.shape[1]
        to_query = gradient.new_empty(1, heads, tokens, width)
        to_key, to_value = torch.empty_like(key), torch.empty_like(value)
        start = 0
        for length, tall, weights in zip(ctx.lengths, saved[::2], saved[1::2], strict=True):
            place = slice(start, start + length)
            incoming = gradient[0, place].transpose(0, 1).reshape(key_heads, -1, width)
            to_value[0, :, place] = torch.bmm(weights.transpose(1, 2), incoming)
            to_weights = torch.bmm(incoming, value[0, :, place].transpose(1, 2))
            to_scores = torch._softmax_backward_data(to_weights, weights, -1, weights.dtype)
            to_key[0, :, place] = torch.bmm(to_scores.transpose(1, 2), tall)
            wide = torch.bmm(to_scores, key[0, :, place]).view(heads, length, width)
            to_query[0, :, place] = wide * ctx.scale
            start += length
        return to_query, to_key, to_value, None, None
