"""Tags of words as spans: what a list of BIO tags says of the words it stands beside."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

TAG = re.compile(r"O|([BIESLU])-(\S+)")
"""A tag of IOB1, BIO (IOB2), IOBES or BILOU: a word outside of all spans, or its place in a span and the label."""


class TaggedRun(NamedTuple):
    """Neighbouring words that are one span, from the `first` to the `last`, counted from 0."""

    first: int
    last: int
    label: str


def tagged_runs(tags: Iterable[str]) -> Iterator[TaggedRun]:
    """The spans of one sentence in their order; what is no tag stands for a word outside of all spans.

    >>> list(tagged_runs(["B-PER", "I-PER", "O", "I-ORG", "B-ORG"]))
    [TaggedRun(first=0, last=1, label='PER'), TaggedRun(first=3, last=3, label='ORG'), TaggedRun(first=4, last=4, label='ORG')]
    """
    opened: TaggedRun | None = None
    for place, tag in enumerate(tags):
        match = TAG.fullmatch(tag)
        how, label = (match[1], match[2]) if match is not None else (None, None)
        goes_on = opened is not None and how in ("I", "E", "L") and label == opened.label
        if opened is not None and not goes_on:
            yield opened
            opened = None
        if label is not None:
            opened = TaggedRun(place if opened is None else opened.first, place, label)
        if opened is not None and how in ("E", "L", "S", "U"):
            yield opened
            opened = None
    if opened is not None:
        yield opened
