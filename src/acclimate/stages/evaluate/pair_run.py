"""Compares what the adapted model and its base find of pairs of answers, with the rules that length alone decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from acclimate.core.artifacts import Output
from acclimate.core.ports import Context
from acclimate.core.report import Counts, Report
from acclimate.core.retention import INSUFFICIENT, Budget, retention
from acclimate.core.stage import Inputs
from acclimate.core.statistics import exact_mcnemar
from acclimate.stages.evaluate.arms import PEOPLE, abilities_of, read_predictions
from acclimate.stages.evaluate.compare import (
    BETTER,
    MOST_NAMED,
    Comparison,
    Settings,
    arm_totals,
    compare_arms,
    compare_groups,
    groups_of,
    unsliced_attributes,
)
from acclimate.stages.evaluate.config import EvaluateConfig
from acclimate.stages.evaluate.leakage import NOT_OF_PAIRS, unknown
from acclimate.stages.evaluate.pair_items import (
    ACCURACY_PER_TOKEN,
    PAIR_ARMS,
    PAIR_ITEM_SCHEMA,
    PAIR_METRICS,
    REWARD,
    REWARD_PER_TOKEN,
    line_up_pairs,
    read_test_pairs,
)
from acclimate.stages.evaluate.pair_lengths import length_groups, length_metrics


def evaluate_pairs(config: EvaluateConfig, inputs: Inputs, output: Output, context: Context) -> Report:
    """One row a pair in the output, and everything a verdict rests on in the report."""
    test, predictions = read_test_pairs(inputs["records"]), read_predictions(inputs, ("base", "adapted"))
    items = line_up_pairs(test, predictions)
    settings = Settings(config.resamples, config.confidence, config.min_clusters, config.seed)
    metric = REWARD_PER_TOKEN if config.loss_type == "sigmoid_norm" else REWARD
    sliced_by = (metric, ACCURACY_PER_TOKEN, "bits_per_byte")
    with context.progress("comparing", 3) as progress:
        compared = compare_arms(items, settings, metrics=PAIR_METRICS, arms=PAIR_ARMS)
        by_length = compare_groups(list(length_groups(items)), settings, metrics=(metric,), arms=("base", "adapted"))
        progress.advance()
        groups = list(groups_of(items, test, max_values=config.max_slice_values))
        sliced = compare_groups(groups, settings, metrics=sliced_by, arms=PAIR_ARMS)
        progress.advance()
        kept = retention(
            predictions["base"],
            predictions["adapted"],
            abilities_of(inputs),
            budget=Budget(config.general_budget, config.ability_budget),
            resamples=config.resamples,
            seed=config.seed,
        )
        progress.advance()
    output.schema = PAIR_ITEM_SCHEMA
    output.keep(items.to_arrow())
    metrics: dict[str, Any] = {
        "task": {
            "items": items.height,
            "clusters": items["cluster"].n_unique(),
            "answered": items["characters_adapted"].count(),
            "answer_metric": metric,
            "confidence": config.confidence,
            "arms": arm_totals(items, settings, metrics=PAIR_METRICS, arms=PAIR_ARMS),
        },
        "comparisons": [comparison.to_json() for comparison in compared],
        "slices": [comparison.to_json() for comparison in sliced],
        "by_length": [comparison.to_json() for comparison in by_length],
        "lengths": length_metrics(items, predictions, settings, metric),
        "retention": kept,
        "leakage": unknown(NOT_OF_PAIRS),
        "term_probes": None,
        "terms": None,
        "items_changed": _won_and_lost(items),
        "summary": _summary(compared, sliced, kept, metric),
    }
    warnings = tuple(
        f"Results are not sliced by {name}: it has more than {config.max_slice_values} values."
        for name in unsliced_attributes(test, max_values=config.max_slice_values)
    )
    return Report("evaluate", Counts(test.height, items.height, unit="test pairs"), metrics, warnings)


def _won_and_lost(items: pl.DataFrame) -> dict[str, Any]:
    """Pairs whose chosen answer the adapted model finds likelier a token and the base does not, and the other way round."""
    ours, base = (pl.col(f"{ACCURACY_PER_TOKEN}_{arm}") > 0.5 for arm in ("adapted", "base"))
    won, lost = items.filter(ours & ~base).height, items.filter(~ours & base).height
    ordered = items.sort("margin", "id")["id"]
    return {
        "won": won,
        "lost": lost,
        "p_value": exact_mcnemar(lost, won),
        "most_won": ordered.reverse().head(MOST_NAMED).to_list(),
        "most_lost": ordered.head(MOST_NAMED).to_list(),
    }


def _summary(
    compared: Sequence[Comparison], sliced: Sequence[Comparison], kept: dict[str, Any], metric: str
) -> dict[str, Any]:
    """What the first screen of the report says, as facts without words."""
    against: dict[str, dict[str, str]] = {}
    for comparison in compared:
        if comparison.metric in (metric, ACCURACY_PER_TOKEN):
            against.setdefault(comparison.arm, {})[comparison.metric] = comparison.verdict
    sites = [row for row in sliced if (row.group, row.arm, row.metric) == ("site", "base", metric)]
    untested = {"general": "general text", "abilities": "abilities", "sampled": "distance from the base"}
    return {
        "against": against,
        "helped": against.get("base", {}).get(metric, INSUFFICIENT) == BETTER,
        "better_on_every_site": bool(sites) and all(row.verdict == BETTER for row in sites),
        "sites_not_better": sorted({row.value for row in sites if row.verdict != BETTER}),
        "retention": kept["verdict"],
        "not_tested": [
            PEOPLE,
            "facts, numbers and names in generated answers",
            "whether reviewers agree with each other on these pairs",
            *(words for measure, words in untested.items() if not kept[measure]),
        ],
    }
