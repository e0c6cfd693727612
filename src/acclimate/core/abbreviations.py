"""What a text says an abbreviation stands for: the algorithm of Schwartz and Hearst 2003.

"A Simple Algorithm for Identifying Abbreviation Definitions in Biomedical Text", Pacific Symposium on Biocomputing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_BRACKET = re.compile(r"\(([^()\n]{2,200})\)")
_BEFORE = 400
"""Characters in front of a bracket among which its long form may stand."""

LONGEST_SHORT_FORM = 10
MOST_WORDS_OF_SHORT_FORM = 2


def definitions(text: str) -> Iterator[tuple[str, str]]:
    """Each abbreviation that a text defines, with what it stands for, in either order.

    >>> list(definitions("magnetic resonance imaging (MRI) and COPD (chronic obstructive pulmonary disease)"))
    [('MRI', 'magnetic resonance imaging'), ('COPD', 'chronic obstructive pulmonary disease')]
    """
    for match in _BRACKET.finditer(text):
        reached = text[max(0, match.start() - _BEFORE) : match.start()]
        before = re.split(r"[()\n]", reached)[-1].rstrip()
        inside = re.split(r"[,;]", match[1])[0].strip()
        if len(inside.split()) <= MOST_WORDS_OF_SHORT_FORM and is_short_form(inside):
            found = best_long_form(inside, _words_before(before, inside))
            if found:
                yield inside, found
                continue
        short = before.split()[-1] if before else ""
        if is_short_form(short) and best_long_form(short, inside) == inside:
            yield short, inside


def is_short_form(text: str) -> bool:
    """Two to ten characters that begin with a letter or digit and hold a letter.

    >>> is_short_form("MRI"), is_short_form("2021"), is_short_form("-x")
    (True, False, False)
    """
    return 2 <= len(text) <= LONGEST_SHORT_FORM and text[0].isalnum() and any(letter.isalpha() for letter in text)


def best_long_form(short: str, before: str) -> str | None:
    """The shortest end of a text in which the short form's characters stand in order, its first one at a word's start.

    None where there is none, or where the candidate is no longer than the short form or contains it.
    """
    at = len(before)
    for place in range(len(short) - 1, -1, -1):
        wanted = short[place].lower()
        if not wanted.isalnum():
            continue
        at -= 1
        while at >= 0 and (before[at].lower() != wanted or (place == 0 and at > 0 and before[at - 1].isalnum())):
            at -= 1
        if at < 0:
            return None
    start = before.rfind(" ", 0, at) + 1
    found = before[start:].strip()
    words = found.split()
    if len(found) <= len(short) or short.lower() in (word.lower() for word in words):
        return None
    return found if len(words) <= _most_words(short) else None


def _words_before(text: str, short: str) -> str:
    """The words in front of the bracket among which the long form is looked for."""
    return " ".join(text.split()[-_most_words(short) :])


def _most_words(short: str) -> int:
    letters = sum(letter.isalnum() for letter in short)
    return min(letters + 5, letters * 2)
