"""Which labels each test text has, where it may have any number: by the classifier and by three simpler ways."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from acclimate.core.errors import DataError
from acclimate.core.label_sets import label_probabilities, names_of_sets, reference_labels, set_nats
from acclimate.core.labels import text_of
from acclimate.core.logistic_regression import ONE_VS_REST, Floats
from acclimate.core.ports import Context
from acclimate.core.stage import Inputs
from acclimate.stages.predict.config import PredictConfig
from acclimate.stages.predict.labels import Labelled, Record, told_by
from acclimate.stages.predict.thresholds import Threshold, best_threshold


def predict_label_sets(
    config: PredictConfig, inputs: Inputs, records: Sequence[Record], context: Context
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """A row in the prediction schema for each test text, and facts for the report.

    Validation texts are told too, for the threshold alone; test texts play no part in it.
    """
    validation = _validation(config, records)
    test = [record for record in records if record["split"] == "test"]
    labelled = _labelled(config, records, [*validation, *test])
    labels, told = told_by(config, labelled, inputs, context)
    threshold = _threshold(config, validation, labels, told[: len(validation)])
    rows = [
        _row(record, labels, likely, threshold.value)
        for record, likely in zip(test, told[len(validation) :], strict=True)
    ]
    facts = {
        "labels": list(labels),
        "items": {"task": len(rows)},
        "training_texts": len(labelled.known),
        "threshold": threshold.to_json(),
    }
    return rows, facts


def _validation(config: PredictConfig, records: Sequence[Record]) -> list[Record]:
    """What a threshold is chosen on; none where it is given."""
    if config.threshold is not None:
        return []
    measured = [one for one in records if one["split"] == "validation" and reference_labels(one) is not None]
    if not measured:
        raise DataError(
            "No validation record says which labels it has, so there is nothing to choose the threshold on above which a"
            " label counts as told; test records must not be used for it.",
            hint="raise split.fractions.validation, or set predict.threshold, for example to 0.5",
        )
    return measured


def _labelled(config: PredictConfig, records: Sequence[Record], told: Sequence[Record]) -> Labelled:
    labels = names_of_sets(records, config.labels)
    known = [(record, label_probabilities(record)) for record in records if record["split"] == "train"]
    sets = [(record, likely) for record, likely in known if likely is not None]
    return Labelled(
        labels,
        [text_of(record) for record, _ in sets],
        np.array([[likely.get(label, 0.0) for label in labels] for _, likely in sets]),
        [text_of(record) for record in told],
        ONE_VS_REST,
    )


def _threshold(config: PredictConfig, validation: Sequence[Record], labels: Sequence[str], told: Floats) -> Threshold:
    if config.threshold is not None:
        return Threshold(config.threshold)
    has = np.array([_has(record, labels) for record in validation])
    return best_threshold(told, has)


def _has(record: Record, labels: Sequence[str]) -> list[float]:
    """1 for each label that a record has."""
    own = reference_labels(record) or frozenset()
    return [float(label in own) for label in labels]


def _row(record: Record, labels: Sequence[str], likely: Floats, threshold: float) -> dict[str, Any]:
    own = reference_labels(record)
    known = own is not None and own <= set(labels)
    return {
        "id": record["id"],
        "suite": "task",
        "candidate": "reference",
        "nats": float(set_nats(likely[None], np.array([_has(record, labels)]))[0]) if known else None,
        "probabilities": [{"label": label, "probability": float(p)} for label, p in zip(labels, likely, strict=True)],
        "labels": [label for label, p in zip(labels, likely, strict=True) if p > threshold],
    }
