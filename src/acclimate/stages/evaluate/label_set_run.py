"""Compares what a classifier and simpler ways tell of test items that may have any number of labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import polars as pl

from acclimate.core.artifacts import Output
from acclimate.core.ports import Context
from acclimate.core.report import Counts, Report
from acclimate.core.retention import INSUFFICIENT
from acclimate.core.stage import Inputs
from acclimate.stages.evaluate.arms import read_predictions, read_test_records
from acclimate.stages.evaluate.compare import BETTER, MOST_NAMED, Comparison, Settings, unsliced_attributes
from acclimate.stages.evaluate.config import EvaluateConfig
from acclimate.stages.evaluate.label_compare import (
    accuracy_by_site,
    compare_label_arms,
    compare_label_groups,
    label_totals,
    won_and_lost,
)
from acclimate.stages.evaluate.label_items import LABEL_ARMS
from acclimate.stages.evaluate.label_run import LABEL_COLUMNS, NOT_APPLICABLE, NOTHING_KEPT, UNTESTED
from acclimate.stages.evaluate.label_set_items import LABEL_SET_ITEM_SCHEMA, LabelSetItems, line_up_label_sets
from acclimate.stages.evaluate.label_set_metrics import SET_METRICS, found, set_calibration
from acclimate.stages.evaluate.leakage import NOT_OF_LABELS, unknown

DECISIVE = ("micro_f1", "macro_f1")
SLICED = ("micro_f1", "log_loss")
_SHOWN = ("adapted", "base")


def evaluate_label_sets(config: EvaluateConfig, inputs: Inputs, output: Output, context: Context) -> Report:
    """One row a test item whose labels are known in the output, and everything a verdict rests on in the report."""
    test, predictions = read_test_records(inputs["records"], LABEL_COLUMNS), read_predictions(inputs, LABEL_ARMS)
    items = line_up_label_sets(test, predictions)
    settings = Settings(config.resamples, config.confidence, config.min_clusters, config.seed)
    with context.progress("comparing", 2) as progress:
        compared = compare_label_arms(items, settings, metrics=list(SET_METRICS))
        progress.advance()
        sliced = compare_label_groups(items, settings, metrics=SLICED, max_values=config.max_slice_values)
        progress.advance()
    output.schema = LABEL_SET_ITEM_SCHEMA
    output.keep(items.table())
    metrics: dict[str, Any] = {
        "task": _task(items, settings, config),
        "comparisons": [comparison.to_json() for comparison in compared],
        "slices": [comparison.to_json() for comparison in sliced],
        "by_site": accuracy_by_site(items, settings),
        "labels": _rows_of_labels(items),
        "calibration": {arm: [asdict(one) for one in set_calibration(items.answers(arm))] for arm in _SHOWN},
        "least_likely": _least_likely(items),
        "items_changed": won_and_lost(items),
        "retention": NOTHING_KEPT,
        "leakage": unknown(NOT_OF_LABELS),
        "term_probes": None,
        "terms": None,
        "summary": _summary(compared, sliced),
    }
    unlabelled = test.height - items.records.height
    counts = Counts(
        test.height, items.records.height, dropped={"no_label": unlabelled} if unlabelled else {}, unit="test items"
    )
    return Report("evaluate", counts, metrics, _warnings(items, test, config))


def _task(items: LabelSetItems, settings: Settings, config: EvaluateConfig) -> dict[str, Any]:
    return {
        "items": items.records.height,
        "clusters": items.records["cluster"].n_unique(),
        "answered": items.records.height,
        "answer_metric": DECISIVE[0],
        "confidence": config.confidence,
        "told_apart": items.told_apart,
        "labels_per_item": float(items.has.sum(axis=1).mean()),
        "without_any": int((~items.has.any(axis=1)).sum()),
        "label_not_in_training": items.beyond,
        "arms": label_totals(items, settings),
    }


def _rows_of_labels(items: LabelSetItems) -> list[dict[str, Any]]:
    """For each label how many items have it, how many are told it, and how well classifier and base find it."""
    told = items.answers("adapted").told
    return [
        {"label": name, "items": int(items.has[:, code].sum()), "told": int(told[:, code].sum())}
        | {arm: found(items.answers(arm), code) for arm in _SHOWN}
        for code, name in enumerate(items.names)
    ]


def _least_likely(items: LabelSetItems) -> list[dict[str, Any]]:
    """The items told wrong whose labels the classifier finds least likely, by id."""
    answers, names = items.answers("adapted"), items.records["id"].to_list()
    own, told = items.named(items.has), items.named(answers.told)
    nats = np.nan_to_num(answers.nats, nan=-1.0)
    wrong = [place for place in range(len(names)) if not answers.right[place] and nats[place] >= 0]
    wrong.sort(key=lambda place: (-nats[place], names[place]))
    return [
        {"id": names[place], "labels": own[place], "told": told[place], "nats": float(nats[place])}
        for place in wrong[:MOST_NAMED]
    ]


def _summary(compared: Sequence[Comparison], sliced: Sequence[Comparison]) -> dict[str, Any]:
    """What the first screen of the report says, as facts without words."""
    against: dict[str, dict[str, str]] = {}
    for comparison in compared:
        if comparison.metric in DECISIVE:
            against.setdefault(comparison.arm, {})[comparison.metric] = comparison.verdict
    sites = [row for row in sliced if (row.group, row.arm, row.metric) == ("site", "base", DECISIVE[0])]
    return {
        "against": against,
        "helped": against.get("base", {}).get(DECISIVE[0], INSUFFICIENT) == BETTER,
        "better_on_every_site": bool(sites) and all(row.verdict == BETTER for row in sites),
        "sites_not_better": sorted({row.value for row in sites if row.verdict != BETTER}),
        "retention": NOT_APPLICABLE,
        "not_tested": list(UNTESTED),
    }


def _warnings(items: LabelSetItems, test: pl.DataFrame, config: EvaluateConfig) -> tuple[str, ...]:
    warnings = [
        f"Results are not sliced by {name}: it has more than {config.max_slice_values} values."
        for name in unsliced_attributes(test, max_values=config.max_slice_values)
    ]
    if unlabelled := test.height - items.records.height:
        warnings.append(
            f"{unlabelled} of {test.height} test record(s) do not say which labels they have, and were not compared."
        )
    if items.beyond:
        warnings.append(
            f"{items.beyond} test item(s) have a label that training lacks: no way of telling can find it, and it counts as"
            " missed; log loss leaves these items out."
        )
    if unmeasured := [name for code, name in enumerate(items.names) if not items.has[:, code].any()]:
        warnings.append(f"No test item has {', '.join(unmeasured)}: nothing is known of how well that is found.")
    return tuple(warnings)
