"""Compares what a classifier and simpler ways tell of the labelled test items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from acclimate.core.artifacts import Output
from acclimate.core.ports import Context
from acclimate.core.report import Counts, Report
from acclimate.core.retention import INSUFFICIENT
from acclimate.core.stage import Inputs
from acclimate.stages.evaluate.arms import read_predictions, read_test_records
from acclimate.stages.evaluate.compare import BETTER, Comparison, Settings, unsliced_attributes
from acclimate.stages.evaluate.config import EvaluateConfig
from acclimate.stages.evaluate.label_compare import (
    accuracy_by_site,
    calibration_rows,
    compare_label_arms,
    compare_label_groups,
    confusions,
    label_totals,
    rows_of_labels,
    surest_errors,
    won_and_lost,
)
from acclimate.stages.evaluate.label_items import LABEL_ARMS, LABEL_ITEM_SCHEMA, LabelledItems, line_up_labels
from acclimate.stages.evaluate.label_metrics import METRICS
from acclimate.stages.evaluate.leakage import NOT_OF_LABELS, unknown

NOT_APPLICABLE = "not applicable"
NOT_KEPT = (
    "a classifier writes no text, so there is no general ability to hold; whether the encoder's vectors still serve"
    " other uses was not tested"
)
NOTHING_KEPT: Mapping[str, Any] = {
    "general": None,
    "abilities": [],
    "sampled": None,
    "verdict": NOT_APPLICABLE,
    "because": NOT_KEPT,
}
"""What is said of retention."""

UNTESTED = (
    "whether the given labels of the test items are right",
    "texts of another kind than those here, and labels that training lacks",
    "whether the encoder's vectors still serve other uses, such as search",
)
LABEL_COLUMNS = [
    "id",
    "label",
    "label_weights",
    "site",
    "subject_id",
    "cluster_id",
    "attributes",
    "slices",
    "split",
    "parents",
]
_DECISIVE = ("accuracy", "macro_f1")
_SLICED = ("accuracy", "log_loss")


def evaluate_labels(config: EvaluateConfig, inputs: Inputs, output: Output, context: Context) -> Report:
    """One row a labelled test item in the output, and everything a verdict rests on in the report."""
    test, predictions = read_test_records(inputs["records"], LABEL_COLUMNS), read_predictions(inputs, LABEL_ARMS)
    items = line_up_labels(test, predictions)
    settings = Settings(config.resamples, config.confidence, config.min_clusters, config.seed)
    with context.progress("comparing", 2) as progress:
        compared = compare_label_arms(items, settings, metrics=list(METRICS))
        progress.advance()
        sliced = compare_label_groups(items, settings, metrics=_SLICED, max_values=config.max_slice_values)
        progress.advance()
    output.schema = LABEL_ITEM_SCHEMA
    output.keep(items.table())
    metrics: dict[str, Any] = {
        "task": _task(items, settings, config),
        "comparisons": [comparison.to_json() for comparison in compared],
        "slices": [comparison.to_json() for comparison in sliced],
        "by_site": accuracy_by_site(items, settings),
        "labels": rows_of_labels(items),
        "confusions": confusions(items),
        "calibration": calibration_rows(items),
        "surest_errors": surest_errors(items),
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


def _task(items: LabelledItems, settings: Settings, config: EvaluateConfig) -> dict[str, Any]:
    return {
        "items": items.records.height,
        "clusters": items.records["cluster"].n_unique(),
        "answered": items.records.height,
        "answer_metric": "accuracy",
        "confidence": config.confidence,
        "told_apart": items.told_apart,
        "label_not_in_training": int((items.truth >= items.told_apart).sum()),
        "arms": label_totals(items, settings),
    }


def _summary(compared: Sequence[Comparison], sliced: Sequence[Comparison]) -> dict[str, Any]:
    """What the first screen of the report says, as facts without words."""
    against: dict[str, dict[str, str]] = {}
    for comparison in compared:
        if comparison.metric in _DECISIVE:
            against.setdefault(comparison.arm, {})[comparison.metric] = comparison.verdict
    sites = [row for row in sliced if (row.group, row.arm, row.metric) == ("site", "base", "accuracy")]
    return {
        "against": against,
        "helped": against.get("base", {}).get("accuracy", INSUFFICIENT) == BETTER,
        "better_on_every_site": bool(sites) and all(row.verdict == BETTER for row in sites),
        "sites_not_better": sorted({row.value for row in sites if row.verdict != BETTER}),
        "retention": NOT_APPLICABLE,
        "not_tested": list(UNTESTED),
    }


def _warnings(items: LabelledItems, test: pl.DataFrame, config: EvaluateConfig) -> tuple[str, ...]:
    warnings = [
        f"Results are not sliced by {name}: it has more than {config.max_slice_values} values."
        for name in unsliced_attributes(test, max_values=config.max_slice_values)
    ]
    if unlabelled := test.height - items.records.height:
        warnings.append(f"{unlabelled} of {test.height} test record(s) have no label and were not compared.")
    if unseen := int((items.truth >= items.told_apart).sum()):
        warnings.append(
            f"{unseen} test item(s) have a label that training lacks: no way of telling can get them right, and they count"
            " as wrong; log loss leaves them out."
        )
    return tuple(warnings)
