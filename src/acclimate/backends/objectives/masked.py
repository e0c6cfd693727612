"""Masked language modelling: an encoder learns a domain's language by guessing tokens that are hidden from it.

Fifteen in a hundred tokens are guessed; of those eight in ten are hidden behind [MASK], one is replaced by any other,
one stays as it is (Devlin et al. 2019, arXiv:1810.04805).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from acclimate.backends.cross_entropy import LossSum, summed_cross_entropy
from acclimate.backends.heads import HeadedEncoder
from acclimate.backends.objectives.objective import Batch, BatchLoss, Figure, means
from acclimate.backends.packing import PACK_TOKENS
from acclimate.backends.padding import of_like_length
from acclimate.core.hash_order import hash_rank
from acclimate.core.ports import MaskedRow, TrainingPlan

GUESSED, MASKED, REPLACED = 0.15, 0.8, 0.9
"""The share that is guessed; of it, those below the second are masked, between it and the third replaced."""


@dataclass(frozen=True)
class HiddenRow:
    """A row as the encoder sees it, with the places it must guess and what stands there."""

    tokens: tuple[int, ...]
    places: tuple[int, ...]
    targets: tuple[int, ...]


def hide(row: MaskedRow, *, seed: int, mask: int, vocabulary: int) -> HiddenRow:
    """The row with some tokens hidden: the same ones for the same seed, id and draw, wherever it stands in a run."""
    random = np.random.default_rng(int(hash_rank(row.id, seed, row.draw)[:32], 16))
    able = [place for place, may in enumerate(row.row.trained) if may]
    count = max(1, round(GUESSED * len(able)))
    places = sorted(random.permutation(able)[:count].tolist())
    tokens = list(row.tokens)
    for place, fate, other in zip(
        places, random.random(len(places)), random.integers(0, vocabulary, len(places)), strict=True
    ):
        if fate < REPLACED:
            tokens[place] = mask if fate < MASKED else int(other)
    return HiddenRow(tuple(tokens), tuple(places), tuple(row.tokens[place] for place in places))


class MaskedLanguageModelling:
    """Every hidden token of a step weighs the same, whatever row it stands in."""

    figure = Figure("nats_per_hidden_token", "nats per hidden token")

    def __init__(self, model: HeadedEncoder, plan: TrainingPlan, validation: Sequence[MaskedRow]) -> None:
        self._model = model
        self._seed = plan.seed
        self._validation = [self._hidden(row) for row in validation]

    def accumulate(self, batch: Batch, pack_done: Callable[[], None]) -> BatchLoss:
        """The gradients of a step, and its loss in nats per hidden token."""
        rows = [self._hidden(row) for _, row in batch]
        hidden = sum(len(row.places) for row in rows)
        nats: dict[str, list[float]] = defaultdict(list)
        for places, loss in self._losses(rows, scale=1 / hidden):
            loss.total.backward()
            pack_done()
            own = iter(loss.nats.double().tolist())
            for place in places:
                nats[batch[place][0]] += [next(own) for _ in rows[place].places]
        total, by_source = means(nats)
        return BatchLoss(total, by_source, hidden, sum(len(row.tokens) for row in rows))

    def measure(self) -> dict[str, float]:
        """The mean over the hidden tokens of the validation rows."""
        if not self._validation:
            return {}
        with torch.inference_mode():
            values = [value for _, loss in self._losses(self._validation) for value in loss.nats.double().tolist()]
        return {"nats_per_hidden_token": means({"": values})[0]}

    def _hidden(self, row: MaskedRow) -> HiddenRow:
        vocabulary = self._model.get_input_embeddings().num_embeddings
        return hide(row, seed=self._seed, mask=self._model.mask, vocabulary=vocabulary)

    def _losses(self, rows: Sequence[HiddenRow], *, scale: float = 1.0) -> Iterator[tuple[list[int], LossSum]]:
        """Places of rows computed together, and the loss of their hidden tokens; only these meet the vocabulary."""
        tokens = [row.tokens for row in rows]
        for places in of_like_length(tokens, tokens_at_once=PACK_TOKENS):
            states = self._model.states(self._model.padded([tokens[place] for place in places]))
            which = [number for number, place in enumerate(places) for _ in rows[place].places]
            where = [spot for place in places for spot in rows[place].places]
            targets = [target for place in places for target in rows[place].targets]
            yield (
                places,
                summed_cross_entropy(
                    self._model.head(states[which, where]),
                    self._model.get_input_embeddings().weight,
                    bias=self._model.head.bias,
                    targets=torch.tensor(targets, device=states.device),
                    scale=scale,
                ),
            )
