"""A linear-chain conditional random field with given weights: the best row of labels for a passage, in numpy.

The weights come from a JSON file, so loading them can run nothing; scores that depend on one word are kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from acclimate.stages.deidentify.tagger.features import DISTANCES, EDGE, PAIRS, Lists, WordView, pair, view

OUTSIDE = "O"
_KEPT_WORDS, _LONGEST_KEPT = 50_000, 64

Scores = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Crf:
    """Labels, weights of features by label, weights of one label after another, and the word lists they were learnt with.

    `lean` is taken off the score of being no name: a missed name costs more than a word replaced without need.
    """

    labels: tuple[str, ...]
    weights: Mapping[str, Scores]
    transitions: Scores
    lists: Lists
    lean: float = 0.0
    _words: dict[str, tuple[WordView, Scores]] = field(default_factory=dict, repr=False, compare=False)
    _pairs: dict[tuple[str, str, int], Scores] = field(default_factory=dict, repr=False, compare=False)

    def best(self, words: Sequence[str]) -> list[str]:
        """The most likely label of each word of a passage."""
        if not words:
            return []
        return [self.labels[index] for index in viterbi(self._emissions(words), self.transitions)]

    def _emissions(self, words: Sequence[str]) -> Scores:
        margin = max(DISTANCES)
        padded = [*[EDGE] * margin, *words, *[EDGE] * margin]
        seen = [self._word(word) for word in padded]
        count = len(words)
        by_word = np.stack([scores for _, scores in seen])
        total = np.zeros((count, len(self.labels)), np.float32)
        for index, distance in enumerate(DISTANCES):
            total += by_word[margin + distance : margin + distance + count, index]
        total[:, self.labels.index(OUTSIDE)] -= self.lean
        kinds = [word.kind for word, _ in seen]
        for gap in sorted({second - first for first, second in PAIRS}):
            chosen = [index for index, (first, second) in enumerate(PAIRS) if second - first == gap]
            rows = np.stack([self._pair(kinds[at], kinds[at + gap], gap) for at in range(len(kinds) - gap)])
            for column, index in enumerate(chosen):
                start = margin + PAIRS[index][0]
                total += rows[start : start + count, column]
        return total

    def _word(self, word: str) -> tuple[WordView, Scores]:
        found = self._words.get(word)
        if found is None:
            seen = view(word, self.lists)
            found = seen, np.stack([self._sum(seen.at(distance)) for distance in DISTANCES])
            if len(self._words) < _KEPT_WORDS and len(word) <= _LONGEST_KEPT:
                self._words[word] = found
        return found

    def _pair(self, first: str, second: str, gap: int) -> Scores:
        found = self._pairs.get((first, second, gap))
        if found is None:
            places = [pair_places for pair_places in PAIRS if pair_places[1] - pair_places[0] == gap]
            found = np.stack([self._sum((pair_name(first, second, at),)) for at in places])
            if len(self._pairs) < _KEPT_WORDS:
                self._pairs[first, second, gap] = found
        return found

    def _sum(self, names: Sequence[str]) -> Scores:
        total = np.zeros(len(self.labels), np.float32)
        for name in names:
            weights = self.weights.get(name)
            if weights is not None:
                total += weights
        return total


def pair_name(first: str, second: str, places: tuple[int, int]) -> str:
    """The feature's name for two kinds of words."""
    return pair(WordView((), (), (), first), WordView((), (), (), second), places)


def viterbi(emissions: Scores, transitions: Scores) -> list[int]:
    """The best path through scores of labels (rows: pieces) and of one label after another."""
    back = np.empty(emissions.shape, np.int32)
    score = emissions[0]
    for place in range(1, len(emissions)):
        reached = score[:, None] + transitions
        back[place] = reached.argmax(axis=0)
        score = reached.max(axis=0) + emissions[place]
    path = [int(score.argmax())]
    for place in range(len(emissions) - 1, 0, -1):
        path.append(int(back[place, path[-1]]))
    return path[::-1]


def read_crf(content: bytes) -> Crf:
    """A model from its file."""
    stored = json.loads(content)
    labels = tuple(stored["labels"])
    weights = {}
    for name, cells in stored["weights"].items():
        row = np.zeros(len(labels), np.float32)
        row[cells[0]] = cells[1]
        weights[name] = row / stored["scale"]
    lists = Lists(
        {name: frozenset(words.split()) for name, words in stored["lists"].items()},
        frozenset(stored["vocabulary"].split()),
    )
    return Crf(labels, weights, np.array(stored["transitions"], np.float32) / stored["scale"], lists, stored["lean"])
