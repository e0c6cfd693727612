"""Answers in batches, with a cache of what was computed: greedy, or drawn with a seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from acclimate.backends.decoder import Decoder
from acclimate.core.ports import Generation, Progress, Sampling, TokenRow


def generate(
    decoder: Decoder, prompts: Sequence[TokenRow], sampling: Sampling, *, stops: Sequence[int], progress: Progress
) -> list[Generation]:
    """One answer a prompt, in order.

    Prompts of like length share a batch, so that little is padded. A drawn answer depends on the seed and the prompt's
    place among all prompts, not on what is drawn beside it.
    """
    ordered = sorted(range(len(prompts)), key=lambda place: (len(prompts[place].tokens), place))
    answers: dict[int, Generation] = {}
    with torch.inference_mode():
        for start in range(0, len(ordered), sampling.batch_size):
            places = ordered[start : start + sampling.batch_size]
            answered = _answer([prompts[place] for place in places], places, decoder, sampling, stops)
            for place, tokens, stopped in answered:
                text = decoder.tokenizer.decode(tokens, skip_special_tokens=True)
                answers[place] = Generation(prompts[place].id, text, len(tokens), stopped)
            progress.advance(len(places))
    return [answers[place] for place in range(len(prompts))]


def _answer(
    prompts: Sequence[TokenRow], places: Sequence[int], decoder: Decoder, sampling: Sampling, stops: Sequence[int]
) -> list[tuple[int, list[int], bool]]:
    """The tokens of each answer without its stop token, and whether it came to one."""
    tokens, mask = _left_padded(prompts, decoder.device)
    generators = [torch.Generator().manual_seed(sampling.seed * 1_000_003 + place) for place in places]
    stop_tokens = torch.tensor(list(stops), device=decoder.device)
    answers: list[list[int]] = [[] for _ in prompts]
    finished = [False] * len(prompts)
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    cache: Any = None
    for _ in range(sampling.max_new_tokens):
        computed = decoder.model(
            input_ids=tokens,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        )
        cache = computed.past_key_values
        chosen = _choose(computed.logits[:, -1].float(), sampling.temperature, generators)
        for row, (token, stop) in enumerate(
            zip(chosen.tolist(), torch.isin(chosen, stop_tokens).tolist(), strict=True)
        ):
            finished[row] = finished[row] or stop
            if not finished[row]:
                answers[row].append(token)
        if all(finished):
            break
        tokens = chosen[:, None]
        mask = torch.cat([mask, mask.new_ones(len(prompts), 1)], dim=1)
        positions = positions[:, -1:] + 1
    return list(zip(places, answers, finished, strict=True))


def _choose(logits: torch.Tensor, temperature: float, generators: Sequence[torch.Generator]) -> torch.Tensor:
    if temperature == 0:
        return logits.argmax(dim=-1)
    shares = (logits / temperature).softmax(dim=-1).cpu()
    drawn = [torch.multinomial(row, 1, generator=own) for row, own in zip(shares, generators, strict=True)]
    return torch.cat(drawn).to(logits.device)


def _left_padded(prompts: Sequence[TokenRow], device: Any) -> tuple[torch.Tensor, torch.Tensor]:
    longest = max(len(prompt.tokens) for prompt in prompts)
    tokens = torch.zeros(len(prompts), longest, dtype=torch.long)
    mask = torch.zeros(len(prompts), longest, dtype=torch.long)
    for row, prompt in enumerate(prompts):
        tokens[row, longest - len(prompt.tokens) :] = torch.tensor(prompt.tokens)
        mask[row, longest - len(prompt.tokens) :] = 1
    return tokens.to(device), mask.to(device)
