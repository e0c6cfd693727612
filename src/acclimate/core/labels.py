"""What a record says of its label: one rule for training, predictions and evaluation.

Annotators' posteriors (`label_weights`) are soft: a record may be seven tenths of one label and three of another.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from acclimate.core.errors import DataError

SINGLE, SEVERAL = "classification", "multi-label-classification"
LABEL_TASKS = (SINGLE, SEVERAL)
"""The tasks that tell labels: one of each text, or any number."""

COLUMNS = ("id", "source", "split", "label", "label_weights")
"""What is read here of a record."""

NAMED_RECORDS = 3


def label_shares(record: Mapping[str, Any]) -> dict[str, float]:
    """The share of each label in a record, summing to one; empty where it has none.

    Weights come before the plain label. Raises DataError for weights that are negative or no numbers.

    >>> label_shares({"id": "a", "label": "urgent", "label_weights": None})
    {'urgent': 1.0}
    >>> weights = [{"label": "urgent", "weight": 3.0}, {"label": "routine", "weight": 1.0}]
    >>> label_shares({"id": "a", "label": "urgent", "label_weights": weights})
    {'urgent': 0.75, 'routine': 0.25}
    """
    shares: dict[str, float] = {}
    for one in record["label_weights"] or ():
        if not one["label"] or one["weight"] is None or not 0 <= one["weight"] < math.inf:
            raise DataError(
                f"Record {record['id']} has a label weight that is no number from 0 up, or one without a label.",
                hint="mend label_weights in its source, or leave it out and give label alone",
            )
        if one["weight"] > 0:
            shares[one["label"]] = shares.get(one["label"], 0.0) + one["weight"]
    if shares:
        total = math.fsum(shares.values())
        return {label: weight / total for label, weight in shares.items()}
    return {record["label"]: 1.0} if record["label"] else {}


def why_unlabelled(record: Mapping[str, Any]) -> str:
    """The reason for which a record without shares is set aside."""
    return "no_label" if record["label_weights"] is None else "empty_label_weights"


def reference_label(record: Mapping[str, Any]) -> str | None:
    """The one label that a prediction is compared with: the plain one, else the likeliest, the first by name of equals."""
    shares = label_shares(record)
    if record["label"] or not shares:
        return record["label"] or None
    return min(shares, key=lambda label: (-shares[label], label))


def label_names(records: Sequence[Mapping[str, Any]], declared: Sequence[str]) -> tuple[str, ...]:
    """What a classifier tells apart: the declared labels in their order, else those of the training records by name.

    `records` are those of all splits. Raises DataError where one has a label that is not declared, naming records and
    never the label, which in a column mapped by mistake may be text; and where training has fewer than two labels.
    """
    shares = {record["id"]: label_shares(record) for record in records}
    if declared:
        refuse_undeclared([record for record in records if not shares[record["id"]].keys() <= set(declared)])
    training = [record["id"] for record in records if record["split"] == "train"]
    found = sorted({label for name in training for label in shares[name]})
    if not found:
        raise DataError(
            f"None of {len(training)} training records has a label, so there is none to learn.",
            hint="map the column that holds it, for example: columns: {text: message, label: category}",
        )
    if len(found) == 1:
        raise DataError(
            f"All {sum(bool(shares[name]) for name in training)} labelled training records have the same label, so"
            " there is nothing to tell apart.",
            hint="add records of another label, or look whether the right column is mapped to label",
        )
    return tuple(declared) or tuple(found)


def text_of(record: Mapping[str, Any]) -> str:
    """The text that is to be labelled; raises DataError where a record has none."""
    if record["text"] is None:
        raise DataError(
            f"Record {record['id']} has no text, and this project's task is to tell labels of texts.",
            hint="map the source's column to text, for example: columns: {text: message, label: category}",
        )
    return str(record["text"])


def refuse_undeclared(records: Sequence[Mapping[str, Any]]) -> None:
    """Raises DataError where there are records, whose labels are not declared; it names them, never the labels."""
    if not records:
        return
    first = sorted(records, key=lambda record: str(record["id"]))[:NAMED_RECORDS]
    named = ", ".join(f"{record['id']} (source {record['source']})" for record in first)
    raise DataError(
        f"{len(records)} record(s) have a label that labels in acclimate.yaml does not declare:"
        f" {named}{', …' if len(records) > len(first) else ''}.",
        hint="declare it there, or mend it in the source; acclimate show ID tells in which line a record stood",
    )
