"""Offsets as each tool counts them: here they are code points of the text as it stands."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from enum import StrEnum
from itertools import accumulate

from acclimate.core.errors import SourceError


class Unit(StrEnum):
    """What an offset counts."""

    CODE_POINTS = "code-points"
    UTF16 = "utf-16"
    """As JavaScript counts: an emoji is two."""
    NEWLINES_AS_ONE = "newlines-as-one"
    """Code points, where a line end of two characters counts as one."""


_WIDTHS: dict[Unit, Callable[[str, str], int]] = {
    Unit.UTF16: lambda character, _before: 1 + (character > "\uffff"),
    Unit.NEWLINES_AS_ONE: lambda character, before: int(not (character == "\n" and before == "\r")),
}


class Offsets:
    """Translates the offsets of one text.

    >>> Offsets("🙂 ok", Unit.UTF16).inward(3, 5), Offsets("🙂 ok", Unit.UTF16).outward(2, 4)
    ((2, 4), (3, 5))
    """

    def __init__(self, text: str, unit: Unit) -> None:
        self._starts: list[int] | None = None
        plain = unit is Unit.CODE_POINTS or (text.isascii() if unit is Unit.UTF16 else "\r\n" not in text)
        if not plain:
            width = _WIDTHS[unit]
            widths = (width(now, before) for now, before in zip(text, "\0" + text, strict=False))
            self._starts = list(accumulate(widths, initial=0))

    def outward(self, start: int, end: int) -> tuple[int, int]:
        """Code points as the tool counts them."""
        return (start, end) if self._starts is None else (self._starts[start], self._starts[end])

    def inward(self, start: int, end: int) -> tuple[int, int]:
        """The tool's offsets as code points; what lies outside the text, or in the middle of a character, stays wrong."""
        return (start, end) if self._starts is None else (self._place(start), self._place(end))

    def _place(self, offset: int) -> int:
        starts = self._starts or []
        # Of the two places around the second character of a line end, which look the same to the tool, the later.
        place = bisect_right(starts, offset) - 1
        return place if 0 <= offset <= starts[-1] and starts[place] == offset else len(starts)


def whole_number(value: object, what: str, place: str) -> int:
    """An offset of a file; SourceError where it is none."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31:
        return value
    raise SourceError(f"{place}: {what} is no whole number from 0.", hint="correct the file, or export it anew")
