"""Writes answers: several prompts at a time, the token of highest probability or a seeded draw, with a key-value cache.

A draw is decided by the seed and the prompt's id alone, so that it does not matter which prompts share a batch.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from acclimate.backends.decoder import Decoder
from acclimate.backends.key_value_cache import growing_cache, read_prompts, reads_prompts
from acclimate.backends.packing import Network
from acclimate.backends.scoring import usable_prefix
from acclimate.core.errors import DataError
from acclimate.core.ports import Generation, Progress, Sampling, TokenRow

STILL_WRITING = 0.75
"""Finished answers leave their batch when no more than this share is still written: leaving copies the whole cache."""


def generate(
    decoder: Decoder,
    prompts: Sequence[TokenRow],
    sampling: Sampling,
    *,
    stop_ids: Sequence[int],
    shared_prefix: int = 0,
    progress: Progress,
) -> list[Generation]:
    """One answer a prompt, in order; an answer ends at a stop token or after `max_new_tokens`.

    The first `shared_prefix` tokens of the prompts, as far as they are equal in all, are read once a batch.
    """
    _check_room(decoder, prompts, sampling)
    prefix = usable_prefix(prompts, shared_prefix)
    # Prompts of like length share a batch, so that little of it is padding.
    order = sorted(range(len(prompts)), key=lambda place: (len(prompts[place].tokens), prompts[place].id))
    answers: dict[int, Generation] = {}
    for start in range(0, len(order), sampling.batch_size):
        places = order[start : start + sampling.batch_size]
        batch = _Batch.of(decoder, [prompts[place] for place in places], sampling)
        with torch.inference_mode():
            written = batch.write(stop_ids, prefix, progress)
        answers |= {place: _answer(decoder, prompts[place], each) for place, each in zip(places, written, strict=True)}
    return [answers[place] for place in range(len(prompts))]


def _check_room(decoder: Decoder, prompts: Sequence[TokenRow], sampling: Sampling) -> None:
    for prompt in prompts:
        needed = len(prompt.tokens) + sampling.max_new_tokens
        if needed > decoder.facts.context_length:
            raise DataError(
                f"The prompt of {prompt.id} and an answer take {needed} tokens, more than the context of"
                f" {decoder.facts.name} ({decoder.facts.context_length}).",
                hint="choose a base with a longer context, shorten the prompt, or lower max_new_tokens",
            )
        if not prompt.tokens:
            raise DataError(f"The prompt of {prompt.id} is empty.", hint="give it at least one token")


@dataclass
class _Answer:
    tokens: list[int] = field(default_factory=list)
    stopped: bool = False


def _takes(answer: _Answer, token: int, stop_ids: Sequence[int]) -> bool:
    """Adds a token to an answer; true when it is the stop token, which ends the answer and is no part of it."""
    answer.stopped = token in stop_ids
    if not answer.stopped:
        answer.tokens.append(token)
    return answer.stopped


def _answer(decoder: Decoder, prompt: TokenRow, written: _Answer) -> Generation:
    text = decoder.tokenizer.decode(written.tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return Generation(prompt.id, text, len(written.tokens), written.stopped)


@dataclass
class _Batch:
    """Prompts that are answered together, padded on the left; a finished one leaves."""

    model: Any
    prompts: Sequence[TokenRow]
    tokens: Tensor
    mask: Tensor
    sampling: Sampling
    chances: Tensor
    """For each prompt and each token to come, the number in [0, 1) that decides the draw."""

    @classmethod
    def of(cls, decoder: Decoder, prompts: Sequence[TokenRow], sampling: Sampling) -> _Batch:
        longest = max(len(prompt.tokens) for prompt in prompts)
        tokens = torch.zeros(len(prompts), longest, dtype=torch.long)
        mask = torch.zeros_like(tokens)
        for row, prompt in enumerate(prompts):
            tokens[row, longest - len(prompt.tokens) :] = torch.tensor(prompt.tokens)
            mask[row, longest - len(prompt.tokens) :] = 1
        chances = torch.tensor(np.stack([_chances(sampling, prompt.id) for prompt in prompts]))
        return cls(decoder.model, prompts, tokens.to(decoder.device), mask.to(decoder.device), sampling, chances)

    def write(self, stop_ids: Sequence[int], shared_prefix: int, progress: Progress) -> list[_Answer]:
        """The answers, in the order of the prompts."""
        answers = [_Answer() for _ in self.tokens]
        rows = list(range(len(answers)))
        cache = growing_cache(self.model.config)
        tokens, mask = self.tokens, self.mask
        for step in range(self.sampling.max_new_tokens):
            if step == 0 and reads_prompts(cache):
                logits = read_prompts(Network.of(self.model), self.prompts, cache, shared_prefix=shared_prefix)
            else:
                logits = _next_logits(self.model, tokens, mask, cache)
            chosen = self._choose(logits, rows, step)
            for row, token in zip(rows, chosen.tolist(), strict=True):
                if not answers[row].stopped and _takes(answers[row], token, stop_ids):
                    progress.advance()
            going = [place for place, row in enumerate(rows) if not answers[row].stopped]
            if not going:
                return answers
            if len(going) <= len(rows) * STILL_WRITING:
                rows = [rows[place] for place in going]
                chosen, mask = chosen[going], mask[going]
                cache.batch_select_indices(torch.tensor(going, device=chosen.device))
            tokens = chosen[:, None]
            mask = torch.cat([mask, torch.ones_like(tokens)], 1)
        progress.advance(sum(not answer.stopped for answer in answers))
        return answers

    def _choose(self, logits: Tensor, rows: Sequence[int], step: int) -> Tensor:
        if self.sampling.temperature == 0:
            return logits.argmax(-1)
        chances = self.chances[list(rows), step].to(logits.device, torch.float32)
        shares = torch.softmax(logits.float() / self.sampling.temperature, -1).cumsum(-1)
        # The last share is 1 but for rounding: scaling by it keeps the draw inside the vocabulary.
        return torch.searchsorted(shares, (chances * shares[:, -1])[:, None], right=True)[:, 0].clamp_(
            max=logits.shape[-1] - 1
        )


def _chances(sampling: Sampling, identity: str) -> Any:
    seed = int.from_bytes(hashlib.sha256(f"{sampling.seed}:{identity}".encode()).digest()[:8], "big")
    return np.random.default_rng(seed).random(sampling.max_new_tokens)


def _next_logits(model: Any, tokens: Tensor, mask: Tensor, cache: Any) -> Tensor:
    """The logits behind the last token of each row; the cache then holds these tokens too."""
    positions = (mask.cumsum(-1) - 1).clamp_(min=0)[:, -tokens.shape[1] :]
    output = model(
        input_ids=tokens,
        attention_mask=mask,
        position_ids=positions,
        use_cache=True,
        # An index keeps the last states contiguous. Asked for by count, they make torch copy the head's weights for each
        # row: with 16 prompts of 250 tokens that took 60 % of reading them.
        logits_to_keep=torch.tensor([tokens.shape[1] - 1], device=tokens.device),
        **{_cache_name(model): cache},
    )
    logits: Tensor = output.logits[:, -1]
    return logits


def _cache_name(model: Any) -> str:
    """What the model calls its cache: transformers 5 renames `past_key_values` to `cache` on the way."""
    causal = model.get_base_model() if hasattr(model, "get_base_model") else model
    return "cache" if "cache" in inspect.signature(causal.forward).parameters else "past_key_values"
