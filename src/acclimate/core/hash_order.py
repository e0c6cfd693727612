"""An order that looks drawn at random and belongs to the names alone: it decides which records are chosen, and when."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable


def hash_rank(name: str, *numbers: int) -> str:
    """Where a name stands, whatever other names are ordered with it; other numbers (a seed, an epoch), another order.

    >>> sorted(["a", "b", "c"], key=lambda name: hash_rank(name, 7))
    ['c', 'a', 'b']
    """
    return hashlib.sha256(":".join([*map(str, numbers), name]).encode()).hexdigest()


def first_by_hash(names: Iterable[str], limit: int, *numbers: int) -> set[str]:
    """At most so many of the names, as if drawn at random: the same ones whatever their order; holds no more than those.

    >>> sorted(first_by_hash(["a", "b", "c"], 2, 7))
    ['a', 'c']
    """
    return {name for _, name in heapq.nsmallest(limit, ((hash_rank(name, *numbers), name) for name in names))}
