"""Classification: the cross-entropy of each text's labels, which may be soft; they exclude each other or do not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor, nn

from acclimate.backends.heads import HeadedEncoder
from acclimate.backends.objectives.objective import Batch, BatchLoss, Figure, means
from acclimate.backends.packing import PACK_TOKENS
from acclimate.backends.padding import of_like_length
from acclimate.core.ports import LabelledRow

Loss = Callable[[Tensor, Tensor], Tensor]
"""From logits and what is wanted of each label, both texts × labels, the nats of each text."""


def cross_entropy(logits: Tensor, wanted: Tensor) -> Tensor:
    """Where a text has one label: `wanted` are shares, which sum to one."""
    return -(wanted * torch.log_softmax(logits, dim=1)).sum(dim=1)


def binary_cross_entropy(logits: Tensor, wanted: Tensor) -> Tensor:
    """Where a text has any number of labels: `wanted` are probabilities, each by itself; their nats are summed."""
    nats: Tensor = nn.functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    return nats.sum(dim=1)


class Classification:
    """Every text of a step weighs the same, however long it is."""

    figure = Figure("log_loss", "log loss")

    def __init__(self, model: HeadedEncoder, validation: Sequence[LabelledRow], *, loss: Loss) -> None:
        self._model = model
        self._loss = loss
        self._validation = validation

    def accumulate(self, batch: Batch, pack_done: Callable[[], None]) -> BatchLoss:
        """The gradients of a step, and its loss in nats per text."""
        rows: list[LabelledRow] = [row for _, row in batch]
        nats: dict[str, list[float]] = defaultdict(list)
        for places, losses in self._losses(rows):
            (losses.sum() / len(rows)).backward()
            pack_done()
            for place, value in zip(places, losses.detach().double().tolist(), strict=True):
                nats[batch[place][0]].append(value)
        total, by_source = means(nats)
        return BatchLoss(total, by_source, len(rows), sum(len(row.tokens) for row in rows))

    def measure(self) -> dict[str, float]:
        """The mean cross-entropy of the validation texts, in nats."""
        if not self._validation:
            return {}
        with torch.inference_mode():
            values = [value for _, losses in self._losses(self._validation) for value in losses.double().tolist()]
        return {"log_loss": means({"": values})[0]}

    def _losses(self, rows: Sequence[LabelledRow]) -> Iterator[tuple[list[int], Tensor]]:
        """Places of rows computed together, and each one's cross-entropy."""
        tokens = [row.tokens for row in rows]
        for places in of_like_length(tokens, tokens_at_once=PACK_TOKENS):
            logits = self._model.label_logits([tokens[place] for place in places])
            shares = torch.tensor([rows[place].shares for place in places], device=logits.device)
            yield places, self._loss(logits, shares)
