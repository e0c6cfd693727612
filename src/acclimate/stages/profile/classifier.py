"""A small text classifier, as a measuring instrument: how well the words of a record tell its site, or its label.

Softmax regression over weighted words (the loss is that of scikit-learn's LogisticRegression at C = 1), every
record judged by a model that saw neither it nor any other record of its subject.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import linalg, sparse

from acclimate.core.hash_order import hash_rank
from acclimate.core.logistic_regression import Features, fit_softmax, softmax_probabilities
from acclimate.stages.profile.sample import Words

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

FOLDS = 5


def weighted(words: Words) -> sparse.csr_array:
    """Term weights of each record: (1 + ln count) × inverse document frequency, each record's length 1."""
    counts = words.counts
    records, terms = counts.shape
    seen = np.bincount(counts.indices, minlength=terms)
    inverse = np.log((1 + records) / (1 + seen)) + 1
    weights = sparse.csr_array(
        ((1 + np.log(counts.data)) * inverse[counts.indices], counts.indices, counts.indptr), shape=counts.shape
    )
    lengths = np.sqrt(np.asarray(weights.multiply(weights).sum(axis=1)).ravel())
    scale = np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    weights.data *= np.repeat(scale, np.diff(weights.indptr))
    return weights


def in_own_span(features: sparse.csr_array) -> Floats:
    """The records in as many coordinates as there are records, with every dot product kept.

    A regularised fit sees features through dot products alone (the representer theorem, Kimeldorf and Wahba 1971), so
    that each record is judged as by its terms, of which a few hundred records have tens of thousands.
    """
    values, vectors = linalg.eigh((features @ features.T).toarray())
    kept = values > values[-1] * np.finfo(np.float64).eps * len(values)
    return np.asarray(vectors[:, kept] * np.sqrt(values[kept]))


def folds_of(clusters: Sequence[str], codes: Codes, seed: int) -> Codes:
    """The fold of each record: whole clusters, each class spread evenly; no record's place in the list matters."""
    of_class: dict[int, set[str]] = {}
    first: dict[str, int] = {}
    for cluster, code in sorted(zip(clusters, codes.tolist(), strict=True)):
        of_class.setdefault(first.setdefault(cluster, code), set()).add(cluster)
    fold: dict[str, int] = {}
    for code in sorted(of_class):
        for cluster in sorted(of_class[code], key=lambda name: hash_rank(name, seed)):
            fold[cluster] = len(fold) % FOLDS
    return np.array([fold[cluster] for cluster in clusters], dtype=np.int64)


def fit(features: Features, codes: Codes, classes: int) -> Floats:
    """Weights of each class, terms + 1 × classes, the last row without a term; unregularised there."""
    return fit_softmax(features, np.eye(classes)[codes])


def judged_unseen(features: Features, codes: Codes, folds: Codes, classes: int) -> Floats:
    """Each record's probabilities by the model of the other folds; each fold fits anew."""
    judged = np.zeros((features.shape[0], classes))
    for fold in range(FOLDS):
        held = np.flatnonzero(folds == fold)
        learnt = np.flatnonzero(folds != fold)
        if len(held) and len(learnt):
            judged[held] = softmax_probabilities(features[held], fit(features[learnt], codes[learnt], classes))
    return judged
