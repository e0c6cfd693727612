"""An order that looks drawn at random and belongs to the names alone: it decides which records are chosen, and when."""

from __future__ import annotations

import hashlib


def hash_rank(name: str, *numbers: int) -> str:
    """Where a name stands, whatever other names are ordered with it; other numbers (a seed, an epoch), another order.

    >>> sorted(["a", "b", "c"], key=lambda name: hash_rank(name, 7))
    ['c', 'a', 'b']
    """
    return hashlib.sha256(":".join([*map(str, numbers), name]).encode()).hexdigest()
