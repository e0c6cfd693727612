"""Words of a text, for formats that know words alone."""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import pairwise

_WORD = re.compile(r"\w+|[^\w\s]")


def tokens_of(text: str, cuts: Collection[int] = ()) -> list[tuple[int, int]]:
    """Where each word or sign of a text stands, words cut where a span begins or ends in them.

    >>> tokens_of("No pain.")
    [(0, 2), (3, 7), (7, 8)]
    """
    inside = sorted(cuts)
    found: list[tuple[int, int]] = []
    for match in _WORD.finditer(text):
        places = [match.start(), *(cut for cut in inside if match.start() < cut < match.end()), match.end()]
        found += pairwise(dict.fromkeys(places))
    return found
