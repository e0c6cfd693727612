"""What a record says of its labels where it may have any number of them: one rule for training, predictions, evaluation.

`label_weights` then hold how likely the record has each label, each by itself; an empty list says that it has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from acclimate.core.errors import DataError
from acclimate.core.labels import refuse_undeclared

HAD_ABOVE = 0.5
"""A record counts as having a label from above this: what more than half of the annotators say."""

SURE = 1e-15
"""A probability nearer to 0 or 1 counts as this near, so that no text costs infinitely many bits."""

Floats = npt.NDArray[np.float64]


def label_probabilities(record: Mapping[str, Any]) -> dict[str, float] | None:
    """How likely a record has each label; empty where it has none, None where nothing is said of its labels.

    Weights come before the plain label. Raises DataError for a weight that is no probability.

    >>> label_probabilities({"id": "a", "label": "urgent", "label_weights": None})
    {'urgent': 1.0}
    >>> label_probabilities({"id": "a", "label": None, "label_weights": []})
    {}
    """
    if record["label_weights"] is None:
        return {record["label"]: 1.0} if record["label"] else None
    found: dict[str, float] = {}
    for one in record["label_weights"]:
        if not one["label"] or one["weight"] is None or not 0 <= one["weight"] <= 1:
            raise DataError(
                f"Record {record['id']} has a label weight that is no probability from 0 to 1, or one without a label.",
                hint="where records have several labels, a weight says how likely a record has that label by itself",
            )
        if one["weight"] > 0:
            found[one["label"]] = max(one["weight"], found.get(one["label"], 0.0))
    return found


def reference_labels(record: Mapping[str, Any]) -> frozenset[str] | None:
    """The labels that a prediction is compared with; None where nothing is said of them.

    >>> weights = [{"label": "urgent", "weight": 0.7}, {"label": "billing", "weight": 0.5}]
    >>> reference_labels({"id": "a", "label": None, "label_weights": weights})
    frozenset({'urgent'})
    """
    found = label_probabilities(record)
    return None if found is None else frozenset(label for label, likely in found.items() if likely > HAD_ABOVE)


def names_of_sets(records: Sequence[Mapping[str, Any]], declared: Sequence[str]) -> tuple[str, ...]:
    """What is told of each text: the declared labels in their order, else those of the training records by name.

    `records` are those of all splits. Raises DataError where one has a label that is not declared, naming records and
    never the label; where a declared label stands in no training record; and where all training records have the same
    labels.
    """
    likely = {record["id"]: label_probabilities(record) for record in records}
    if declared:
        refuse_undeclared([record for record in records if not (likely[record["id"]] or {}).keys() <= set(declared)])
    training = [likely[record["id"]] for record in records if record["split"] == "train"]
    sets = [found for found in training if found is not None]
    if not sets:
        raise DataError(
            f"None of {len(training)} training records says which labels it has, so there is nothing to learn.",
            hint="map the column that holds them, for example: columns: {text: message, labels: topics}",
        )
    names = sorted({label for found in sets for label in found})
    if all(found == sets[0] for found in sets):
        held = f"the same labels ({len(names)})" if names else "no label"
        raise DataError(
            f"All {len(sets)} labelled training records have {held}, so there is nothing to tell apart.",
            hint="add records that differ, or look whether the right column is mapped to labels",
        )
    if missing := [label for label in declared if label not in names]:
        raise DataError(
            f"labels in acclimate.yaml declares {', '.join(missing)}, which no training record has, so that it cannot be"
            " learnt.",
            hint="add records that have it, or take it out of labels",
        )
    return tuple(declared) or tuple(names)


def set_nats(probabilities: Floats, has: Floats) -> Floats:
    """The negative natural log-likelihood of the labels of each text, each label by itself: texts.

    Both are texts × labels; `has` is 1 where a text has the label and 0 where it has not.

    >>> set_nats(np.array([[0.5, 0.25]]), np.array([[1.0, 0.0]])).round(3)
    array([0.981])
    """
    likely = np.clip(probabilities, SURE, 1 - SURE)
    nats: Floats = -(has * np.log(likely) + (1 - has) * np.log1p(-likely)).sum(axis=1)
    return nats
