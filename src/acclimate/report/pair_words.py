"""The first screen of a model trained on preferences in plain words: whether it learnt them, or only a liking for length."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acclimate.report.gather import Story
from acclimate.report.words import comparison, confidence, people_sentences, retention_sentence
from acclimate.stages.evaluate.pair_items import ACCURACY_PER_TOKEN, PAIR_ARMS
from acclimate.stages.evaluate.pair_lengths import CHOSEN_LONGER, CHOSEN_SHORTER

__all__ = [
    "ARM_NAMES",
    "METRIC_NAMES",
    "SHORT_NAMES",
    "baseline_sentences",
    "gain_sentence",
    "headline",
    "leaning_sentence",
    "length_sentence",
    "people_sentences",
    "retention_sentence",
]

ARM_NAMES = {
    "base": "the base",
    "longer": "the rule that the longer answer is better",
    "shorter": "the rule that the shorter answer is better",
    "rejected": "the rejected answer",
    "adapted": "the adapted model",
}
SHORT_NAMES = {"base": "base", "longer": "longer is better", "shorter": "shorter is better", "adapted": "adapted"}
METRIC_NAMES = {
    "reward_accuracy": "reward accuracy",
    "reward_accuracy_per_token": "reward accuracy, per token",
    "likelihood_accuracy": "likelihood accuracy",
    "likelihood_accuracy_per_token": "likelihood accuracy, per token",
    "bits_per_byte": "bits per byte of the chosen",
}


def headline(story: Story) -> tuple[str, str]:
    """One sentence for the signature, and its tone."""
    summary, metric = story.evaluate["summary"], story.evaluate["task"]["answer_metric"]
    verdicts = {arm: found.get(metric, "insufficient evidence") for arm, found in summary["against"].items()}
    base, kept = verdicts.get("base", "insufficient evidence"), summary["retention"]
    if base == "worse":
        return "Training moved the model towards the answers that reviewers rejected.", "bad"
    if base != "better":
        return f"Whether the model learnt what reviewers prefer is not shown: {base}.", "unclear"
    if kept == "broken":
        return (
            "The model learnt what reviewers prefer, at the cost of more general ability than the budget allows.",
            "bad",
        )
    if not {verdicts.get("longer"), verdicts.get("shorter")} <= {"better"}:
        return "The model learnt what reviewers prefer; that it learnt more than a length is not shown.", "unclear"
    if kept == "held":
        return "The model learnt what reviewers prefer, more than a length, and kept what it knew.", "good"
    return "The model learnt what reviewers prefer; whether it kept what it knew needs more evidence.", "unclear"


def gain_sentence(story: Story) -> str:
    """How often the chosen answer wins, in figures a reader can repeat."""
    metric = story.evaluate["task"]["answer_metric"]
    row, likelier = (comparison(story.evaluate, "base", name) for name in (metric, ACCURACY_PER_TOKEN))
    if row is None or likelier is None:
        return "The base was not compared."
    level = confidence(story.evaluate["task"]["confidence"])
    arm = story.evaluate["task"]["arms"]["adapted"][metric]
    interval = "" if arm["low"] is None else f" ({level} {100 * arm['low']:.1f} to {100 * arm['high']:.1f})"
    longer = comparison(story.evaluate, "longer", metric)
    rule = f"; the longer answer is the preferred one in {100 * longer['other']:.1f} %" if longer else ""
    return (
        f"In {100 * row['adapted']:.1f} %{interval} of {row['items']} test pairs of {row['clusters']} subjects training made the"
        f" preferred answer likelier than the rejected one, measured from the base{rule}. Word by word the preferred answer is the"
        f" likelier one in {100 * likelier['adapted']:.1f} % of pairs, for the base in {100 * likelier['other']:.1f} %"
        f" (difference {100 * likelier['difference']:+.1f} points: {likelier['verdict']})."
    )


def baseline_sentences(story: Story) -> list[str]:
    """How it stands against the base and against rules that know nothing but length."""
    metric = story.evaluate["task"]["answer_metric"]
    rows = [comparison(story.evaluate, arm, metric) for arm in PAIR_ARMS if arm != "base"]
    told = [
        f"Against {ARM_NAMES[row['arm']]}: {100 * row['adapted']:.1f} % of pairs right against {100 * row['other']:.1f} %,"
        f" {row['verdict']}."
        for row in rows
        if row
    ]
    return [*told, length_sentence(story.evaluate)]


def length_sentence(evaluate: Mapping[str, Any]) -> str:
    """How long generated answers became."""
    made = evaluate["lengths"]["generated"]
    if made is None:
        return "Whether answers became longer is not tested: none was generated."
    level = confidence(evaluate["task"]["confidence"])
    interval = "" if made["low"] is None else f" ({level} {made['low']:.2f} to {made['high']:.2f})"
    cut = made["cut_base"] + made["cut_adapted"]
    unsure = f"; {cut} of them were cut, so that the true ratio may differ" if cut else ""
    return (
        f"Answers to {made['answers']} test prompts are {made['value']:.2f} times{interval} as long as the base's:"
        f" {made['characters_adapted']:.0f} characters against {made['characters_base']:.0f}{unsure}."
    )


def leaning_sentence(evaluate: Mapping[str, Any]) -> str:
    """Whether the model is right where the preferred answer is longer more often than where it is shorter."""
    lengths = evaluate["lengths"]
    leaning, pairs = lengths["leaning"]["adapted"], lengths["pairs_by_length"]
    counts = (
        f"{pairs.get(CHOSEN_LONGER, 0)} pairs have a longer, {pairs.get(CHOSEN_SHORTER, 0)} a shorter preferred answer"
    )
    if leaning["value"] is None or leaning["low"] is None:
        return f"{counts}: too few of one kind to say whether the model leans to length."
    level = confidence(evaluate["task"]["confidence"])
    interval = f"{level} {100 * leaning['low']:+.1f} to {100 * leaning['high']:+.1f}"
    leans = "no leaning is shown" if leaning["low"] <= 0 <= leaning["high"] else "it leans to length"
    if leaning["high"] < 0:
        leans = "it leans to shortness"
    return f"{counts}; the model is right in {100 * leaning['value']:+.1f} points more of the former ({interval}): {leans}."
