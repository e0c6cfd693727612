"""Words of texts, weighted by how rare they are: what copying an answer and telling labels by words both rest on.

Weights are those of scikit-learn's TfidfVectorizer with sublinear_tf, words being runs of letters, digits and underscores.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class WordWeights:
    """The words of some known texts, and how much each counts."""

    vocabulary: Mapping[str, int]
    rarity: npt.NDArray[np.float64]

    @classmethod
    def of(cls, known: Sequence[str]) -> WordWeights:
        """Learnt from the known texts."""
        vocabulary: dict[str, int] = {}
        for text in known:
            for word in _WORD.findall(text.lower()):
                vocabulary.setdefault(word, len(vocabulary))
        containing = np.bincount(_counts(known, vocabulary).indices, minlength=len(vocabulary))
        return cls(vocabulary, np.log((1 + len(known)) / (1 + containing)) + 1)

    def features(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Texts × words, each row of length one; words of no known text do not count."""
        weighted = _counts(texts, self.vocabulary)
        weighted.data = np.log(weighted.data) + 1
        weighted = weighted.multiply(self.rarity).tocsr()
        lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
        return sparse.diags_array(np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0)) @ weighted


def _counts(texts: Sequence[str], vocabulary: Mapping[str, int]) -> sparse.csr_matrix:
    words = [[vocabulary[word] for word in _WORD.findall(text.lower()) if word in vocabulary] for text in texts]
    ends = np.cumsum([0, *map(len, words)])
    columns = np.array([column for row in words for column in row], dtype=np.int64)
    counts = sparse.csr_matrix((np.ones(len(columns)), columns, ends), shape=(len(texts), len(vocabulary)))
    counts.sum_duplicates()
    return counts
