"""The stage: repair each batch, take recurring lines out, then drop what breaks a rule and was not re-included.

Which lines recur can only be seen over all records, so clean reads them twice: once to learn the lines, by batches, and
once to clean. With `boilerplate.min_share: null` each record is cleaned on its own.
Records of a frozen test file (split "test" on input) are treated exactly like all others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from acclimate.core.artifacts import Output
from acclimate.core.errors import DataError
from acclimate.core.ports import Context
from acclimate.core.reinclusion import are_kept, kept_digests
from acclimate.core.report import Counts, Report
from acclimate.core.schema import TEXT_COLUMNS, task_text
from acclimate.core.stage import ExpectedCost, Inputs, InputSizes, Stage, Zone
from acclimate.stages.clean.boilerplate import learn
from acclimate.stages.clean.config import CleanConfig
from acclimate.stages.clean.damage import damage_breach, damaged_characters
from acclimate.stages.clean.language import check_languages
from acclimate.stages.clean.quality import LINE_RULES, Drop, expand, find_breaches, record_rules
from acclimate.stages.clean.rules import Record, Verdict, judge, own_breaches
from acclimate.stages.clean.texts import repair_batch
from acclimate.stages.clean.totals import CleanedBatch, Totals, hint_at, warnings, write_boilerplate
from acclimate.stages.clean.trim import LineRemoval, trim_batch


@dataclass(frozen=True)
class Cleaner:
    """Cleans one batch; what other batches hold matters only through the lines that were learnt from all."""

    config: CleanConfig
    removal: LineRemoval
    kept_by_hand: frozenset[str]

    def __call__(self, batch: pa.RecordBatch) -> CleanedBatch:
        """One batch repaired, without the lines that go, sorted into kept and dropped records."""
        repaired = repair_batch(batch)
        trimmed = trim_batch(repaired.batch, self.removal)
        records = trimmed.batch.select(["id", *TEXT_COLUMNS, "messages"]).to_pylist()
        texts = pl.Series([task_text(record) for record in records], dtype=pl.String)
        damaged = damaged_characters(texts)
        verdicts = self._verdicts(records, texts, damaged.to_list(), trimmed.nothing_left)
        is_kept = pa.array([verdict.drop is None for verdict in verdicts], pa.bool_())
        return CleanedBatch(
            kept=trimmed.batch.filter(is_kept),
            dropped=trimmed.batch.filter(pc.invert(is_kept)),
            drops=tuple(verdict.drop for verdict in verdicts if verdict.drop),
            reincluded=tuple(verdict.reincluded for verdict in verdicts if verdict.reincluded),
            repaired=repaired.touched_records,
            emptied_spans=repaired.emptied_spans,
            damaged_records=int((damaged > 0).sum()),
            removed=trimmed.removed,
        )

    def _verdicts(
        self, records: Sequence[Record], texts: pl.Series, damaged: Sequence[int], nothing_left: Mapping[int, int]
    ) -> list[Verdict]:
        config = self.config
        measured = find_breaches(texts, record_rules(config.quality.rules, config.quality.thresholds))
        by_hand = are_kept([record["id"] for record in records], self.kept_by_hand)
        verdicts = []
        for row, record in enumerate(records):
            breaches = chain(
                [Drop("no_lines_left", str(nothing_left[row]))] if row in nothing_left else [],
                damage_breach(damaged[row], len(texts[row]), max_damage=config.max_damage),
                own_breaches(record, config),
                measured[row],
            )
            verdicts.append(judge(breaches, overruled=config.keep_rules, by_hand=by_hand[row]))
        return verdicts


def run(config: CleanConfig, inputs: Inputs, output: Output, context: Context) -> Report:
    """Cleans the records; raises DataError when none is left."""
    check_languages(config.languages)
    records = inputs["records"]
    removal = _removal(config, learn(records, config.boilerplate, config.line_columns, context))
    cleaner = Cleaner(config, removal, kept_digests(inputs.get("keep")))
    totals = Totals()
    batches = records.batches(batch_rows=context.batch_rows)
    with context.progress("cleaning records", records.table(["id"]).num_rows) as progress:
        for cleaned in context.engine.map_batches(cleaner, batches):
            output.keep(cleaned.kept)
            output.drop(
                cleaned.dropped,
                [drop.reason for drop in cleaned.drops],
                [drop.value for drop in cleaned.drops],
                thresholds=[drop.threshold for drop in cleaned.drops],
            )
            totals.add(cleaned)
            progress.advance(cleaned.kept.num_rows + cleaned.dropped.num_rows)
    dropped = dict(sorted(output.dropped_by_reason.items()))
    _check_something_is_left(totals.rows, dropped)
    boilerplate = totals.boilerplate(removal.learnt)
    write_boilerplate(boilerplate, output.path)
    counts = Counts(totals.rows, output.kept_rows, dropped=dropped)
    return Report("clean", counts, totals.metrics(boilerplate), tuple(warnings(dropped, totals.rows)))


def _removal(config: CleanConfig, learnt: pl.DataFrame) -> LineRemoval:
    shortest = LINE_RULES["c4_min_words_per_line"] or 0
    return LineRemoval(
        columns=config.line_columns,
        learnt=learnt,
        edge_lines=config.boilerplate.edge_lines,
        long_line=config.boilerplate.long_line,
        c4_rules=expand(config.quality.rules) & set(LINE_RULES),
        c4_min_words=config.quality.thresholds.get("c4_min_words_per_line", shortest),
    )


def _check_something_is_left(rows: int, dropped: Mapping[str, int]) -> None:
    if not rows or sum(dropped.values()) < rows:
        return
    reason = max(dropped, key=lambda name: dropped[name])
    counted = ", ".join(f"{name} {count}" for name, count in dropped.items())
    raise DataError(
        f"All {rows} records were dropped by clean ({counted}); nothing is left to train or test on.",
        hint=hint_at(reason),
    )


def _estimate(config: CleanConfig, known: InputSizes) -> ExpectedCost | None:
    if "records" not in known.rows:
        return None
    return ExpectedCost(
        2.0 + known.rows["records"] / 2_000, 400 << 20, "about 2 000 records of 1 000 characters a second"
    )


STAGE = Stage(
    "clean",
    CleanConfig,
    run,
    zone=Zone.RESTRICTED,
    code=("acclimate.core.examples", "acclimate.core.preferences"),
    estimate=_estimate,
)
