"""Terms in texts: what a word is, and which terms of a glossary a text holds, in one of their forms."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

WORD = re.compile(r"[^\W\d_]+(?:[-'’/][^\W\d_]+)*")
"""Letters of any script, with hyphens, apostrophes and slashes inside: well-known, patient's, c/o."""


def folded(word: str) -> str:
    """A word without case, and with a plain apostrophe.

    >>> folded("That’s")
    "that's"
    """
    return word.lower().replace("’", "'")


def neighbours(words: Sequence[str], size: int) -> Iterator[tuple[str, ...]]:
    """Every so many neighbouring words.

    >>> list(neighbours(["a", "b", "c"], 2))
    [('a', 'b'), ('b', 'c')]
    """
    return zip(*(words[start:] for start in range(size)), strict=False)


@dataclass(frozen=True)
class Term:
    """A term, and where it is an abbreviation what it stands for. An abbreviation is known by its case as well."""

    name: str
    is_abbreviation: bool = False
    expansion: str | None = None

    @property
    def written(self) -> tuple[str, ...]:
        """Its words as they are written."""
        return tuple(WORD.findall(self.name))

    @property
    def forms(self) -> list[tuple[str, ...]]:
        """The words, without case, by which it is known: its own unless it is an abbreviation, and its expansion's."""
        texts = ([] if self.is_abbreviation else [self.name]) + ([self.expansion] if self.expansion else [])
        return [tuple(folded(word) for word in WORD.findall(text)) for text in texts]


@dataclass(frozen=True)
class Place:
    """Where a term stands in a text: code points, the end exclusive."""

    name: str
    start: int
    end: int


@dataclass(frozen=True)
class Glossary:
    """Terms by each of their forms, to be looked for in texts."""

    terms: Sequence[Term]
    _exact: dict[tuple[str, ...], set[str]] = field(init=False, default_factory=dict)
    _folded: dict[tuple[str, ...], set[str]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for term in self.terms:
            if term.is_abbreviation and term.written:
                self._exact.setdefault(term.written, set()).add(term.name)
            for form in term.forms:
                if form:
                    self._folded.setdefault(form, set()).add(term.name)

    def found_in(self, text: str) -> set[str]:
        """The names of the terms that a text holds, whichever form it uses.

        >>> terms = [Term("MRI", True, "magnetic resonance imaging"), Term("chest pain")]
        >>> sorted(Glossary(terms).found_in("Chest pain; magnetic resonance imaging was normal"))
        ['MRI', 'chest pain']
        """
        return {place.name for place in self.places_in(text)}

    def places_in(self, text: str) -> Iterator[Place]:
        """Every place in a text where a term stands, in whichever form; terms may overlap.

        >>> list(Glossary([Term("chest pain")]).places_in("No chest pain"))
        [Place(name='chest pain', start=3, end=13)]
        """
        matches = list(WORD.finditer(text))
        written = [match.group() for match in matches]
        yield from _places(matches, written, self._exact)
        yield from _places(matches, [folded(word) for word in written], self._folded)


def _places(
    matches: Sequence[re.Match[str]], words: Sequence[str], forms: dict[tuple[str, ...], set[str]]
) -> Iterator[Place]:
    for size in sorted({len(form) for form in forms}):
        for first, part in enumerate(neighbours(words, size)):
            for name in sorted(forms.get(part, ())):
                yield Place(name, matches[first].start(), matches[first + size - 1].end())
