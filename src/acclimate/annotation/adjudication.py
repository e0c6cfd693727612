"""Which items deserve another look: those still in doubt after all readings, and given labels that are likely wrong."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
from scipy import special

from acclimate.annotation.readings import Floats, Label, Readings
from acclimate.annotation.truth import Truth
from acclimate.core.confident_learning import doubted_labels
from acclimate.core.errors import DataError

UNSURE, DISPUTED = "unsure", "disputed"


def items_to_adjudicate(
    truth: Truth, readings: Readings, *, max_entropy: float = 0.5, max_disagreement: float = 0.5
) -> pl.DataFrame:
    """The items in doubt, most doubtful first: item, label, probability, entropy, disagreement, reason.

    `entropy` is that of the posterior as a share of its maximum, 0 to 1. `disagreement` is the share of pairs of
    readings that differ, null for items read once. The reason is `unsure` where the entropy is above its limit, else
    `disputed`: the model is sure although the readers differ. `label` is null where two labels are equally likely.

    >>> from acclimate.annotation.truth import majority_vote
    >>> rows = {"item": ["a", "a", "b", "b"], "annotator": ["x", "y"] * 2, "label": ["no", "yes", "no", "no"]}
    >>> readings = Readings.from_table(pl.DataFrame(rows))
    >>> items_to_adjudicate(majority_vote(readings), readings)["item"].to_list()
    ['a']
    """
    if truth.items != readings.items:
        raise DataError("The posteriors are not those of these readings.", hint="give both the same items")
    unsure, disputed = pl.col("entropy") > max_entropy, pl.col("disagreement") > max_disagreement
    doubts = pl.DataFrame(
        {
            "item": truth.items,
            "label": pl.Series(list(truth.best_labels().values())),
            "probability": truth.posteriors.max(axis=1),
            "entropy": _relative_entropy(truth.posteriors),
            "disagreement": _disagreement(readings),
        }
    ).with_columns(pl.col("disagreement").fill_nan(None))
    reason = pl.when(unsure).then(pl.lit(UNSURE)).otherwise(pl.lit(DISPUTED)).alias("reason")
    return (
        doubts.filter(unsure | disputed)
        .with_columns(reason)
        .sort(["entropy", "disagreement", "item"], descending=[True, True, False], nulls_last=True)
    )


def label_error_candidates(truth: Truth, given: Mapping[str, Label]) -> pl.DataFrame:
    """Given labels that are likely wrong, most likely first: item, given, likely, given_probability, probability, margin.

    By confident learning (core.confident_learning). `margin` is probability − given_probability. The posteriors must
    not rest on the given labels themselves: leave their readings out. Items without a posterior are not judged.
    Raises DataError for given labels that are not on the scale.
    """
    place = {label: code for code, label in enumerate(truth.labels)}
    strangers = {label for label in given.values() if label not in place}
    if strangers:
        raise DataError(
            f"{len(strangers)} given labels are not on the scale of the posteriors.",
            hint="read the annotators' table with the whole scale as labels",
        )
    rows = [row for row, item in enumerate(truth.items) if item in given]
    probabilities = truth.posteriors[rows]
    codes = np.array([place[given[truth.items[row]]] for row in rows], dtype=np.int64)
    doubted = doubted_labels(probabilities, codes)
    table = pl.DataFrame(
        {
            "item": pl.Series([truth.items[rows[at]] for at in doubted.places], dtype=pl.String),
            "given": [truth.labels[codes[at]] for at in doubted.places],
            "likely": [truth.labels[code] for code in doubted.likely],
            "given_probability": doubted.given_probability,
            "probability": doubted.probability,
            "margin": doubted.probability - doubted.given_probability,
        }
    )
    return table.sort(["margin", "item"], descending=[True, False])


def _relative_entropy(posteriors: Floats) -> Floats:
    labels = posteriors.shape[1]
    return np.asarray(special.entr(posteriors).sum(axis=1) / np.log(max(2, labels)))


def _disagreement(readings: Readings) -> Floats:
    """The share of each item's pairs of readings that differ; NaN for items read once."""
    counts = readings.counts
    total = counts.sum(axis=1)
    share = np.full(len(total), np.nan)
    pairs = total * (total - 1)
    np.divide(total**2 - (counts**2).sum(axis=1), pairs, out=share, where=pairs > 0)
    return share
