"""How much of a text is lost to a wrong encoding: what repair could not set right."""

from __future__ import annotations

import numpy as np
import polars as pl
from ftfy.badness import badness

from acclimate.stages.clean.quality import Drop, shown

_LOST = r"[\x{fffd}\x{80}-\x{9f}\x{e000}-\x{f8ff}]"
"""Replacement characters, C1 controls, and the private-use signs that symbol fonts leave behind."""
_NOT_ASCII = r"[^\x00-\x7f]"

FEWEST = 5
"""Fewer damaged characters than this never drop a record: one lost letter spoils a word, and no text."""


def damaged_characters(texts: pl.Series) -> pl.Series:
    """How many characters of each text are lost signs or, by ftfy's count, misread letters.

    >>> damaged_characters(pl.Series(["na\\ufffdve \\ufffd", "naïve", None])).to_list()
    [2, 0, 0]
    """
    lost = texts.str.count_matches(_LOST).fill_null(0).cast(pl.Int64)
    suspect = texts.str.contains(_NOT_ASCII).fill_null(False).arg_true()
    misread = np.zeros(len(texts), dtype=np.int64)
    misread[suspect.to_numpy()] = [
        badness(text) for text in texts.gather(suspect).str.replace_all(_LOST, " ").to_list()
    ]
    return lost + pl.Series(misread)


def damage_breach(damaged: int, characters: int, *, max_damage: float) -> list[Drop]:
    """The rule encoding_damage as a text breaks it, or nothing.

    >>> damage_breach(6, 60, max_damage=0.05)
    [Drop(reason='encoding_damage', value='0.1', threshold='0.05')]
    """
    if damaged < FEWEST or damaged <= max_damage * characters:
        return []
    return [Drop("encoding_damage", shown(damaged / characters), shown(max_damage))]
