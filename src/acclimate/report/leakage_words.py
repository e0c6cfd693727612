"""What the adapted model remembers of its training records, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acclimate.report.gather import Story


def leakage(story: Story) -> Mapping[str, Any]:
    """The measure of the evaluation; one made before it was measured has none."""
    unknown = {"membership": None, "because": "this evaluation does not measure it"}
    measured: Mapping[str, Any] = story.evaluate.get("leakage") or unknown
    return measured


def leakage_sentence(story: Story) -> str:
    """What the first screen says of it."""
    row = leakage(story)["membership"]
    if row is None:
        return f"Not tested: {leakage(story)['because']}."
    return f"{membership_sentence(row)}{shift_sentence(row['shift'])}"


def membership_sentence(row: Mapping[str, Any]) -> str:
    """How well somebody with both models and a record would tell whether it was trained on."""
    interval = "" if row["low"] is None else f" ({row['low']:.2f} to {row['high']:.2f})"
    return (
        f"Who holds a record and both models tells training from test records in {100 * row['auc']:.0f} of 100 pairs: AUC"
        f" {row['auc']:.2f}{interval}, 0.50 is guessing. Wrong about {100 * row['false_positive_rate']:.1f} % of test records,"
        f" they would be right about {100 * row['true_positive_rate']:.1f} % of training records ({row['told']}, of"
        f" {row['subjects_told']} of {row['subjects']['training']} subjects)."
    )


def shift_sentence(shift: Mapping[str, Any]) -> str:
    """Whether a part of it is how the records differ by themselves."""
    if not shift["is_shown"]:
        return ""
    sites = shift["sites_of_one_side"]
    apart = f" Records of {', '.join(sites)} stand on one side alone." if sites else ""
    return (
        f" The base alone, which saw neither, tells them at AUC {shift['auc']:.2f}: they differ by themselves, as by site or"
        f" time, so this is not memory alone.{apart}"
    )
