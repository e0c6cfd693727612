"""Rows packed end to end, and how likely a model finds the text in them that carries loss.

One place computes this number, for training, for validation and for scoring, so that they cannot differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from acclimate.backends.attention import use_packed_attention
from acclimate.backends.cross_entropy import LossSum, Teacher, summed_cross_entropy
from acclimate.core.errors import ModelError
from acclimate.core.ports import TokenRow

PACK_TOKENS = 2048
"""Tokens computed at once. Above about 1,000 the matrix products of a small model are as fast as they get on a CPU."""

ROW_MULTIPLE, SHORT_ROW, SHORT_ROW_MULTIPLE, PACK_MULTIPLE = 32, 64, 8, 64
"""Lengths are rounded up to these. On a CPU every new length compiles and keeps its own matrix products: without rounding
the memory of a run grew by a gigabyte every 27 steps."""


@dataclass(frozen=True)
class Pack:
    """Rows end to end. A row longer than `PACK_TOKENS` has a pack of its own."""

    rows: tuple[TokenRow, ...]
    prefix_tokens: int = 0
    """So many tokens at the start of each row are left out: they were computed before, once for all rows."""

    @cached_property
    def lengths(self) -> list[int]:
        """Places of each row, without the shared prefix, with those that fill it up behind its end.

        What fills up is never predicted, carries no loss, and causal attention hides it from the row.
        """
        lengths = [rounded(len(row.tokens) - self.prefix_tokens) for row in self.rows]
        lengths[-1] += -sum(lengths) % PACK_MULTIPLE
        return lengths

    @property
    def row_tokens(self) -> int:
        """Tokens of the rows themselves, without the shared prefix and what fills up."""
        return sum(len(row.tokens) - self.prefix_tokens for row in self.rows)

    @cached_property
    def tokens(self) -> list[int]:
        """All token ids; a row's last one again where it is filled up."""
        filled: list[int] = []
        for row, length in zip(self.rows, self.lengths, strict=True):
            own = row.tokens[self.prefix_tokens :]
            filled += [*own, *row.tokens[-1:] * (length - len(own))]
        return filled

    @cached_property
    def positions(self) -> list[int]:
        """The place of each token in its own row; what fills up a row stands at its last place."""
        places: list[int] = []
        for row, length in zip(self.rows, self.lengths, strict=True):
            own = range(self.prefix_tokens, len(row.tokens))
            places += [*own, *[len(row.tokens) - 1] * (length - len(own))]
        return places

    @cached_property
    def targets(self) -> list[list[int]]:
        """For each row, the places in the row of the tokens that carry loss; the first has nothing to predict it from."""
        return [[place for place in range(1, len(row.tokens)) if row.trained[place]] for row in self.rows]

    @cached_property
    def predicting(self) -> list[int]:
        """For each token that carries loss, where in the pack the token in front of it stands."""
        starts = [0, *accumulate(self.lengths)]
        return [
            start + place - 1 - self.prefix_tokens
            for start, places in zip(starts, self.targets, strict=False)
            for place in places
        ]

    @cached_property
    def target_tokens(self) -> list[int]:
        """The tokens that carry loss, in order."""
        return [row.tokens[place] for row, places in zip(self.rows, self.targets, strict=True) for place in places]


def rounded(length: int) -> int:
    """The length that a row is filled up to."""
    multiple = ROW_MULTIPLE if length > SHORT_ROW else SHORT_ROW_MULTIPLE
    return length + -length % multiple


def pack(rows: Sequence[TokenRow], *, prefix_tokens: int = 0, max_tokens: int = PACK_TOKENS) -> Iterator[Pack]:
    """The rows in their order, as many in a pack as fit."""
    waiting: list[TokenRow] = []
    size = 0
    for row in rows:
        length = len(row.tokens) - prefix_tokens
        if waiting and size + length > max_tokens:
            yield Pack(tuple(waiting), prefix_tokens)
            waiting, size = [], 0
        waiting.append(row)
        size += length
    if waiting:
        yield Pack(tuple(waiting), prefix_tokens)


@dataclass(frozen=True)
class Network:
    """A causal language model taken apart: what gives hidden states, and what makes logits of them."""

    inner: Any
    head: torch.nn.Linear

    @classmethod
    def of(cls, model: Any) -> Network:
        """The parts of a model of transformers, inside its peft adapter if it has one."""
        causal: PreTrainedModel = model.get_base_model() if hasattr(model, "get_base_model") else model
        use_packed_attention(causal)
        return cls(causal.base_model, causal.get_output_embeddings())

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.head.weight.device

    def hidden_states(self, packed: Pack, *, shared_prefix: Any = None) -> Tensor:
        """One vector a token of the pack."""
        states: Tensor = self._forward(packed, shared_prefix=shared_prefix).last_hidden_state[0]
        return states

    def read(self, packed: Pack, *, shared_prefix: Any = None) -> tuple[Tensor, Any]:
        """One vector a token of the pack, and the keys and values of every layer (1 × key heads × tokens × width)."""
        output = self._forward(packed, shared_prefix=shared_prefix, use_cache=True)
        return output.last_hidden_state[0], cache_of(output)

    def read_prefix(self, tokens: Sequence[int]) -> Any:
        """The keys and values of every layer of a text that stands in front of all rows."""
        return cache_of(self.inner(input_ids=torch.tensor([tokens], device=self.device), use_cache=True))

    def _forward(self, packed: Pack, *, shared_prefix: Any = None, use_cache: bool = False) -> Any:
        # A mask of four dimensions is passed through untouched, so that none is built; attention never reads it.
        unread_mask = torch.zeros(1, 1, 1, 1, device=self.device)
        return self.inner(
            input_ids=torch.tensor([packed.tokens], device=self.device),
            position_ids=torch.tensor([packed.positions], device=self.device),
            attention_mask=unread_mask,
            use_cache=use_cache,
            document_lengths=packed.lengths,
            shared_prefix=shared_prefix,
        )

    def loss(self, packed: Pack, *, scale: float = 1.0, shared_prefix: Any = None, entropy_power: float = 0) -> LossSum:
        """The sum over the pack's loss-carrying tokens, times `scale`, and each token's own part in nats."""
        states = self.hidden_states(packed, shared_prefix=shared_prefix)
        return self.loss_of_states(states, packed, scale=scale, entropy_power=entropy_power)

    def loss_of_states(
        self, states: Tensor, packed: Pack, *, scale: float | Tensor = 1.0, entropy_power: float = 0
    ) -> LossSum:
        """The loss from hidden states that are there; `scale` may be one number a loss-carrying token."""
        return summed_cross_entropy(
            self._predicting(states, packed),
            self.head.weight,
            bias=self.head.bias,
            targets=torch.tensor(packed.target_tokens, device=self.device),
            scale=scale,
            entropy_power=entropy_power,
        )

    def teacher(self, packed: Pack) -> Teacher:
        """What the model, as it is now, expects in place of each loss-carrying token; stays so when its weights change."""
        with torch.no_grad():
            states = self._predicting(self.hidden_states(packed), packed)
            bias = None if self.head.bias is None else self.head.bias.clone()
            return Teacher(
                states, self.head.weight.clone() if self.head.weight.requires_grad else self.head.weight, bias
            )

    def divergence(self, packed: Pack, teacher: Teacher, *, scale: float = 1.0) -> LossSum:
        """How far the model is from the teacher on the pack's loss-carrying tokens, summed as in `loss`."""
        states = self._predicting(self.hidden_states(packed), packed)
        return summed_cross_entropy(states, self.head.weight, bias=self.head.bias, targets=teacher, scale=scale)

    def _predicting(self, states: Tensor, packed: Pack) -> Tensor:
        """The states from which the loss-carrying tokens are predicted."""
        return states[torch.tensor(packed.predicting, device=self.device)]


def cache_of(output: Any) -> Any:
    """The keys and values that a forward pass leaves; transformers called the field past_key_values until 5.24."""
    return output["cache"] if "cache" in output else output["past_key_values"]


def check_packing(model: Any) -> None:
    """Fails for a model whose rows would see each other in a pack, or whose logits are not a plain product.

    Two tiny rows are computed in one pack and one by one through the model's own forward pass.
    """
    network = Network.of(model)
    end = network.head.weight.shape[0]
    rows = [
        _probe("probe 1", [token % end for token in (5, 9, 17)]),
        _probe("probe 2", [token % end for token in (23, 5)]),
    ]
    with torch.inference_mode():
        packed = network.loss(Pack(tuple(rows))).nats
        alone = [
            torch.nn.functional.cross_entropy(
                model(input_ids=torch.tensor([row.tokens], device=network.device)).logits[0, :-1].float(),
                torch.tensor(row.tokens[1:], device=network.device),
                reduction="none",
            )
            for row in rows
        ]
    # bf16 keeps eight bits: the same sums in another order differ by some hundredths.
    tolerance = 0.3 if network.head.weight.dtype == torch.bfloat16 else 1e-3
    if not torch.allclose(packed, torch.cat(alone), atol=tolerance, rtol=tolerance):
        raise ModelError(
            "The model gives other probabilities to rows in a pack than to rows alone, so its figures would be wrong.",
            hint="use a base of the Llama, Qwen, Mistral or SmolLM families",
        )


def _probe(name: str, tokens: list[int]) -> TokenRow:
    return TokenRow(name, tuple(tokens), (False, *[True] * (len(tokens) - 1)), target_bytes=1)
