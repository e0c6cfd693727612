"""The pattern tier: what identifiers look like by themselves or by the words before them, found with RE2 in linear time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import re2

UPPER = "A-ZÀ-ÖØ-ÞĀ-Ž"
LOWER = "a-zß-öø-ÿĀ-ž"
LETTER = "A-Za-zÀ-ÖØ-öø-ɏ"
"""Letters of Latin scripts as ranges: RE2's \\p{L} makes automata fifty times as large."""

_MEMORY = 256 << 20


def compiled(expression: str) -> re2._Regexp:
    """An expression in RE2, with room for its automaton."""
    return re2.compile(expression, _options())


def _options() -> re2.Options:
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    return options


@dataclass(frozen=True)
class Find:
    """A stretch that looks like an identifier, with the text around it to judge by."""

    text: str
    start: int
    end: int

    @property
    def value(self) -> str:
        """The stretch itself."""
        return self.text[self.start : self.end]

    @property
    def digits(self) -> str:
        """The digits of the stretch."""
        return "".join(character for character in self.value if character in "0123456789")

    def before(self, length: int) -> str:
        """The text in front of it."""
        return self.text[max(0, self.start - length) : self.start]

    def after(self, length: int) -> str:
        """The text behind it."""
        return self.text[self.end : self.end + length]

    def until(self, end: int) -> Find:
        """The same stretch, ending earlier."""
        return replace(self, end=end)

    def stripped(self, characters: str) -> Find:
        """The same stretch without such characters at its end."""
        return self.until(self.start + len(self.value.rstrip(characters)))


@dataclass(frozen=True)
class Pattern:
    """One way an identifier of a class is written: group 1 of `expression` is the identifier.

    `judge` looks at what RE2 found (a checksum, the words around it) and gives it back, possibly shorter, or None.
    """

    kind: str
    expression: str
    judge: Callable[[Find], Find | None] = lambda find: find


class PatternSet:
    """Patterns that are looked for together: one pass over a text says which of them occur, only those then search it."""

    def __init__(self, patterns: tuple[Pattern, ...]) -> None:
        self._patterns = patterns
        self._compiled = [compiled(pattern.expression) for pattern in patterns]
        self._set = re2.Set.SearchSet(_options())
        for pattern in patterns:
            self._set.Add(pattern.expression)
        self._set.Compile()

    def finds(self, text: str) -> Iterator[tuple[str, Find]]:
        """Every class and stretch that the patterns see in a text; stretches may overlap."""
        for index in sorted(self._set.Match(text) or ()):
            pattern = self._patterns[index]
            for match in self._compiled[index].finditer(text):
                find = pattern.judge(Find(text, *match.span(1)))
                if find is not None:
                    yield pattern.kind, find


def preceded_by(expression: str) -> Callable[[Find], bool]:
    """A test whether the words right before a find end in something that matches."""
    ending = compiled(f"(?i)(?:{expression})$")

    def test(find: Find) -> bool:
        return ending.search(find.before(32)) is not None

    return test


def followed_by(expression: str) -> Callable[[Find], bool]:
    """A test whether the text right behind a find begins with something that matches."""
    beginning = compiled(f"(?i)(?:{expression})")

    def test(find: Find) -> bool:
        return beginning.match(find.after(32)) is not None

    return test


def stands_alone(find: Find) -> bool:
    """Whether a number is whole: not a piece of a longer one, of a decimal, or of a word."""
    before, after = find.before(2), find.after(2)
    if before[-1:].isalnum() or after[:1].isalnum():
        return False
    joined_before = before[-1:] in ("-", "/", ".", ",") and before[:1].isdigit() and len(before) == 2
    joined_after = after[:1] in ("-", "/", ".", ",") and after[1:].isdigit()
    return not (joined_before or joined_after)
