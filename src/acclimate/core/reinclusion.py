"""Records that a person re-included although a step drops them: an input of that step, by digests of their ids.

Digests, since ids may name people and the list outlives the records: nothing of an erased person stays in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from acclimate.core.artifacts import Artifact
from acclimate.core.atomic import read_json

KEPT_FILE = "kept.json"
_HEX_DIGITS = 32


def id_digest(record_id: str) -> str:
    """The name of a record in lists that outlive it; begins with a letter, so that no spreadsheet takes it for a number.

    >>> id_digest("north:N10001")[:5], len(id_digest("north:N10001"))
    ('kb4be', 33)
    """
    return "k" + hashlib.sha256(record_id.encode()).hexdigest()[:_HEX_DIGITS]


def kept_digests(kept: Artifact | None) -> frozenset[str]:
    """The records that an input lists; none where the project has no such list."""
    return frozenset(read_json(kept.path / KEPT_FILE)) if kept else frozenset()


def are_kept(record_ids: Iterable[str], kept: frozenset[str]) -> list[bool]:
    """For each record whether it was re-included by hand."""
    return [bool(kept) and id_digest(name) in kept for name in record_ids]
