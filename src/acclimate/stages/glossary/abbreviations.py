"""Words that look like abbreviations, whether or not a text says what they stand for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from acclimate.core.glossary import folded
from acclimate.stages.glossary.english import FUNCTION_WORDS
from acclimate.stages.glossary.keyness import Frequencies
from acclimate.stages.glossary.texts import Text

_CAPITALS = re.compile(r"[A-Z]{2,5}")
_NUMERAL = re.compile(r"(?!IV$)[IVX]+[ABC]?")
"""Stages and numbers of chapters; IV alone is more often a way to give a drug."""

_SLASHED = re.compile(r"[A-Za-z]{1,2}/[A-Za-z]{1,2}")


def look_alikes(text: Text, frequencies: Frequencies) -> Iterator[str]:
    """Words that look like abbreviations: two to five capitals that no one writes small, and the likes of c/o."""
    for run in text.runs:
        yield from (word for word in run if _SLASHED.fullmatch(word) or _is_capitals(word, frequencies))


def _is_capitals(word: str, frequencies: Frequencies) -> bool:
    """Whether a word in capitals is neither a numeral, nor one of everyday language, nor one that is written small too."""
    if not _CAPITALS.fullmatch(word) or _NUMERAL.fullmatch(word):
        return False
    plain = folded(word)
    return plain not in FUNCTION_WORDS and plain not in frequencies.general and frequencies.is_name(plain)
