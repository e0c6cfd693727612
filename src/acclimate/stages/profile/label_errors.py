"""Given labels that are likely wrong, judged by the words of the record they were given to."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from acclimate.core.confident_learning import doubted_labels
from acclimate.stages.profile.classifier import folds_of, judged_unseen, weighted
from acclimate.stages.profile.sample import Words

MOST_NAMED = 50
FEW = 5
"""Subjects with a label below which the words cannot teach what it means: such records are not judged."""

MOST_LABELS = 100
MOST_CELLS = 20_000_000
"""Weights of the classifier, terms × labels, above which labels are not judged: it would need gigabytes."""


def label_errors(sample: pl.DataFrame, words: Words, *, seed: int) -> dict[str, Any] | None:
    """Doubted labels, surest first, and how often the words alone give the given label; None without labels to judge.

    `sample` has id, cluster and label in the order of the rows of `words`. Each record is judged by a model that saw no
    record of its subject; that a label is doubted is a reason to look at the record, not a finding.
    """
    carriers = sample.drop_nulls("label").group_by("label").agg(pl.col("cluster").n_unique())
    labels = sorted(carriers.filter(pl.col("cluster") >= FEW)["label"].to_list())
    judged = sample.with_row_index("place").filter(pl.col("label").is_in(labels))
    terms = words.of(judged["place"].to_numpy().astype(np.int64))
    if not 2 <= len(labels) <= MOST_LABELS or len(terms.terms) * len(labels) > MOST_CELLS:
        return None
    given = np.array([labels.index(label) for label in judged["label"].to_list()], dtype=np.int64)
    folds = folds_of(judged["cluster"].to_list(), given, seed)
    likely = judged_unseen(weighted(terms), given, folds, len(labels))
    doubted = doubted_labels(likely, given)
    rows = [
        {
            "id": judged["id"][int(place)],
            "given": labels[given[place]],
            "likely": labels[code],
            "margin": round(float(probability - own), 4),
        }
        for place, code, probability, own in zip(
            doubted.places, doubted.likely, doubted.probability, doubted.given_probability, strict=True
        )
    ]
    rows.sort(key=lambda row: (-row["margin"], row["id"]))
    return {
        "judged": judged.height,
        "labels": len(labels),
        "agreeing": round(float((likely.argmax(axis=1) == given).mean()), 4),
        "doubted": len(rows),
        "surest": rows[:MOST_NAMED],
        "by_id": {row["id"]: row["likely"] for row in rows},
    }
