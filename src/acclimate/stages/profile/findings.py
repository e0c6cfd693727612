"""What of a profile deserves a sentence: said when the step has run, and on the report's first screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

TOLD_APART = 0.9
"""Area under the curve from which two sites' texts count as far apart."""

STRONG = 0.5
"""Cramér's V from which two variables count as standing in for one another."""

NEARLY_ALL = 0.9
"""Share of a label's subjects who have a word, from which that word alone can stand in for the label."""

FEW_OF_A_LABEL = 10
MUCH_MISSING = 0.05
MOST_PAIRS = 3


def findings(metrics: Mapping[str, Any]) -> Iterator[str]:
    """One sentence for each thing that should be looked at before training."""
    yield from _lengths(metrics["lengths"])
    yield from _missing(metrics)
    yield from _sites(metrics["shift"])
    yield from _labels(metrics["labels"], metrics["label_errors"])
    if metrics["several_labels"]:
        yield (
            "Labels stand in label_weights alone: they are counted, but whether one is doubtful, or given away by a word or a"
            " site, is looked for only where each record has one label."
        )
    yield from _shortcuts(metrics)
    yield from _plan(metrics["plan"])


def _lengths(lengths: Mapping[str, Any]) -> Iterator[str]:
    over = lengths["longer_than_context"]
    if over:
        yield (
            f"{over} of {lengths['records']} records are longer than the base's context of {lengths['context_length']}"
            f" tokens (the longest, {lengths['longest_records'][0]}, has {lengths['longest']}): choose a base with a longer"
            " context, or split them."
        )


def _missing(metrics: Mapping[str, Any]) -> Iterator[str]:
    records = metrics["size"][0]["records"]
    for row in metrics["missing"]:
        lacking = row["records"] / max(1, records)
        if row["field"] == "subject_id" and lacking == 1:
            yield "No record says whose it is (subject_id): splits cannot keep a person's records together."
        elif lacking > MUCH_MISSING and row["field"] not in ("collected_at", "licence") and lacking < 1:
            yield f"{row['field']} is missing in {row['records']} of {records} records."


def _sites(shift: Mapping[str, Any]) -> Iterator[str]:
    known = [pair for pair in shift["pairs"] if pair["auc"] is not None]
    far = [pair for pair in known if (pair["auc"] if pair["low"] is None else pair["low"]) > TOLD_APART]
    for pair in sorted(far, key=lambda pair: -pair["auc"])[:MOST_PAIRS]:
        yield (
            f"The texts of {pair['one']} and {pair['other']} are told apart almost surely (area under the curve"
            f" {pair['auc']:.2f}): what is learnt at one may not hold at the other; read results by site."
        )


def _labels(labels: list[Mapping[str, Any]], errors: Mapping[str, Any] | None) -> Iterator[str]:
    rare = [row["label"] for row in labels if row["records"] < FEW_OF_A_LABEL]
    if rare:
        yield f"{len(rare)} of {len(labels)} labels have fewer than {FEW_OF_A_LABEL} records, the rarest is {rare[-1]}."
    if errors and errors["doubted"]:
        yield (
            f"{errors['doubted']} of {errors['judged']} labels are doubtful by the words of their records; the surest are"
            " listed in the profile: look at them before training."
        )


def _shortcuts(metrics: Mapping[str, Any]) -> Iterator[str]:
    level = 1 - metrics["plan"]["confidence"]
    for row in metrics["associations"]:
        if row["cramers_v"] >= STRONG and row["p_holm"] < level:
            yield (
                f"{row['one']} and {row['other']} stand in for one another (Cramér's V {row['cramers_v']:.2f} over"
                f" {row['subjects']} subjects): an effect of one cannot be told from that of the other."
            )
    telling = [row for row in metrics["telltale"]["label"] if row["coverage"] >= NEARLY_ALL]
    if telling:
        yield (
            f"{len(telling)} words alone give a label away, each in nearly all of its records: a model may learn them in"
            " place of the task."
        )


def _plan(plan: Mapping[str, Any]) -> Iterator[str]:
    untested = [row for row in plan["groups"] if not row["test_subjects"]]
    for row in untested:
        yield f"No test subject has {row['group']} {row['value']}: nothing will be known of this group."
    short = [row for row in plan["groups"] if row["test_subjects"] < row["needed"]]
    if short:
        yield (
            f"{len(short)} of {len(plan['groups'])} groups have fewer than {short[0]['needed']} test subjects, which a"
            f" share known to within {plan['half_width'] * 100:g} points needs; the collection plan says how many to gather."
        )
