"""How likely a model finds given texts: one score a row, the same whatever else is scored beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from acclimate.backends.packing import Network, pack
from acclimate.core.ports import Progress, Score, TokenRow

SMALLEST_PREFIX = 16
"""A shared beginning shorter than this is not worth a pass of its own."""


def score_rows(
    model: Any, rows: Sequence[TokenRow], *, shared_prefix: int = 0, progress: Progress | None = None
) -> list[Score]:
    """The negative log-likelihood of each row's loss-carrying text, stop tokens left out, in the order of the rows.

    The rows are packed in an order of their own, so that the order in which they come changes nothing.
    """
    network = Network.of(model)
    ordered = sorted(range(len(rows)), key=lambda place: (len(rows[place].tokens), rows[place].tokens))
    scores: dict[int, Score] = {}
    with torch.inference_mode():
        prefix = usable_prefix(rows, shared_prefix)
        cache = network.read_prefix(rows[0].tokens[:prefix]) if prefix else None
        done = 0
        for packed in pack([rows[place] for place in ordered], prefix_tokens=prefix):
            nats = network.loss(packed, shared_prefix=cache).nats.double().tolist()
            for row, places in zip(packed.rows, packed.targets, strict=True):
                own, nats = nats[: len(places)], nats[len(places) :]
                scores[ordered[done]] = _score(row, places, own)
                done += 1
            if progress is not None:
                progress.advance(len(packed.rows))
    return [scores[place] for place in range(len(rows))]


def _score(row: TokenRow, places: Sequence[int], nats: Sequence[float]) -> Score:
    stops = set(row.stops)
    counted = [value for place, value in zip(places, nats, strict=True) if place not in stops]
    return Score(row.id, sum(counted), len(counted), row.target_bytes, tuple(counted))


def usable_prefix(rows: Sequence[TokenRow], claimed: int) -> int:
    """How many tokens all rows share at their start, at most those claimed, none of which carries or predicts loss."""
    if len(rows) < 2:
        return 0
    usable = claimed
    for row in rows:
        first = next((place for place in range(1, len(row.tokens)) if row.trained[place]), len(row.tokens))
        usable = min(usable, first - 1)
        while usable > 0 and row.tokens[:usable] != rows[0].tokens[:usable]:
            usable -= 1
    return usable if usable >= SMALLEST_PREFIX else 0
