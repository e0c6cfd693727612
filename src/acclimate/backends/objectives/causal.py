"""Continued pretraining and supervised fine-tuning: the likelihood of the tokens that carry loss."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from acclimate.backends.objectives.objective import Batch, BatchLoss, Figure, means, token_rows
from acclimate.backends.packing import Network, check_packing, pack
from acclimate.backends.scoring import score_rows
from acclimate.core.ports import Row


class CausalLanguageModelling:
    """Cross-entropy over the loss-carrying tokens of a step, each weighing the same whatever row it stands in."""

    figure = Figure("bits_per_byte", "bits per byte")

    def __init__(self, model: Any, validation: Sequence[Row]) -> None:
        check_packing(model)
        self._model = model
        self._network = Network.of(model)
        self._validation = token_rows(validation)

    def accumulate(self, batch: Batch, pack_done: Callable[[], None]) -> BatchLoss:
        """The gradients of a step, and its loss in nats per token."""
        packs = list(pack(token_rows(row for _, row in batch)))
        trained_tokens = sum(len(packed.target_tokens) for packed in packs)
        nats: dict[str, list[float]] = defaultdict(list)
        sources = iter(source for source, _ in batch)
        for packed in packs:
            loss = self._network.loss(packed, scale=1 / trained_tokens)
            loss.total.backward()
            pack_done()
            own = iter(loss.nats.double().tolist())
            for places in packed.targets:
                nats[next(sources)] += [next(own) for _ in places]
        total, by_source = means(nats)
        return BatchLoss(total, by_source, trained_tokens, sum(packed.row_tokens for packed in packs))

    def measure(self) -> dict[str, float]:
        """Bits per byte of the validation rows."""
        if not self._validation:
            return {}
        scores = score_rows(self._model, self._validation)
        bits = math.fsum(score.nats for score in scores) / math.log(2)
        return {"bits_per_byte": bits / sum(score.bytes for score in scores)}
