"""Which items to read next: first those that stand for many others, later those of which a model is unsure.

Both parts choose by facility location (Mirchandani and Francis 1990; for active learning Wei, Iyer and Bilmes 2015):
greedily, the item that brings most others nearer to a chosen one. Some are drawn at random, so that accuracy can be
estimated on them without the bias of the choice.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from acclimate.annotation.active.label_model import Model
from acclimate.annotation.readings import Codes, Floats
from acclimate.core.ports import Vectors

TYPICAL, UNSURE, RANDOM = "typical", "unsure", "random"
ENOUGH_OF_EACH = 2
ENOUGH_ALTOGETHER = 5
"""Labels per label of the schema after which the cold start ends, though a rare label was not met."""
_COMPARED = 2000
"""Items that choose among themselves at once; of more, so many drawn at random."""
_LEAST_SURE = 10
"""Times as many items as are picked, of which the model is least sure, are the candidates of a pick by doubt."""


@dataclass(frozen=True)
class Pick:
    """A chosen item (its place), and why: `kind` is TYPICAL, UNSURE or RANDOM.

    `says` holds for TYPICAL how many of `of` items it stands for, itself included, and its likeness (cosine) to the
    nearest item that was read; for UNSURE the codes of the two labels that the model doubts most, `between`, and their
    `shares`.
    """

    place: int
    kind: str
    says: Mapping[str, Any]


@dataclass(frozen=True)
class Pool:
    """What can be picked: `open_places` are rows of `vectors`; `read_places` what was read so far.

    `draws` gives every row a place in one random order that never changes: what comes first in it, whoever chose it, is
    a random sample of all rows.
    """

    vectors: Vectors
    draws: Floats
    open_places: Codes
    read_places: Codes


def is_cold(labels: Codes, *, known: int) -> bool:
    """Whether too little was read for a model's doubt to mean anything, of a schema with `known` labels.

    >>> is_cold(np.array([0, 0, 1]), known=2), is_cold(np.array([0, 0, 1, 1]), known=2)
    (True, False)
    """
    counts = labels.sum(axis=0) if labels.ndim == 2 else np.bincount(labels, minlength=known)
    return bool(counts.min() < ENOUGH_OF_EACH) and len(labels) < ENOUGH_ALTOGETHER * known


def pick(
    pool: Pool, model: Model | None, count: int, *, random_share: float, generator: np.random.Generator
) -> list[Pick]:
    """So many items in the order in which to read them; without a model those that stand for others.

    The random ones are the next of the fixed random order, and stand at random places among the others.
    """
    count = min(count, len(pool.open_places))
    by_draw = pool.open_places[np.argsort(pool.draws[pool.open_places], kind="stable")]
    drawn = by_draw[: int(generator.binomial(count, random_share))]
    left = np.setdiff1d(pool.open_places, drawn)
    wanted = count - len(drawn)
    chosen = _typical(pool, left, wanted, generator) if model is None else _unsure(pool, left, wanted, model)
    order = generator.permutation(count) < len(drawn)
    random, others = iter(Pick(int(place), RANDOM, {}) for place in drawn), iter(chosen)
    return [next(random) if is_random else next(others) for is_random in order]


def _typical(pool: Pool, left: Codes, count: int, generator: np.random.Generator) -> list[Pick]:
    """Those that stand for most of what nothing that was read stands for."""
    candidates = left if len(left) <= _COMPARED else np.sort(generator.choice(left, _COMPARED, replace=False))
    near = np.zeros(len(candidates), dtype=np.float32)
    if len(pool.read_places):
        near = _similar(pool.vectors[candidates], pool.vectors[pool.read_places]).max(axis=1)
    return [
        Pick(
            int(candidates[place]),
            TYPICAL,
            {"like_it": stands, "of": len(candidates), "nearest": round(float(near[place]), 2)},
        )
        for place, stands in _facility_location(pool.vectors[candidates], near, count)
    ]


def _unsure(pool: Pool, left: Codes, count: int, model: Model) -> list[Pick]:
    """Among those of which the model is least sure, those that stand for most of these."""
    shares = model.probabilities(pool.vectors[left])
    rows = np.argsort(model.sureness(shares), kind="stable")[: min(_LEAST_SURE * count, _COMPARED)]
    found = _facility_location(pool.vectors[left[rows]], np.zeros(len(rows), dtype=np.float32), count)
    return [Pick(int(left[rows[place]]), UNSURE, _doubt(model, shares[rows[place]])) for place, _ in found]


def _doubt(model: Model, shares: Floats) -> dict[str, Any]:
    columns = model.doubted(shares)
    return {"between": model.labels[columns].tolist(), "shares": [round(float(share), 3) for share in shares[columns]]}


def _facility_location(vectors: Vectors, near: Vectors, count: int) -> list[tuple[int, int]]:
    """So many rows, each with how many rows it brings nearer, itself included; `near` is how near each is already.

    Lazy greedy (Minoux 1978): a row's gain only falls while others are chosen, so that most gains need no second look.
    """
    similar = _similar(vectors, vectors)
    near = near.copy()
    queue = [(-float(np.maximum(row - near, 0).sum()), place) for place, row in enumerate(similar)]
    heapq.heapify(queue)
    found: list[tuple[int, int]] = []
    while queue and len(found) < count:
        _, place = heapq.heappop(queue)
        gain = float(np.maximum(similar[place] - near, 0).sum())
        if queue and -gain > queue[0][0]:
            heapq.heappush(queue, (-gain, place))
            continue
        found.append((place, int((similar[place] > near).sum())))
        np.maximum(near, similar[place], out=near)
    return found


def _similar(some: Vectors, others: Vectors) -> Vectors:
    """Cosines, opposite meanings taken as unlike."""
    found: Vectors = np.maximum(some @ others.T, 0)
    return found
