"""Random choices that a key and some words decide: the same again for whoever holds the key, unforeseeable otherwise."""

from __future__ import annotations

from collections.abc import Sequence

from acclimate.core.surrogates import keyed_digest

_BYTES_PER_NUMBER = 4


class Draw:
    """An endless row of numbers drawn from a key and some words."""

    def __init__(self, key: bytes, *words: str) -> None:
        self._key = key
        self._words = words
        self._block = 0
        self._waiting = b""

    def below(self, limit: int) -> int:
        """The next number, at least 0 and below the limit."""
        if len(self._waiting) < _BYTES_PER_NUMBER:
            self._waiting += keyed_digest(self._key, *self._words, str(self._block))
            self._block += 1
        number, self._waiting = self._waiting[:_BYTES_PER_NUMBER], self._waiting[_BYTES_PER_NUMBER:]
        return int.from_bytes(number, "big") % limit

    def digits(self, count: int) -> str:
        """The next digits."""
        return "".join(str(self.below(10)) for _ in range(count))

    def choice(self, options: Sequence[str]) -> str:
        """The next of some options."""
        return options[self.below(len(options))]


def days_of_shift(key: bytes, subject: str, *, most: int) -> int:
    """By how many days all dates of one person are moved: 1 to `most` in either direction, never 0."""
    drawn = Draw(key, "days", subject).below(2 * most)
    return drawn - most if drawn < most else drawn - most + 1
