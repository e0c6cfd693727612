"""The pattern tier as one: every pattern class, compiled once in a process."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from acclimate.stages.deidentify import contacts, devices, numbers, people, places, times
from acclimate.stages.deidentify.hits import Hit
from acclimate.stages.deidentify.patterns import PatternSet


@functools.cache
def _pattern_set(*, day_first: bool) -> PatternSet:
    return PatternSet(
        (
            *contacts.PATTERNS,
            *numbers.PATTERNS,
            *devices.PATTERNS,
            *times.date_patterns(day_first=day_first),
            *times.AGE_PATTERNS,
            *places.PATTERNS,
            *people.PATTERNS,
        )
    )


def pattern_hits(text: str, *, day_first: bool = False) -> Iterator[Hit]:
    """Everything in a text that looks like an identifier; hits may overlap.

    >>> [hit.kind for hit in pattern_hits("Mail ann@mail.com on 2021-03-03, BP 120/80")]
    ['email', 'date']
    """
    for kind, find in _pattern_set(day_first=day_first).finds(text):
        parts = people.name_parts(find) if kind == "name" else ()
        yield Hit(find.start, find.end, kind, parts=parts)
