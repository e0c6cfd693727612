"""The first screen of a classifier in plain words: whether training helped, against what, and what was not tested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from acclimate.report.gather import Story
from acclimate.report.words import comparison, confidence
from acclimate.stages.evaluate.label_items import LABEL_ARMS

ARM_NAMES = {
    "base": "logistic regression on the untrained encoder",
    "tfidf": "logistic regression on words (TF\u2011IDF)",
    "majority": "always the commonest training label",
    "adapted": "the classifier",
}
SHORT_NAMES = {"base": "untrained encoder", "tfidf": "words", "majority": "commonest label", "adapted": "classifier"}
METRIC_NAMES = {
    "accuracy": "accuracy",
    "macro_f1": "macro F1",
    "log_loss": "bits per label",
    "brier": "Brier score",
    "calibration_error": "calibration error",
}


def headline(story: Story) -> tuple[str, str]:
    """One sentence for the signature, and its tone."""
    against = story.evaluate["summary"]["against"]
    base = against.get("base", {}).get("accuracy", "insufficient evidence")
    if against.get("majority", {}).get("accuracy") == "worse":
        return "The classifier is worse than always giving the commonest label.", "bad"
    if base == "worse":
        return "Training made labels worse than a logistic regression on the untrained encoder tells them.", "bad"
    if base != "better":
        return f"Whether training the encoder helped is not shown: {base}.", "unclear"
    return (
        "Training helped: labels are right more often than by a logistic regression on the untrained encoder.",
        "good",
    )


def gain_sentence(story: Story) -> str:
    """How often the classifier is right, in figures a reader can repeat."""
    row = comparison(story.evaluate, "base", "accuracy")
    if row is None:
        return "The untrained encoder was not compared."
    level = confidence(story.evaluate["task"]["confidence"])
    interval = "" if row["low"] is None else f", {level} {100 * row['low']:+.1f} to {100 * row['high']:+.1f}"
    text = (
        f"Of {row['items']} test items of {row['clusters']} subjects the classifier tells {100 * row['adapted']:.1f} % right,"
        f" a logistic regression on the untrained encoder {100 * row['other']:.1f} % (difference"
        f" {100 * row['difference']:+.1f} points{interval})"
    )
    commonest = comparison(story.evaluate, "majority", "accuracy")
    return (
        f"{text}; always giving the commonest training label {100 * commonest['other']:.1f} %."
        if commonest
        else f"{text}."
    )


def baseline_sentences(story: Story) -> list[str]:
    """How it stands against each simpler way of telling labels."""
    sentences = []
    for arm in LABEL_ARMS:
        rows = [comparison(story.evaluate, arm, metric) for metric in ("accuracy", "macro_f1")]
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
    return sentences


def retention_sentence(story: Story) -> str:
    """Why nothing is said of what was kept."""
    return f"Not applicable: {story.evaluate['retention']['because']}."


def people_sentences(story: Story) -> list[str]:
    """Labels are not compared blind, as answers are."""
    return ["Not tested: nobody was asked whether the labels told are right."]


def pretrain_sentence(pretrain: Mapping[str, Any]) -> str:
    """What the encoder did before it learnt labels, and what it is compared with for that."""
    plan, points = pretrain["plan"], pretrain["curve"]["validation"]
    figures = {point["step"]: point["nats_per_hidden_token"] for point in points}
    first, kept = figures.get(0), figures.get(pretrain["best_step"])
    fell = f": {first:.2f} nats per hidden token on validation before, {kept:.2f} after" if first and kept else ""
    return (
        f"Before labels, the encoder guessed hidden words of the training texts, with and without a label ({plan['method']},"
        f" {pretrain['steps']} steps, each text {pretrain['epochs']:g} ×){fell}. The classifier started from there; the untrained"
        " encoder that it is compared with did not, so its gain holds both. What pretraining alone adds is shown by a run"
        " without it: acclimate runs lists both."
    )


def label_share(row: Mapping[str, Any]) -> str:
    """How many items of a label are told another one."""
    return f"{row['items']} of {row['of']}"


def labels_shown(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Labels from the worst found to the best; those that no test item has come last."""
    return sorted(rows, key=lambda row: (not row["items"], row["adapted"]["f1"] or 0.0, row["label"]))
