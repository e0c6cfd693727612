"""The stage: tie records into groups, keep what is settled, draw the rest, and count leaks from the outcome."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from acclimate.core.artifacts import Artifact, Output
from acclimate.core.errors import DataError
from acclimate.core.ledger import read_ledger
from acclimate.core.ports import Context
from acclimate.core.report import Counts, Report
from acclimate.core.schema import RECORD_SCHEMA, TEXT_COLUMNS, task_text
from acclimate.core.stage import ExpectedCost, Inputs, Stage
from acclimate.stages.split.config import Fractions, SplitConfig
from acclimate.stages.split.conflicts import settle
from acclimate.stages.split.draw import SPLITS, Group, draw
from acclimate.stages.split.groups import tie_groups
from acclimate.stages.split.leaks import check_no_leaks, count_leaks
from acclimate.stages.split.ledger import extend_ledger, write_ledger
from acclimate.stages.split.metrics import division_metrics, division_warnings
from acclimate.stages.split.overlaps import drop_overlaps, find_overlaps, overlap_metrics, overlap_warnings, write_leaks
from acclimate.stages.split.templates import find_templates

_COLUMNS = ("id", "subject_id", "cluster_id", "site", "split")


def run(config: SplitConfig, inputs: Inputs, output: Output, context: Context) -> Report:
    """Sets `split` on every record and writes the ledger; raises DataError when train or test would be empty.

    The optional input `previous` is an earlier artifact of this stage, whose assignments stay; `evaluation` holds the
    items of evaluation sets, which are looked for in what is to be learnt from.
    """
    source = inputs["records"]
    ledger = read_ledger(inputs.get("previous"))
    records = _read(source, config, context)
    members = tie_groups(records, ledger)
    settled = settle(members)
    fractions = _fractions(config.fractions, records)
    drawn = _draw(settled, fractions, config.seed)
    share = config.shared_passages_from
    overlaps = find_overlaps(inputs, drawn.drop_nulls("split"), min_share=share, context=context)
    decided = drop_overlaps(drawn, overlaps) if config.shared_passages == "drop" else drawn
    divided = decided.filter(pl.col("split").is_not_null())
    _check_not_empty(divided, decided, config.fractions)
    leaks = count_leaks(divided, ledger)
    check_no_leaks(leaks)
    _write(source, decided.sort("position"), output, context)
    write_ledger(output.path, extend_ledger(ledger, divided))
    write_leaks(output.path, overlaps)
    dropped = dict(sorted(output.dropped_by_reason.items()))
    metrics = {**division_metrics(divided, ledger), "leaks": leaks, "overlaps": overlap_metrics(overlaps)}
    warnings = division_warnings(divided, ledger, fractions)
    if config.shared_passages == "report":
        warnings += tuple(overlap_warnings(overlaps, min_share=share))
    return Report("split", Counts(records.height, output.kept_rows, dropped=dropped), metrics, warnings)


def read_ties(batch: pa.RecordBatch, *, together: tuple[str, ...]) -> pl.DataFrame:
    """What split needs to know of each record of a batch; `together` are the attributes that tie."""
    rows = batch.to_pylist()
    columns = {name: [row[name] for row in rows] for name in _COLUMNS if name != "split"}
    return pl.DataFrame(
        {
            **columns,
            "declared": [row["split"] for row in rows],
            "text_digest": [hashlib.sha256(task_text(row).encode()).hexdigest() for row in rows],
            "parents": [row["parents"] for row in rows],
            "together": [_tying(row["attributes"] or (), together) for row in rows],
        },
        schema={
            **dict.fromkeys([*columns, "declared", "text_digest"], pl.String()),
            **dict.fromkeys(["parents", "together"], pl.List(pl.String)),
        },
    )


def _tying(attributes: Sequence[Mapping[str, str | None]], together: tuple[str, ...]) -> list[str] | None:
    """The attributes that tie a record, as digests: the ledger that keeps them outlives the record."""
    tying = [one for one in attributes if one["name"] in together and one["value"] is not None]
    return [f"{one['name']} {hashlib.sha256((one['value'] or '').encode()).hexdigest()[:16]}" for one in tying] or None


def _read(source: Artifact, config: SplitConfig, context: Context) -> pl.DataFrame:
    read = partial(read_ties, together=config.together)
    parts = [read(pa.RecordBatch.from_pylist([], RECORD_SCHEMA))]
    columns = [*_COLUMNS, *TEXT_COLUMNS, "messages", "parents", "attributes"]
    with context.progress("reading records", source.table(["id"]).num_rows) as progress:
        for part in context.engine.map_batches(read, source.batches(columns, batch_rows=context.batch_rows)):
            parts.append(part)
            progress.advance(part.height)
    templates = find_templates(source, context)
    tied = templates if config.templates == "tie" else pl.lit(None, dtype=pl.String)
    records = pl.concat(parts).with_row_index("position").with_columns(template=templates, tied_template=tied)
    strange = records.filter(~pl.col("declared").is_in(SPLITS)).head(1)
    if strange.height:
        raise DataError(
            f"Record {strange['id'][0]} comes with the split {strange['declared'][0]!r};"
            " a wrong guess could train on test records.",
            hint=f"use one of {', '.join(SPLITS)}, or leave it empty",
        )
    return records


def _fractions(wished: Fractions, records: pl.DataFrame) -> dict[str, float]:
    """The shares to draw: a split that the user already filled is not added to."""
    shares = {split: float(getattr(wished, split)) for split in SPLITS}
    for split in ("test", "validation"):
        if (records["declared"] == split).any():
            shares[split] = 0.0
    total = sum(shares.values())
    return {split: share / total for split, share in shares.items()}


def _draw(settled: pl.DataFrame, fractions: Mapping[str, float], seed: int) -> pl.DataFrame:
    site = pl.col("site").fill_null("")
    is_new = pl.col("split").is_null() & pl.col("reason").is_null()
    counted = (
        settled.filter(is_new)
        .group_by("group", site)
        .len()
        .sort(["group", "len", "site"], descending=[False, True, False])
    )
    groups = counted.group_by("group", maintain_order=True).agg(pl.col("site").first(), pl.col("len").sum())
    placed = settled.filter(pl.col("split").is_not_null()).group_by(site, "split").len().sort("site", "split")
    drawn = draw(
        [Group(key, site, records) for key, site, records in groups.iter_rows()],
        {(site, split): records for site, split, records in placed.iter_rows()},
        fractions=fractions,
        seed=seed,
    )
    new = pl.DataFrame(
        {"group": list(drawn.keys()), "drawn": list(drawn.values())}, schema={"group": pl.String, "drawn": pl.String}
    )
    decided = settled.join(new, on="group", how="left", maintain_order="left")
    return decided.with_columns(split=pl.when(is_new).then("drawn").otherwise("split"))


def _check_not_empty(divided: pl.DataFrame, decided: pl.DataFrame, fractions: Fractions) -> None:
    groups = decided["group"].n_unique()
    if not (divided["split"] == "test").any():
        raise DataError(
            f"The test split is empty: {decided.height} records in {groups} groups of tied records, test fraction"
            f" {fractions.test:g}. Without test records nothing can be proved.",
            hint="use records of at least 3 subjects (subject_id), raise split.fractions.test, or supply a test file",
        )
    if not (divided["split"] == "train").any():
        raise DataError(
            f"The train split is empty: {decided.height} records in {groups} groups of tied records,"
            f" {decided['reason'].count()} of them dropped because they are tied to test records.",
            hint="add records of other subjects, or take those that are also in the test file out of it",
        )


def _write(source: Artifact, decided: pl.DataFrame, output: Output, context: Context) -> None:
    start = 0
    place = RECORD_SCHEMA.get_field_index("split")
    for batch in source.batches(batch_rows=context.batch_rows):
        rows = decided.slice(start, batch.num_rows)
        start += batch.num_rows
        split = rows["split"].to_arrow().cast(pa.string())
        is_kept = rows["split"].is_not_null().to_arrow()
        output.keep(batch.set_column(place, RECORD_SCHEMA.field("split"), split).filter(is_kept))
        gone = rows.filter(pl.col("split").is_null())
        output.drop(batch.filter(pc.invert(is_kept)), gone["reason"].to_list(), gone["value"].to_list())


def _estimate(config: SplitConfig, rows: Mapping[str, int]) -> ExpectedCost | None:
    if "records" not in rows:
        return None
    records = rows["records"]
    return ExpectedCost(1.0 + records / 50_000, (200 << 20) + records * 500, "about 50 000 records a second")


STAGE = Stage(
    "split", SplitConfig, run, code=("acclimate.core.passages", "acclimate.core.word_hashes"), estimate=_estimate
)
