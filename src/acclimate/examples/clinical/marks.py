"""Identifiers are marked while a text is put together, so that their exact places are known in the finished text."""

from __future__ import annotations

import re
from dataclasses import dataclass

OPEN, BETWEEN, CLOSE = "\x02", "\x1f", "\x03"
MARKED = re.compile(f"{OPEN}([a-z_]+){BETWEEN}([^{CLOSE}]*){CLOSE}")


@dataclass(frozen=True)
class Planted:
    """One identifier in a finished text: offsets are Unicode code points, end exclusive."""

    kind: str
    value: str
    start: int
    end: int


@dataclass(frozen=True)
class Unmarked:
    """A text without marks, and what stood in them."""

    text: str
    identifiers: tuple[Planted, ...]


def mark(kind: str, value: str) -> str:
    """The value with a mark around it that says what it is."""
    return f"{OPEN}{kind}{BETWEEN}{value}{CLOSE}"


def unmark(marked: str) -> Unmarked:
    """The text a reader sees, with the place of each identifier.

    >>> unmark("Hi " + mark("name", "Ana") + ".")
    Unmarked(text='Hi Ana.', identifiers=(Planted(kind='name', value='Ana', start=3, end=6),))
    """
    parts: list[str] = []
    found: list[Planted] = []
    length = position = 0
    for match in MARKED.finditer(marked):
        kind, value = match.groups()
        before = marked[position : match.start()]
        start = length + len(before)
        found.append(Planted(kind, value, start, start + len(value)))
        parts += [before, value]
        length = start + len(value)
        position = match.end()
    return Unmarked("".join([*parts, marked[position:]]), tuple(found))
