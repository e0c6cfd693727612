"""Terms of several words, by how often they stand on their own: C-value (Frantzi, Ananiadou and Mima 2000).

The published filter wants tags of parts of speech; here a phrase may hold no function word and no name, and must hold
a key word.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence, Set

from acclimate.core.glossary import folded, neighbours
from acclimate.stages.glossary.english import FUNCTION_WORDS
from acclimate.stages.glossary.keyness import Frequencies
from acclimate.stages.glossary.texts import Text

LONGEST = 4
"""Words of the longest phrase."""

Phrase = tuple[str, ...]


def count_phrases(texts: Sequence[Text], frequencies: Frequencies, keys: Set[str]) -> Counter[Phrase]:
    """How often each possible phrase of two words or more stands in the texts, without case."""
    counts: Counter[Phrase] = Counter()
    for text in texts:
        for run in text.runs:
            for part in _content(run, frequencies):
                for size in range(2, LONGEST + 1):
                    counts.update(phrase for phrase in neighbours(part, size) if not keys.isdisjoint(phrase))
    return counts


def c_values(counts: Mapping[Phrase, int]) -> dict[Phrase, float]:
    """The C-value of each phrase: log2 of its words × how often it stands other than in longer phrases, on average.

    >>> c_values({("chest", "pain"): 10, ("acute", "chest", "pain"): 4})[("chest", "pain")]
    6.0
    """
    around: dict[Phrase, list[int]] = {}
    for phrase, count in counts.items():
        inner = {part for size in range(2, len(phrase)) for part in neighbours(phrase, size)}
        for part in inner & counts.keys():
            around.setdefault(part, []).append(count)
    values = {}
    for phrase, count in counts.items():
        longer = around.get(phrase, [])
        nested = sum(longer) / len(longer) if longer else 0.0
        values[phrase] = math.log2(len(phrase)) * (count - nested)
    return values


def _content(run: Sequence[str], frequencies: Frequencies) -> list[list[str]]:
    """The stretches of a run without function words and names, without case."""
    stretches: list[list[str]] = [[]]
    for written in run:
        word = folded(written)
        if word in FUNCTION_WORDS or frequencies.is_name(word):
            stretches.append([])
        else:
            stretches[-1].append(word)
    return [stretch for stretch in stretches if len(stretch) > 1]
