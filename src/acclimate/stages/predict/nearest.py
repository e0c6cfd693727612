"""The copying baseline: the answer of the training record whose question is most like the item's."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from scipy import sparse

_WORD = re.compile(r"\w+")
_ROWS_AT_ONCE = 512


def nearest(questions: Sequence[str], known: Sequence[str]) -> list[int]:
    """For each question the place of the known text most like it: TF-IDF over words, cosine, the first of equals.

    Weights are those of scikit-learn's TfidfVectorizer with sublinear_tf, fitted on the known texts.
    """
    vocabulary: dict[str, int] = {}
    for text in known:
        for word in _WORD.findall(text.lower()):
            vocabulary.setdefault(word, len(vocabulary))
    counts = _counts(known, vocabulary)
    containing = np.bincount(counts.indices, minlength=len(vocabulary))
    rarity = np.log((1 + len(known)) / (1 + containing)) + 1
    index = _weighted(counts, rarity).T.tocsc()
    wanted = _weighted(_counts(questions, vocabulary), rarity)
    places: list[int] = []
    for start in range(0, len(questions), _ROWS_AT_ONCE):
        similarity = (wanted[start : start + _ROWS_AT_ONCE] @ index).toarray()
        places += similarity.round(9).argmax(axis=1).tolist()
    return places


def _counts(texts: Sequence[str], vocabulary: dict[str, int]) -> sparse.csr_matrix:
    words = [[vocabulary[word] for word in _WORD.findall(text.lower()) if word in vocabulary] for text in texts]
    ends = np.cumsum([0, *map(len, words)])
    columns = np.array([column for row in words for column in row], dtype=np.int64)
    counts = sparse.csr_matrix((np.ones(len(columns)), columns, ends), shape=(len(texts), len(vocabulary)))
    counts.sum_duplicates()
    return counts


def _weighted(counts: sparse.csr_matrix, rarity: np.ndarray) -> sparse.csr_matrix:
    weighted = counts.copy()
    weighted.data = np.log(weighted.data) + 1
    weighted = weighted.multiply(rarity).tocsr()
    lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    return sparse.diags_array(np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0)) @ weighted
