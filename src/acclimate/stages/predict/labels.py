"""How likely each label is of each test text: by the trained classifier, by its untrained encoder, by words, by counting."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from acclimate.core.errors import ContractError
from acclimate.core.labels import label_names, label_shares, reference_label, text_of
from acclimate.core.logistic_regression import PROBE_STRENGTH, SOFTMAX, Floats, Regression
from acclimate.core.ports import Context, Models
from acclimate.core.stage import Inputs
from acclimate.stages.predict.config import PredictConfig
from acclimate.stages.predict.tfidf import WordWeights

TFIDF_STRENGTH = 100.0
"""scikit-learn's C for words: of 1, 10, 30 and 100 the least log loss on banking77 with ten labels an intent."""

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Labelled:
    """The training texts with what they have of each label (texts × labels), and the texts to be labelled."""

    labels: tuple[str, ...]
    known: Sequence[str]
    shares: Floats
    texts: Sequence[str]
    regression: Regression = SOFTMAX

    @classmethod
    def of(cls, records: Sequence[Record], declared: Sequence[str]) -> Labelled:
        """From the records of all splits; those of training without a label are left out."""
        labels = label_names(records, declared)
        told = [(record, label_shares(record)) for record in records if record["split"] == "train"]
        told = [(record, shares) for record, shares in told if shares]
        return cls(
            labels,
            [text_of(record) for record, _ in told],
            np.array([[shares.get(label, 0.0) for label in labels] for _, shares in told]),
            [text_of(record) for record in records if record["split"] == "test"],
        )


def predict_labels(
    config: PredictConfig, inputs: Inputs, records: Sequence[Record], context: Context
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """A row in the prediction schema for each test text, and facts for the report."""
    labelled = Labelled.of(records, config.labels)
    labels, probabilities = told_by(config, labelled, inputs, context)
    test = [record for record in records if record["split"] == "test"]
    rows = [_row(record, labels, told) for record, told in zip(test, probabilities, strict=True)]
    return rows, {"labels": list(labels), "items": {"task": len(rows)}, "training_texts": len(labelled.known)}


def told_by(
    config: PredictConfig, labelled: Labelled, inputs: Inputs, context: Context
) -> tuple[tuple[str, ...], Floats]:
    """The labels that a method tells, and how likely each is of each text: texts × labels."""
    if config.method == "majority":
        return labelled.labels, by_counting(labelled)
    if config.method == "tfidf":
        return labelled.labels, by_words(labelled)
    if config.method == "probe":
        return labelled.labels, _by_vectors(config, labelled, _folder(inputs, "base"), context)
    return _by_classifier(config, labelled, inputs, context)


def by_counting(labelled: Labelled) -> Floats:
    """How often each label was given in training, the same for every text; one more is counted of each (Laplace)."""
    counts = labelled.shares.sum(axis=0) + 1
    # Where labels do not exclude each other, two more texts are counted of each: one that has it, one that has not.
    texts = counts.sum() if labelled.regression is SOFTMAX else len(labelled.known) + 2
    return np.tile(counts / texts, (len(labelled.texts), 1))


def by_words(labelled: Labelled) -> Floats:
    """Logistic regression over weighted words."""
    weights, regression = WordWeights.of(labelled.known), labelled.regression
    fitted = regression.fit(weights.features(labelled.known), labelled.shares, strength=TFIDF_STRENGTH)
    return regression.probabilities(weights.features(labelled.texts), fitted)


def _by_vectors(config: PredictConfig, labelled: Labelled, base: Path, context: Context) -> Floats:
    """Logistic regression on the untrained encoder's vectors, as the classifier's head started."""
    models = _models(context)
    length = models.facts(base).context_length
    encoder = models.load_encoder(base, max_length=min(config.max_length or length, length), precision=config.precision)
    known, texts = (encoder.encode(some, progress=context.progress) for some in (labelled.known, labelled.texts))
    regression = labelled.regression
    fitted = regression.fit(known.astype(np.float64), labelled.shares, strength=PROBE_STRENGTH)
    return regression.probabilities(texts.astype(np.float64), fitted)


def _by_classifier(
    config: PredictConfig, labelled: Labelled, inputs: Inputs, context: Context
) -> tuple[tuple[str, ...], Floats]:
    adapter = _folder(inputs, "adapter")
    classifier = _models(context).load_classifier(_folder(inputs, "base"), adapter=adapter, precision=config.precision)
    with context.progress("telling labels", len(labelled.texts)) as progress:
        return classifier.labels, classifier.probabilities(labelled.texts, progress=progress)


def _row(record: Record, labels: Sequence[str], told: Floats) -> dict[str, Any]:
    reference = reference_label(record)
    own = float(told[labels.index(reference)]) if reference in labels else None
    return {
        "id": record["id"],
        "suite": "task",
        "candidate": "reference",
        "nats": -math.log(own) if own else None,
        "label": labels[int(told.argmax())],
        "probabilities": [{"label": label, "probability": float(p)} for label, p in zip(labels, told, strict=True)],
    }


def _folder(inputs: Inputs, role: str) -> Path:
    if role not in inputs:
        raise ContractError(f"predict needs the input {role} to tell labels")
    return inputs[role].model_folder


def _models(context: Context) -> Models:
    if context.models is None:
        raise ContractError("predict needs models to tell labels by an encoder")
    return context.models
