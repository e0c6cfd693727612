"""Rows side by side for an encoder, which reads each as a whole: filled up to one length, rows of like length together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from acclimate.backends.packing import rounded


@dataclass(frozen=True)
class Padded:
    """Rows × width: the tokens, and one where a token is the row's own."""

    ids: Tensor
    mask: Tensor

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]], *, filler: int, device: Any) -> Padded:
        """The rows filled up with `filler` to the longest one's length, rounded up as packs are."""
        width = rounded(max(map(len, rows)))
        ids = torch.full((len(rows), width), filler, dtype=torch.long)
        mask = torch.zeros((len(rows), width), dtype=torch.long)
        for place, row in enumerate(rows):
            ids[place, : len(row)] = torch.tensor(row, dtype=torch.long)
            mask[place, : len(row)] = 1
        return cls(ids.to(device), mask.to(device))


def of_like_length(rows: Sequence[Sequence[int]], *, tokens_at_once: int) -> Iterator[list[int]]:
    """Places of rows in batches, shortest first, so that little is filled up; each holds at most so many tokens.

    A row longer than that has a batch of its own. Rows of one length keep their order.
    """
    batch: list[int] = []
    for place in sorted(range(len(rows)), key=lambda place: len(rows[place])):
        if batch and (len(batch) + 1) * len(rows[place]) > tokens_at_once:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


def mean_of_own(states: Tensor, mask: Tensor) -> Tensor:
    """The mean of each row's own states: rows × hidden."""
    weights = mask[:, :, None].to(states.dtype)
    mean: Tensor = (states * weights).sum(dim=1) / weights.sum(dim=1)
    return mean
