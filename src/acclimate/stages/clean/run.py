"""The stage: repair each batch, then drop what is empty, too short, too long or in another language.

Records of a frozen test file (split "test" on input) are treated exactly like all others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from acclimate.core.artifacts import Output
from acclimate.core.errors import DataError
from acclimate.core.ports import Context
from acclimate.core.report import Counts, Report
from acclimate.core.schema import TEXT_COLUMNS
from acclimate.core.stage import ExpectedCost, Inputs, Stage, Zone
from acclimate.stages.clean.config import CleanConfig
from acclimate.stages.clean.language import check_languages
from acclimate.stages.clean.repair import REPAIRS
from acclimate.stages.clean.rules import Drop, find_drop
from acclimate.stages.clean.texts import repair_batch

_MANY = 0.2
"""A share of records dropped for one reason that is worth a warning: more likely a setting than the data."""

_HINTS = {
    "empty": "look at ingest.columns: a column may be mapped to the wrong name",
    "too_short": "lower clean.min_chars to keep them",
    "too_long": "raise clean.max_chars to keep them",
    "language": "add the language to clean.languages to keep them",
}


@dataclass(frozen=True)
class CleanedBatch:
    """One batch after repair, with what became of each of its records."""

    kept: pa.RecordBatch
    dropped: pa.RecordBatch
    drops: tuple[Drop, ...]
    repaired: Mapping[str, int]
    emptied_spans: int


@dataclass
class _Totals:
    rows: int = 0
    emptied_spans: int = 0
    repaired: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)

    def add(self, cleaned: CleanedBatch) -> None:
        self.rows += cleaned.kept.num_rows + cleaned.dropped.num_rows
        self.emptied_spans += cleaned.emptied_spans
        self.repaired.update(cleaned.repaired)
        self.languages.update(drop.value.split()[0] for drop in cleaned.drops if drop.reason == "language")


def clean_batch(batch: pa.RecordBatch, config: CleanConfig) -> CleanedBatch:
    """One batch repaired and sorted into kept and dropped records; what other batches hold does not matter."""
    repaired = repair_batch(batch)
    texts = repaired.batch.select(["id", *TEXT_COLUMNS, "messages"]).to_pylist()
    drops = [find_drop(record, config) for record in texts]
    kept = pa.array([drop is None for drop in drops], pa.bool_())
    return CleanedBatch(
        kept=repaired.batch.filter(kept),
        dropped=repaired.batch.filter(pc.invert(kept)),
        drops=tuple(drop for drop in drops if drop),
        repaired=repaired.touched_records,
        emptied_spans=repaired.emptied_spans,
    )


def run(config: CleanConfig, inputs: Inputs, output: Output, context: Context) -> Report:
    """Cleans the records; raises DataError when none is left."""
    check_languages(config.languages)
    records = inputs["records"]
    total = records.table(["id"]).num_rows
    totals = _Totals()
    batches = records.batches(batch_rows=context.batch_rows)
    with context.progress("cleaning records", total) as progress:
        for cleaned in context.engine.map_batches(partial(clean_batch, config=config), batches):
            output.keep(cleaned.kept)
            output.drop(
                cleaned.dropped, [drop.reason for drop in cleaned.drops], [drop.value for drop in cleaned.drops]
            )
            totals.add(cleaned)
            progress.advance(cleaned.kept.num_rows + cleaned.dropped.num_rows)
    dropped = dict(sorted(output.dropped_by_reason.items()))
    _check_something_is_left(totals.rows, dropped)
    return Report(
        "clean",
        Counts(totals.rows, output.kept_rows, dropped=dropped),
        _metrics(totals),
        _warnings(dropped, totals.rows),
    )


def _metrics(totals: _Totals) -> dict[str, Any]:
    return {
        "repaired_records": {kind: totals.repaired[kind] for kind in REPAIRS},
        "emptied_spans": totals.emptied_spans,
        "dropped_languages": dict(sorted(totals.languages.items())),
    }


def _warnings(dropped: Mapping[str, int], rows: int) -> tuple[str, ...]:
    return tuple(
        f"{count} of {rows} records were dropped as {reason}: {_HINTS[reason]}."
        for reason, count in dropped.items()
        if count > _MANY * rows
    )


def _check_something_is_left(rows: int, dropped: Mapping[str, int]) -> None:
    if not rows or sum(dropped.values()) < rows:
        return
    reason = max(dropped, key=lambda name: dropped[name])
    counted = ", ".join(f"{name} {count}" for name, count in dropped.items())
    raise DataError(
        f"All {rows} records were dropped by clean ({counted}); nothing is left to train or test on.",
        hint=_HINTS[reason],
    )


def _estimate(config: CleanConfig, rows: Mapping[str, int]) -> ExpectedCost | None:
    if "records" not in rows:
        return None
    return ExpectedCost(2.0 + rows["records"] / 2_000, 400 << 20, "about 2 000 records of 1 000 characters a second")


STAGE = Stage("clean", CleanConfig, run, zone=Zone.RESTRICTED, estimate=_estimate)
