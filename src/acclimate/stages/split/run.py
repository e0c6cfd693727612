"""The stage: tie records into groups, keep what is settled, draw the rest, and count leaks from the outcome."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from acclimate.core.artifacts import Artifact, Output
from acclimate.core.errors import DataError
from acclimate.core.ledger import read_ledger
from acclimate.core.ports import Context
from acclimate.core.report import Counts, Report
from acclimate.core.schema import RECORD_SCHEMA
from acclimate.core.stage import ExpectedCost, Inputs, InputSizes, Stage
from acclimate.stages.split.config import Fractions, SplitConfig
from acclimate.stages.split.conflicts import settle
from acclimate.stages.split.draw import SPLITS, Group, draw, draw_newest
from acclimate.stages.split.groups import tie_groups
from acclimate.stages.split.leaks import check_no_leaks, count_leaks
from acclimate.stages.split.ledger import extend_ledger, write_ledger
from acclimate.stages.split.metrics import (
    division_metrics,
    division_warnings,
    strata_warnings,
    time_metrics,
    time_warnings,
)
from acclimate.stages.split.overlaps import (
    Overlaps,
    drop_overlaps,
    find_overlaps,
    overlap_metrics,
    overlap_warnings,
    write_leaks,
)
from acclimate.stages.split.records import Read, read_records
from acclimate.stages.split.templates import find_templates

_TEXTS_AT_ONCE = 4096


def run(config: SplitConfig, inputs: Inputs, output: Output, context: Context) -> Report:
    """Sets `split` on every record and writes the ledger; raises DataError when train or test would be empty.

    The optional input `previous` is the newest earlier artifact of this stage, whose assignments stay, `earlier.1`,
    `earlier.2` … are those before it, and `evaluation` holds the items of evaluation sets. The test records of the former
    and the items of the latter are looked for in what is to be learnt from.
    """
    source = inputs["records"]
    ledger = read_ledger(inputs.get("previous"))
    read = read_records(source, together=config.together, stratify=config.stratify, context=context)
    records = _with_templates(read, config)
    settled = settle(tie_groups(records, ledger))
    fractions = _fractions(config.fractions, records)
    drawn = _draw(settled, fractions, config)
    has_split = drawn.drop_nulls("split").select("position", "id", "text_digest", "split")
    overlaps = find_overlaps(inputs, has_split, read.words, min_share=config.shared_passages_from, context=context)
    decided = drop_overlaps(drawn, overlaps) if config.shared_passages == "drop" else drawn
    divided = decided.filter(pl.col("split").is_not_null())
    _check_not_empty(divided, decided, config.fractions)
    leaks = count_leaks(divided, ledger)
    check_no_leaks(leaks)
    _write(source, decided.sort("position"), output, context)
    write_ledger(output.path, extend_ledger(ledger, divided))
    write_leaks(output.path, overlaps)
    dropped = dict(sorted(output.dropped_by_reason.items()))
    metrics = {
        **division_metrics(divided, ledger),
        "earlier_test_texts_gone": overlaps.without_text,
        "leaks": leaks,
        "overlaps": overlap_metrics(overlaps),
    }
    if config.by == "time":
        metrics["time"] = time_metrics(divided)
    warnings = (*division_warnings(divided, ledger, fractions), *_warnings(config, divided, overlaps))
    return Report("split", Counts(records.height, output.kept_rows, dropped=dropped), metrics, warnings)


def _warnings(config: SplitConfig, divided: pl.DataFrame, overlaps: Overlaps) -> Iterator[str]:
    """What the way of dividing that was asked for could not give."""
    if config.by == "time":
        yield from time_warnings(time_metrics(divided))
    elif not config.test_sites:
        yield from strata_warnings(divided, config.stratify)
    if overlaps.without_text:
        yield (
            f"{overlaps.without_text} test records of earlier rounds are known by id alone, since their splits were erased"
            " or are gone: whether anything to learn from quotes them is not known."
        )
    if config.shared_passages == "report":
        yield from overlap_warnings(overlaps, min_share=config.shared_passages_from)


def _with_templates(read: Read, config: SplitConfig) -> pl.DataFrame:
    """All records with what ties, declares and divides them."""
    records = read.facts
    strange = records.filter(~pl.col("declared").is_in(SPLITS)).head(1)
    if strange.height:
        raise DataError(
            f"Record {strange['id'][0]} comes with the split {strange['declared'][0]!r};"
            " a wrong guess could train on test records.",
            hint=f"use one of {', '.join(SPLITS)}, or leave it empty",
        )
    templates = find_templates(read.forms.parts(_TEXTS_AT_ONCE), read.common)
    is_tied = (config.templates == "tie") & (pl.len().over("template") <= config.largest_template * records.height)
    marked = _hold_out_sites(records, config.test_sites).with_columns(template=templates)
    return marked.with_columns(tied_template=pl.when(is_tied).then("template"))


def _hold_out_sites(records: pl.DataFrame, sites: tuple[str, ...]) -> pl.DataFrame:
    """The records of these sites as if they stood in a frozen test file."""
    known = records["site"].drop_nulls().unique().sort().to_list()
    for site in sites:
        if site not in known:
            raise DataError(
                f"split.test_sites names the site {site!r}, of which there is no record.",
                hint=f"the sites are: {', '.join(known) or 'none'}",
            )
    is_held_out = pl.col("site").is_in(sites).fill_null(False)
    return records.with_columns(declared=pl.when(is_held_out).then(pl.lit("test")).otherwise("declared"))


def _fractions(wished: Fractions, records: pl.DataFrame) -> dict[str, float]:
    """The shares to draw: a split that the user already filled is not added to."""
    shares = {split: float(getattr(wished, split)) for split in SPLITS}
    for split in ("test", "validation"):
        if (records["declared"] == split).any():
            shares[split] = 0.0
    total = sum(shares.values())
    return {split: share / total for split, share in shares.items()}


def _draw(settled: pl.DataFrame, fractions: Mapping[str, float], config: SplitConfig) -> pl.DataFrame:
    is_new = pl.col("split").is_null() & pl.col("reason").is_null()
    counted = (
        settled.filter(is_new)
        .group_by("group", "stratum")
        .agg(pl.len(), pl.col("collected_at").max())
        .sort(["group", "len", "stratum"], descending=[False, True, False])
    )
    groups = counted.group_by("group", maintain_order=True).agg(
        pl.col("stratum").first(), pl.col("len").sum(), pl.col("collected_at").max()
    )
    new = [Group(key, stratum, records, newest) for key, stratum, records, newest in groups.iter_rows()]
    placed = settled.filter(pl.col("split").is_not_null()).group_by("stratum", "split").len().sort("stratum", "split")
    counts = {(stratum, split): records for stratum, split, records in placed.iter_rows()}
    if config.by == "time":
        drawn = draw_newest(new, counts, fractions=fractions)
    else:
        drawn = draw(new, counts, fractions=fractions, seed=config.seed)
    schema = {"group": pl.String, "drawn": pl.String}
    assigned = pl.DataFrame({"group": list(drawn.keys()), "drawn": list(drawn.values())}, schema=schema)
    decided = settled.join(assigned, on="group", how="left", maintain_order="left")
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


def _estimate(config: SplitConfig, known: InputSizes) -> ExpectedCost | None:
    if "records" not in known.rows:
        return None
    records = known.rows["records"]
    return ExpectedCost(
        1.0 + records / 8_000, (450 << 20) + records * 1_000, "about 8 000 records of 240 words a second"
    )


STAGE = Stage(
    "split",
    SplitConfig,
    run,
    code=(
        "acclimate.core.examples",
        "acclimate.core.ledger",
        "acclimate.core.passages",
        "acclimate.core.preferences",
        "acclimate.core.task_texts",
        "acclimate.core.word_hashes",
    ),
    estimate=_estimate,
)
