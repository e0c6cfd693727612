"""Words that are far more frequent here than in general text (keyness)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from acclimate.core.glossary import folded
from acclimate.stages.glossary.english import FUNCTION_WORDS
from acclimate.stages.glossary.texts import Text, words_of

CRITICAL = 15.13
"""The log-likelihood of p < .0001 with one degree of freedom, which Rayson and Garside 2000 advise for word lists."""

SHORTEST = 3
LOWER_CASE = 0.2
"""Share of a word's occurrences in lower case below which it counts as a name."""


@dataclass(frozen=True)
class KeyWord:
    """A word with its frequency here and in general text; `log_ratio` is the binary logarithm of how many times as often."""

    word: str
    count: int
    general_count: int
    keyness: float
    log_ratio: float


@dataclass(frozen=True)
class Frequencies:
    """How often each lower-case word stands in the domain and in general text, and how often it is written in lower case."""

    here: Mapping[str, int]
    lower: Mapping[str, int]
    general: Mapping[str, int]

    @classmethod
    def of(cls, texts: Sequence[Text], general: Sequence[Text]) -> Frequencies:
        """The frequencies in two lists of texts."""
        written = Counter(word for text in texts for run in text.runs for word in run)
        lower: Counter[str] = Counter()
        for word, count in written.items():
            if word == word.lower():
                lower[folded(word)] += count
        return cls(Counter(words_of(texts)), lower, Counter(words_of(general)))

    def is_name(self, word: str) -> bool:
        """Whether a word is hardly ever written in lower case."""
        return self.lower.get(word, 0) < LOWER_CASE * self.here.get(word, 0)


def log_likelihood(here: int, general: int, *, words: int, general_words: int) -> float:
    """Dunning's log-likelihood G² of one word's frequency in two corpora, as Rayson and Garside 2000 compute it.

    Negative where the word is rarer here than in general text; 0 without general text.

    >>> round(log_likelihood(20, 2, words=1000, general_words=1000), 2)
    17.09
    """
    if not (words and general_words):
        return 0.0
    both = (here + general) / (words + general_words)
    parts = [(here, words), (general, general_words)]
    statistic = 2 * sum(count * math.log(count / (total * both)) for count, total in parts if count)
    return statistic if here / words >= general / general_words else -statistic


def key_words(frequencies: Frequencies) -> dict[str, KeyWord]:
    """Every word whose log-likelihood is beyond chance; function words, names and the shortest words are none."""
    words, general_words = sum(frequencies.here.values()), sum(frequencies.general.values())
    found = {}
    for word, count in frequencies.here.items():
        if len(word) < SHORTEST or word in FUNCTION_WORDS or frequencies.is_name(word):
            continue
        general = frequencies.general.get(word, 0)
        keyness = log_likelihood(count, general, words=words, general_words=general_words)
        if keyness >= CRITICAL:
            ratio = math.log2((count / words) / ((general or 0.5) / general_words))
            found[word] = KeyWord(word, count, general, keyness, ratio)
    return found
