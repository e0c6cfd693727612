"""The first screen of a classifier that may tell any number of labels, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from acclimate.report import label_words
from acclimate.report.gather import Story
from acclimate.report.label_words import labels_shown, pretrain_sentence, retention_sentence
from acclimate.report.words import comparison, confidence
from acclimate.stages.evaluate.label_items import LABEL_ARMS

__all__ = ["labels_shown", "pretrain_sentence", "retention_sentence"]

ARM_NAMES = {**label_words.ARM_NAMES, "majority": "always the labels that are common in training"}
SHORT_NAMES = {**label_words.SHORT_NAMES, "majority": "common labels"}
METRIC_NAMES = {
    "micro_f1": "micro F1",
    "macro_f1": "macro F1",
    "exact_match": "exact match",
    "log_loss": "bits per text",
    "brier": "Brier score",
    "calibration_error": "calibration error",
}


def headline(story: Story) -> tuple[str, str]:
    """One sentence for the signature, and its tone."""
    against = story.evaluate["summary"]["against"]
    base = against.get("base", {}).get("micro_f1", "insufficient evidence")
    if against.get("majority", {}).get("micro_f1") == "worse":
        return "The classifier is worse than always telling the labels that are common in training.", "bad"
    if base == "worse":
        return "Training made labels worse than a logistic regression on the untrained encoder tells them.", "bad"
    if base != "better":
        return f"Whether training the encoder helped is not shown: {base}.", "unclear"
    return "Training helped: labels are told better than by a logistic regression on the untrained encoder.", "good"


def gain_sentence(story: Story) -> str:
    """How good the classifier is, in figures a reader can repeat."""
    row = comparison(story.evaluate, "base", "micro_f1")
    if row is None:
        return "The untrained encoder was not compared."
    task = story.evaluate["task"]
    interval = (
        "" if row["low"] is None else f", {confidence(task['confidence'])} {row['low']:+.3f} to {row['high']:+.3f}"
    )
    exact = comparison(story.evaluate, "base", "exact_match")
    said = (
        f"Over {row['items']} test items of {row['clusters']} subjects, which have {task['labels_per_item']:.2f} of"
        f" {task['told_apart']} labels on average and {task['without_any']} of which have none, the classifier's micro F1 is"
        f" {row['adapted']:.3f}, that of a logistic regression on the untrained encoder {row['other']:.3f} (difference"
        f" {row['difference']:+.3f}{interval})"
    )
    if exact is None:
        return f"{said}."
    return (
        f"{said}; exactly its labels are told of {100 * exact['adapted']:.1f} % against {100 * exact['other']:.1f} %."
    )


def baseline_sentences(story: Story) -> list[str]:
    """How it stands against each simpler way of telling labels, and from which probability each tells one."""
    sentences = []
    for arm in LABEL_ARMS:
        rows = [comparison(story.evaluate, arm, metric) for metric in ("micro_f1", "macro_f1")]
        told = [
            f"{METRIC_NAMES[row['metric']]} {row['adapted']:.3f} against {row['other']:.3f}, {row['verdict']}"
            for row in rows
            if row
        ]
        if told:
            sentences.append(f"Against {ARM_NAMES[arm]}: {'; '.join(told)}.")
    if story.pretrain:
        sentences.append(
            "The classifier's encoder guessed hidden words of the training texts first, the untrained one did not."
        )
    return [*sentences, *_threshold_sentences(story)]


def people_sentences(story: Story) -> list[str]:
    """Labels are not compared blind, as answers are."""
    return label_words.people_sentences(story)


def _threshold_sentences(story: Story) -> Iterator[str]:
    """Above which probability each arm tells a label."""
    found: dict[str, Mapping[str, Any]] = {
        step.name.removeprefix("predict."): step.report.metrics["threshold"]
        for step in story.steps
        if step.name.startswith("predict.")
    }
    named = ", ".join(f"{SHORT_NAMES[arm]} {found[arm]['value']:.2f}" for arm in LABEL_ARMS if arm in found)
    texts = max((one["texts"] for one in found.values()), default=0)
    how = f"chosen for the most micro F1 on {texts} validation records" if texts else "as predict.threshold says"
    if named:
        yield f"A label counts as told above a probability, {how}: {named}."
