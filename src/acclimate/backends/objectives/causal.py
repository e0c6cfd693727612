"""Continued pretraining and supervised fine-tuning: the likelihood of the tokens that carry loss."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence

from acclimate.backends.cross_entropy import LossSum
from acclimate.backends.objectives.objective import Batch, BatchLoss, Figure, means
from acclimate.backends.packing import Network, Pack, check_packing, pack
from acclimate.backends.parameters import Trainable
from acclimate.backends.scoring import score_rows
from acclimate.core.ports import REPLAY, TokenRow, TrainingPlan


class CausalLanguageModelling:
    """Cross-entropy over the loss-carrying tokens of a step, each weighing the same whatever row it stands in.

    Replayed rows can be learnt from the whole distribution of the untrained model instead of the tokens it drew.
    """

    figure = Figure("bits_per_byte", "bits per byte")

    def __init__(self, trainable: Trainable, plan: TrainingPlan, validation: Sequence[TokenRow]) -> None:
        check_packing(trainable.model)
        self._trainable = trainable
        self._network = Network.of(trainable.model)
        self._validation = validation
        self._entropy_power = 1.0 if plan.use_eaft_loss else 0.0
        self._start = trainable.values_now() if plan.replay_loss == "kl" else None

    def accumulate(self, batch: Batch, pack_done: Callable[[], None]) -> BatchLoss:
        """The gradients of a step, and its loss in nats per token."""
        trained_tokens = sum(sum(row.trained[1:]) for _, row in batch)
        nats: dict[str, list[float]] = defaultdict(list)
        for together in self._packed_together(batch):
            sources = iter(source for source, _ in together)
            for packed in pack([row for _, row in together]):
                loss = self._loss(packed, together[0][0], scale=1 / trained_tokens)
                loss.total.backward()
                pack_done()
                own = iter(loss.nats.double().tolist())
                for places in packed.targets:
                    nats[next(sources)] += [next(own) for _ in places]
        total, by_source = means(nats)
        return BatchLoss(total, by_source, trained_tokens, sum(len(row.tokens) for _, row in batch))

    def _packed_together(self, batch: Batch) -> list[Batch]:
        """All rows, or where replay has a loss of its own, its rows apart."""
        if self._start is None:
            return [batch]
        apart = [[(source, row) for source, row in batch if (source == REPLAY) is wanted] for wanted in (False, True)]
        return [rows for rows in apart if rows]

    def _loss(self, packed: Pack, source: str, *, scale: float) -> LossSum:
        if self._start is None or source != REPLAY:
            return self._network.loss(packed, scale=scale, entropy_power=self._entropy_power)
        with self._trainable.as_started(self._start):
            teacher = self._network.teacher(packed)
        return self._network.divergence(packed, teacher, scale=scale)

    def measure(self) -> dict[str, float]:
        """Bits per byte of the validation rows."""
        if not self._validation:
            return {}
        scores = score_rows(self._trainable.model, self._validation)
        bits = math.fsum(score.nats for score in scores) / math.log(2)
        return {"bits_per_byte": bits / sum(score.bytes for score in scores)}
