"""A key-value cache that grows in place, and prompts read into it without padding.

The library's copies every key and value of a batch for each new token, and computes what fills up a shorter prompt.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from acclimate.backends.packing import Network, pack
from acclimate.core.ports import TokenRow

ROOM = 64
"""Tokens for which room is made at once."""


def growing_cache(config: Any) -> DynamicCache:
    """An empty cache for a model of that config; layers with a sliding window stay the library's own."""
    cache = DynamicCache(config=config)
    cache.layers = [GrowingLayer() if type(layer) is DynamicLayer else layer for layer in cache.layers]
    return cache


def read_prompts(
    network: Network, prompts: Sequence[TokenRow], cache: DynamicCache, *, shared_prefix: int = 0
) -> Tensor:
    """Reads prompts into an empty cache as if each were padded on the left, and gives the logits behind each.

    The first `shared_prefix` tokens, equal in all, are read once.
    """
    ends: list[Tensor] = []
    held: list[list[tuple[Tensor, Tensor]]] = [[] for _ in cache.layers]
    prefix = network.read_prefix(prompts[0].tokens[:shared_prefix]) if shared_prefix else None
    for packed in pack(prompts, prefix_tokens=shared_prefix):
        states, read = network.read(packed, shared_prefix=prefix)
        starts = accumulate(packed.lengths, initial=0)
        places = [
            slice(start, start + len(row.tokens) - shared_prefix)
            for start, row in zip(starts, packed.rows, strict=False)
        ]
        ends += [states[place.stop - 1] for place in places]
        for own, layer in zip(held, read.layers, strict=True):
            own += [(layer.keys[0, :, place], layer.values[0, :, place]) for place in places]
    before = [(layer.keys[0], layer.values[0]) for layer in prefix.layers] if prefix else [None] * len(held)
    for layer, own, shared in zip(cache.layers, held, before, strict=True):
        layer.hold(own, shared)
    logits: Tensor = network.head(torch.stack(ends))
    return logits


def reads_prompts(cache: DynamicCache) -> bool:
    """Whether every layer can hold what `read_prompts` reads: one with a sliding window drops what lies before it."""
    return all(isinstance(layer, GrowingLayer) for layer in cache.layers)


class GrowingLayer(DynamicLayer):  # type: ignore[misc]
    """`keys` and `values` (rows × key heads × tokens × width) are the used part of larger tensors."""

    def __init__(self) -> None:
        super().__init__()
        self._rooms: tuple[Tensor, Tensor] | None = None

    def update(self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        """Adds tokens behind those held, and gives all."""
        held = self.get_seq_length()
        end = held + key_states.shape[-2]
        if self._rooms is None or self._rooms[0].shape[-2] < end:
            self._rooms = (self._room(key_states, end, "keys"), self._room(value_states, end, "values"))
            self.is_initialized = True
        for room, states in zip(self._rooms, (key_states, value_states), strict=True):
            room[..., held:end, :] = states
        self.keys, self.values = (room[..., :end, :] for room in self._rooms)
        return self.keys, self.values

    def hold(self, prompts: Sequence[tuple[Tensor, Tensor]], shared: tuple[Tensor, Tensor] | None = None) -> None:
        """Holds keys and values (key heads × tokens × width) of prompts, each at the end of the longest one's length.

        `shared` are those of a text in front of every prompt.
        """
        before = shared[0].shape[1] if shared else 0
        longest = before + max(keys.shape[1] for keys, _ in prompts)
        rooms = []
        for which, parts in enumerate(zip(*prompts, strict=True)):
            heads, _, width = parts[0].shape
            room = parts[0].new_zeros(len(parts), heads, longest + ROOM, width)
            for row, part in enumerate(parts):
                start = longest - part.shape[1]
                room[row, :, start:longest] = part
                if shared:
                    room[row, :, start - before : start] = shared[which]
            rooms.append(room)
        self._rooms = (rooms[0], rooms[1])
        self.keys, self.values = (room[..., :longest, :] for room in rooms)
        self.is_initialized = True

    def batch_select_indices(self, indices: Tensor) -> None:
        """Only keeps these rows; room is made anew with the next token."""
        super().batch_select_indices(indices)
        self._rooms = None

    def _room(self, states: Tensor, end: int, name: str) -> Tensor:
        """A tensor with room behind `end`, that holds what was held."""
        room = states.new_empty(*states.shape[:-2], end + ROOM, states.shape[-1])
        if held := self.get_seq_length():
            room[..., :held, :] = getattr(self, name)
        return room
