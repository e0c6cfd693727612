"""Measures candidate base models on the project's own validation text, before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import pyarrow as pa

from acclimate.core.artifacts import Artifact, Output
from acclimate.core.errors import ConfigError, ContractError, DataError
from acclimate.core.hash_order import hash_rank
from acclimate.core.ports import Context
from acclimate.core.report import Counts, Report
from acclimate.core.stage import Inputs
from acclimate.stages.select_model.config import SelectModelConfig
from acclimate.stages.select_model.measure import Measured, measure, read_validation, words_in
from acclimate.stages.select_model.table import (
    CANDIDATE_SCHEMA,
    UNDECIDED,
    Statistics,
    candidate_rows,
    paired_differences,
    tied_with_best,
    winner_of,
)

ROLE = "candidates."


def run(config: SelectModelConfig, inputs: Inputs, output: Output, context: Context) -> Report:
    """A row for each candidate and site; the report names a winner, or says that none is shown."""
    folders = {role.removeprefix(ROLE): inputs[role].path for role in sorted(inputs) if role.startswith(ROLE)}
    if len(folders) < 2:
        raise ConfigError(
            f"select_model.candidates names {len(folders)} models, and a comparison needs two.",
            hint="name two or more models there, or none to leave the step out",
        )
    if context.models is None:
        raise ContractError("select_model needs a way to load models")
    validation = _chosen(inputs["records"], config)
    records = validation.to_dicts()
    precision = context.models.select_precision(config.precision)
    measured = [
        measure(name, folder, records, models=context.models, precision=precision, context=context)
        for name, folder in folders.items()
    ]
    common = _fitting_all(validation, measured)
    statistics = Statistics(config.resamples, config.confidence, config.seed)
    rows = candidate_rows(measured, common, words=words_in(records), precision=precision, statistics=statistics)
    output.keep(pa.Table.from_pylist(rows, schema=CANDIDATE_SCHEMA))
    counts = Counts(0, len(rows), created=len(rows), unit="candidates by site")
    metrics = {"candidates": [row for row in rows if row["site"] is None]}
    metrics |= _metrics(measured, validation, common, statistics)
    outcome = _outcome(metrics)
    return Report("select_model", counts, metrics | {"outcome": outcome}, (outcome,))


def _outcome(metrics: Mapping[str, Any]) -> str:
    """What came of the comparison, and that the base stays what the project names."""
    if metrics["winner"] == UNDECIDED:
        return (
            f"Undecided: {', '.join(metrics['tied'])} (smallest first) are not shown to differ on"
            f" {metrics['records_fitting_all']} validation texts."
        )
    return (
        f"{metrics['winner']} needs fewer bits per byte than every other candidate, beyond chance;"
        " it is adapted only if base: names it."
    )


def _chosen(records: Artifact, config: SelectModelConfig) -> pl.DataFrame:
    """The validation records that are scored: all, or some by the hash of their id."""
    validation = read_validation(pl.DataFrame(pl.from_arrow(records.table())))
    if validation.is_empty():
        raise DataError(
            "No record is in the validation split, so candidates cannot be compared.",
            hint="raise split.fractions.validation",
        )
    names = sorted(validation["id"].to_list(), key=lambda name: hash_rank(name, config.seed))
    return validation.filter(pl.col("id").is_in(names[: config.max_records]))


def _fitting_all(validation: pl.DataFrame, measured: Sequence[Measured]) -> pl.DataFrame:
    """The texts that fit every candidate's context, on which alone a paired comparison is fair."""
    too_long = sorted({name for candidate in measured for name in candidate.too_long})
    common = validation.filter(~pl.col("id").is_in(too_long))
    if common.is_empty():
        raise DataError(
            f"None of {validation.height} validation records fits the context of every candidate.",
            hint="leave out the candidate with the shortest context",
        )
    return common


def _metrics(
    measured: Sequence[Measured], validation: pl.DataFrame, common: pl.DataFrame, statistics: Statistics
) -> dict[str, Any]:
    differences = paired_differences(measured, common, statistics)
    winner = winner_of(measured, common, differences)
    return {
        "winner": winner,
        "tied": tied_with_best(measured, common, differences) if winner == UNDECIDED else [],
        "differences": differences,
        "confidence": statistics.confidence,
        "records": validation.height,
        "records_fitting_all": common.height,
        "longer_than_context": {candidate.name: len(candidate.too_long) for candidate in measured},
    }
