"""Compares the arms on the test items, and the adapted model with its base on what it should have kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from acclimate.core.artifacts import Output
from acclimate.core.errors import ContractError
from acclimate.core.labels import SEVERAL, SINGLE
from acclimate.core.ports import Context
from acclimate.core.report import Counts, Report
from acclimate.core.retention import INSUFFICIENT, UNNAMED, Budget, retention
from acclimate.core.stage import Inputs
from acclimate.stages.evaluate.arms import (
    ITEM_SCHEMA,
    LIKELIHOOD,
    METRICS,
    PEOPLE,
    abilities_of,
    asked,
    line_up,
    read_predictions,
    read_test_records,
    reference_answers,
)
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
from acclimate.stages.evaluate.gaps import group_gaps
from acclimate.stages.evaluate.label_run import evaluate_labels
from acclimate.stages.evaluate.label_set_run import evaluate_label_sets
from acclimate.stages.evaluate.leakage import measure_leakage
from acclimate.stages.evaluate.look_alikes import look_alikes
from acclimate.stages.evaluate.pair_run import evaluate_pairs
from acclimate.stages.evaluate.support.measure import support_metrics
from acclimate.stages.evaluate.term_likelihood import probe_terms
from acclimate.stages.evaluate.terms import answers_of, read_terms, term_metrics


def run(config: EvaluateConfig, inputs: Inputs, output: Output, context: Context) -> Report:
    """One row a test item in the output, and everything a verdict rests on in the report."""
    if missing := [role for role in ("base", "adapted") if role not in inputs]:
        raise ContractError(f"evaluate needs the predictions of {missing[0]}")
    if config.task == SINGLE:
        return evaluate_labels(config, inputs, output, context)
    if config.task == SEVERAL:
        return evaluate_label_sets(config, inputs, output, context)
    if config.task == "preference":
        return evaluate_pairs(config, inputs, output, context)
    test, predictions = read_test_records(inputs["records"]), read_predictions(inputs)
    items = line_up(test, predictions, has_answers=config.task != "pretraining")
    settings = Settings(config.resamples, config.confidence, config.min_clusters, config.seed)
    rest = (LIKELIHOOD, config.answer_metric)
    with context.progress("comparing", 4) as progress:
        compared = compare_arms(items, settings, metrics=METRICS)
        progress.advance()
        groups = list(groups_of(items, test, max_values=config.max_slice_values))
        sliced = compare_groups(groups, settings, metrics=rest)
        progress.advance()
        gaps = group_gaps(items, groups, settings, metrics=rest)
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
    output.keep(items.select(ITEM_SCHEMA.names).to_arrow())
    metrics = {
        "task": _task(items, settings, config),
        "comparisons": [comparison.to_json() for comparison in compared],
        "slices": [comparison.to_json() for comparison in sliced],
        "gaps": [gap.to_json() for gap in gaps],
        "retention": kept,
        **_terms(inputs, test, predictions, settings, config),
        "support": (support := _support(test, predictions, settings, config)),
        "leakage": measure_leakage(inputs, predictions, settings, output.path),
        "items_changed": _won_and_lost(items),
        "summary": _summary(compared, sliced, kept, config) | {"not_tested": _not_tested(kept, support, config)},
    }
    warnings = _warnings(kept, test, config)
    return Report("evaluate", Counts(test.height, items.height, unit="test items"), metrics, warnings)


def _terms(
    inputs: Inputs,
    test: pl.DataFrame,
    predictions: Mapping[str, pl.DataFrame],
    settings: Settings,
    config: EvaluateConfig,
) -> dict[str, Any]:
    """How likely the models find the glossary's terms, and what the answers do with them; None for what cannot be said."""
    terms = read_terms(inputs["glossary"]) if "glossary" in inputs else []
    if not terms:
        return {"term_probes": None, "terms": None}
    probes = probe_terms(test, predictions, terms, settings)
    if config.task == "pretraining":
        return {"term_probes": probes, "terms": None}
    clusters = dict(test.select("id", "cluster").iter_rows())
    answers = answers_of(predictions)
    errors = term_metrics(reference_answers(test), answers, clusters, terms, settings)
    texts = [inputs[role] for role in ("records", "general") if role in inputs]
    return {"term_probes": probes, "terms": errors | {"look_alikes": look_alikes(answers, terms, texts)}}


def _task(items: pl.DataFrame, settings: Settings, config: EvaluateConfig) -> dict[str, Any]:
    answered = items.filter(pl.col(f"{config.answer_metric}_adapted").is_not_null())
    return {
        "items": items.height,
        "clusters": items["cluster"].n_unique(),
        "answered": answered.height,
        "answer_metric": config.answer_metric,
        "confidence": config.confidence,
        "arms": arm_totals(items, settings),
    }


def _won_and_lost(items: pl.DataFrame) -> dict[str, Any]:
    """The items on which the adapted model finds the reference likelier than the base does, and the others."""
    gain = items.select("id", gain=pl.col(f"{LIKELIHOOD}_base") - pl.col(f"{LIKELIHOOD}_adapted"))
    won, lost = gain.filter(pl.col("gain") > 0), gain.filter(pl.col("gain") < 0)
    return {
        "won": won.height,
        "lost": lost.height,
        "most_won": won.sort(["gain", "id"], descending=[True, False])["id"].head(MOST_NAMED).to_list(),
        "most_lost": lost.sort(["gain", "id"])["id"].head(MOST_NAMED).to_list(),
    }


def _summary(
    compared: Sequence[Comparison], sliced: Sequence[Comparison], kept: dict[str, Any], config: EvaluateConfig
) -> dict[str, Any]:
    """What the first screen of the report says, as facts without words."""
    decisive = [comparison for comparison in compared if comparison.metric in (LIKELIHOOD, config.answer_metric)]
    beaten: dict[str, dict[str, str]] = {}
    for comparison in decisive:
        beaten.setdefault(comparison.arm, {})[comparison.metric] = comparison.verdict
    against_base = beaten.get("base", {}).get(LIKELIHOOD, INSUFFICIENT)
    sites = [comparison for comparison in sliced if comparison.group == "site"]
    return {
        "against": beaten,
        "helped": against_base == BETTER,
        "better_on_every_site": bool(sites) and all(comparison.verdict == BETTER for comparison in sites),
        "sites_not_better": sorted({comparison.value for comparison in sites if comparison.verdict != BETTER}),
        "retention": kept["verdict"],
    }


def _support(
    test: pl.DataFrame, predictions: Mapping[str, pl.DataFrame], settings: Settings, config: EvaluateConfig
) -> dict[str, Any] | None:
    """What of the answers' statements stands in what was asked; None where nothing was answered."""
    if config.task == "pretraining":
        return None
    clusters = dict(test.select("id", "cluster").iter_rows())
    return support_metrics(asked(test), reference_answers(test), answers_of(predictions), clusters, settings)


def _not_tested(kept: dict[str, Any], support: dict[str, Any] | None, config: EvaluateConfig) -> list[str]:
    is_grounded = support is not None and support["is_grounded"]
    facts = [] if is_grounded else ["facts, numbers and names in generated answers"]
    untested = [*facts, PEOPLE]
    if config.task == "pretraining":
        untested.insert(0, "answers to prompts")
    measures = {"general": "general text", "abilities": "abilities", "sampled": "distance from the base"}
    return untested + [words for measure, words in measures.items() if not kept[measure]]


def _warnings(kept: dict[str, Any], test: pl.DataFrame, config: EvaluateConfig) -> tuple[str, ...]:
    warnings = [
        f"Results are not sliced by {name}: it has more than {config.max_slice_values} values."
        for name in unsliced_attributes(test, max_values=config.max_slice_values)
    ]
    if any(ability["ability"] == UNNAMED for ability in kept["abilities"]):
        warnings.append("Some ability probes name no ability; they are judged together, as one.")
    return tuple(warnings)
