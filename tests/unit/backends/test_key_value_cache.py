"""The cache that grows in place holds what the library's own does."""

from __future__ import annotations

import torch
from transformers import DynamicCache, LlamaConfig, MistralConfig
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

from acclimate.backends.key_value_cache import ROOM, GrowingLayer, growing_cache


def states(tokens: int, *, seed: int, rows: int = 3):
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(rows, 2, tokens, 4, generator=generator) for _ in range(2))


def equal(left, right):
    return all(torch.equal(*pair) for pair in zip(left, right, strict=True))


def test_it_holds_what_the_librarys_layer_holds_also_beyond_its_room_and_when_rows_leave():
    ours, theirs = GrowingLayer(), DynamicLayer()
    for step, tokens in enumerate([5, *[1] * (ROOM + 3)]):
        added = states(tokens, seed=step, rows=3 if step < 10 else 2)
        assert equal(ours.update(*added), theirs.update(*added))
        if step == 9:
            kept = torch.tensor([0, 2])
            ours.batch_select_indices(kept)
            theirs.batch_select_indices(kept)
    assert ours.get_seq_length() == theirs.get_seq_length() == 5 + ROOM + 3


def test_a_token_is_written_in_place():
    layer = GrowingLayer()
    before, _ = layer.update(*states(5, seed=0))
    after, _ = layer.update(*states(1, seed=1))
    assert before.data_ptr() == after.data_ptr()


def test_layers_with_a_sliding_window_stay_the_librarys_own():
    plain = LlamaConfig(num_hidden_layers=2)
    assert [type(layer) for layer in growing_cache(plain).layers] == [GrowingLayer, GrowingLayer]
    windowed = MistralConfig(num_hidden_layers=2, sliding_window=8)
    assert {type(layer) for layer in growing_cache(windowed).layers} == {DynamicSlidingWindowLayer}
    assert isinstance(growing_cache(plain), DynamicCache)
