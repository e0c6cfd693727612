"""Single words that give a label or a site away: what a model could learn in place of the task."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from scipy import sparse, stats

from acclimate.core.statistics import holm
from acclimate.stages.profile.sample import Words

FEW_SUBJECTS = 5
"""Subjects in whose records a word must stand to be shown: a rarer one says little, and could name a person."""

ALMOST_ALWAYS = 0.95
MOST_SHOWN = 20


def telltale_words(sample: pl.DataFrame, words: Words, *, target: str, confidence: float) -> list[dict[str, Any]]:
    """Words that nearly always go with one value of `target`, those of most of its subjects first.

    A subject counts once for each value. `precision` is the share of the subjects with the word that have the value,
    `coverage` the share of the value's subjects who have the word. `p_holm` is Fisher's exact one-sided p-value,
    adjusted for all words and values looked at (Holm).
    """
    words = words.single
    known = sample.with_row_index("place").drop_nulls(target)
    values = sorted(known[target].unique().to_list())
    units, codes = _units(known, target, values)
    present = units @ (words.of(known["place"].to_numpy().astype(np.int64)).counts > 0).astype(np.float64)
    by_value = sparse.csr_array((np.ones(len(codes)), (codes, np.arange(len(codes)))), shape=(len(values), len(codes)))
    with_word = (by_value @ (present > 0).astype(np.float64)).toarray()
    frequent = np.flatnonzero(with_word.sum(axis=0) >= FEW_SUBJECTS)
    if len(values) < 2 or not len(frequent):
        return []
    having, of_value = with_word[:, frequent], np.bincount(codes, minlength=len(values)).astype(np.float64)
    subjects = having.sum(axis=0)
    p_values = stats.hypergeom.sf(having - 1, len(codes), of_value[:, None], subjects[None, :])
    adjusted = np.array(holm(p_values.ravel().tolist())).reshape(p_values.shape)
    telling = np.argwhere((having / subjects >= ALMOST_ALWAYS) & (adjusted < 1 - confidence))
    rows = [
        {
            "word": words.terms[frequent[word]],
            "value": values[value],
            "subjects": int(subjects[word]),
            "precision": round(float(having[value, word] / subjects[word]), 4),
            "coverage": round(float(having[value, word] / of_value[value]), 4),
            "p_holm": float(f"{adjusted[value, word]:.3g}"),
        }
        for value, word in telling
    ]
    return sorted(rows, key=lambda row: (-row["coverage"], -row["precision"], row["word"], row["value"]))[:MOST_SHOWN]


def _units(known: pl.DataFrame, target: str, values: list[str]) -> tuple[sparse.csr_array, np.ndarray]:
    """Units × records, a unit being a subject with one value; and each unit's value."""
    pairs = list(zip(known["cluster"].to_list(), known[target].to_list(), strict=True))
    units = sorted(set(pairs))
    place = {unit: number for number, unit in enumerate(units)}
    member = np.array([place[pair] for pair in pairs], dtype=np.int64)
    matrix = sparse.csr_array((np.ones(len(pairs)), (member, np.arange(len(pairs)))), shape=(len(units), len(pairs)))
    return matrix, np.array([values.index(value) for _, value in units], dtype=np.int64)
