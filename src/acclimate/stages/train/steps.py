"""Which rows each optimiser step sees: decided by the seed and the rows' ids, never by the order they came in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from acclimate.core.hash_order import hash_rank
from acclimate.core.ports import DOMAIN, REPLAY, AnyRow, MaskedRow

Step = list[tuple[str, AnyRow]]


def plan_steps(
    domain: Sequence[AnyRow],
    replay: Sequence[AnyRow],
    *,
    steps: int,
    rows_per_step: int,
    epochs: float | None,
    replay_share: float,
    seed: int,
) -> list[Step]:
    """The rows of each step with their source. `epochs` None means that every step is full.

    Replay rows are added so that at each step their tokens, of all so far, come nearest to their share.
    """
    total = steps * rows_per_step if epochs is None else min(steps * rows_per_step, round(len(domain) * epochs))
    domain_rows = endless(domain, seed=seed)
    replay_rows = endless(replay, seed=seed) if replay and replay_share else None
    planned: list[Step] = []
    owed, waiting = 0.0, next(replay_rows) if replay_rows else None
    for step in range(steps):
        count = min(rows_per_step, max(1, total - step * rows_per_step))
        rows: Step = [(DOMAIN, next(domain_rows)) for _ in range(count)]
        owed += replay_share / (1 - replay_share) * sum(len(row.tokens) for _, row in rows)
        while replay_rows is not None and waiting is not None and owed >= len(waiting.tokens) / 2:
            rows.append((REPLAY, waiting))
            owed -= len(waiting.tokens)
            waiting = next(replay_rows)
        planned.append(rows)
    return planned


def endless(rows: Sequence[AnyRow], *, seed: int) -> Iterator[AnyRow]:
    """The rows epoch after epoch, each epoch in an order of its own, and with other tokens hidden where some are."""
    epoch = 0
    while True:
        ordered = sorted(rows, key=lambda row: (shuffled(row.id, seed=seed, epoch=epoch), row.id))
        yield from (replace(row, draw=epoch) if isinstance(row, MaskedRow) else row for row in ordered)
        epoch += 1


def shuffled(name: str, *, seed: int, epoch: int = 0) -> str:
    """Where a row stands in an epoch: by a hash of its id."""
    return hash_rank(name, seed, epoch)
