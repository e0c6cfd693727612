"""The stage: sign every record, compare those that may be copies exactly, keep one of each cluster.

Three passes over the input, each a batch at a time; between them only digests, band keys and ids are held. Evaluation
sets are signed and compared with the records, and one more pass looks for their items inside longer records.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from acclimate.core.artifacts import Artifact, Output
from acclimate.core.ports import Context
from acclimate.core.reinclusion import are_kept, kept_digests
from acclimate.core.report import Counts, Report
from acclimate.core.schema import RECORD_SCHEMA
from acclimate.core.stage import ExpectedCost, Inputs, InputSizes, Stage, Zone
from acclimate.stages.dedup.candidates import Pairs, candidate_pairs
from acclimate.stages.dedup.clusters import KEPT, Outcome, find_outcome, first_with_equal, order_by_preference
from acclimate.stages.dedup.config import DedupConfig
from acclimate.stages.dedup.contamination import (
    Contamination,
    contamination_metrics,
    contamination_warnings,
    find_contamination,
    write_contamination,
)
from acclimate.stages.dedup.earlier import mark_earlier
from acclimate.stages.dedup.metrics import cluster_metrics, cluster_warnings
from acclimate.stages.dedup.signatures import PAYLOAD, SURVIVAL, SignedBatch, sign_batch
from acclimate.stages.dedup.similarity import Bands, choose_bands, fewest_words
from acclimate.stages.dedup.verify import Copies, verify


def run(config: DedupConfig, inputs: Inputs, output: Output, context: Context) -> Report:
    """Drops copies, near copies and records that hold evaluation items; every kept record gets a `cluster_id`.

    The optional input `previous` is an earlier artifact of split, whose test records always stay; `evaluation` holds
    the items of evaluation sets; `keep` lists copies that people re-included.
    """
    sources = [inputs[role] for role in ("records", "evaluation") if role in inputs]
    bands = choose_bands(max_edited=config.max_edited, recall=config.recall)
    signed = _sign(sources, bands, config, context)
    marked = mark_earlier(signed.records, inputs.get("previous"), key_name=config.key, secrets=context.secrets)
    records = order_by_preference(marked, config.survivor_order)
    candidates = _candidates(records, signed, config, context)
    copies = verify(candidates, records, sources, config, context)
    contamination = _contamination(records, copies, sources, config, context)
    contaminated = _to_drop(records, contamination, config)
    decisions = _reinclude(_decide(records, copies, contaminated), kept_digests(inputs.get("keep")))
    _write(sources[0], decisions, output, context)
    metrics = {
        "bands": bands.bands,
        "rows": bands.rows,
        "candidate_pairs": len(candidates),
        "near_duplicate_pairs": len(copies.pairs),
        **cluster_metrics(decisions),
        "reincluded": dict(sorted(decisions.drop_nulls("reincluded")["reincluded"].value_counts().iter_rows())),
    }
    warnings = tuple(cluster_warnings(decisions))
    if contamination is not None:
        write_contamination(output.path, contamination, contaminated["id"])
        metrics["contamination"] = contamination_metrics(contamination)
        kept = contamination.found["id"].n_unique() - contaminated.height
        warnings += tuple(contamination_warnings(contamination, kept))
    dropped = dict(sorted(output.dropped_by_reason.items()))
    return Report("dedup", Counts(len(decisions), output.kept_rows, dropped=dropped), metrics, warnings)


def _sign(sources: Sequence[Artifact], bands: Bands, config: DedupConfig, context: Context) -> SignedBatch:
    sign = partial(sign_batch, bands=bands, seed=config.seed)
    empty = sign(pa.RecordBatch.from_pylist([], RECORD_SCHEMA))
    records, keys = [empty.records.with_columns(evaluation=pl.lit(False))], [empty.bands]
    rows = sum(source.table(["id"]).num_rows for source in sources)
    with context.progress("signing records", rows) as progress:
        for place, source in enumerate(sources):
            batches = source.batches([*PAYLOAD, *SURVIVAL], batch_rows=context.batch_rows)
            for part in context.engine.map_batches(sign, batches):
                records.append(part.records.with_columns(evaluation=pl.lit(place > 0)))
                keys.append(part.bands)
                progress.advance(len(part.records))
    return SignedBatch(pl.concat(records), np.concatenate(keys))


def _candidates(records: pl.DataFrame, signed: SignedBatch, config: DedupConfig, context: Context) -> Pairs:
    """Pairs among the records, and pairs of a record and an evaluation item; naming a set never loses the former."""
    is_item = records["evaluation"].to_numpy()
    is_first = first_with_equal(records, ["evaluation", "text_digest", "label"]) == np.arange(len(records))
    is_node = is_first & (records["words"].to_numpy() >= fewest_words(config.max_edited))

    positions = records["position"].to_numpy().astype(np.int64)

    def propose(chosen: npt.NDArray[np.bool_]) -> Pairs:
        nodes = np.flatnonzero(chosen)
        return candidate_pairs(signed.bands, positions[nodes], nodes, engine=context.engine)

    among = propose(is_node & ~is_item)
    if not is_item.any():
        return among
    across = propose(is_node)
    return among.joined(across.where(is_item[across.first] & ~is_item[across.second]))


def _contamination(
    records: pl.DataFrame, copies: Copies, sources: Sequence[Artifact], config: DedupConfig, context: Context
) -> Contamination | None:
    if len(sources) == 1:
        return None
    source, evaluation = sources
    share = config.contaminated_share
    return find_contamination(records, copies.pairs, source, evaluation, min_share=share, context=context)


def _to_drop(records: pl.DataFrame, contamination: Contamination | None, config: DedupConfig) -> pl.DataFrame:
    """The records to drop for what they hold, with the item and how it was found; a frozen test record always stays."""
    if contamination is None or config.contaminated == "report":
        return pl.DataFrame(schema={"id": pl.String, "held": pl.String})
    surest = contamination.found.unique("id", keep="first", maintain_order=True)
    held = surest.select("id", held=pl.format("{} ({})", "evaluation_id", "found_by"))
    return held.join(records.filter(~pl.col("evaluation") & pl.col("frozen")), on="id", how="anti")


def _decide(records: pl.DataFrame, copies: Copies, contaminated: pl.DataFrame) -> pl.DataFrame:
    """What becomes of each record, in the order of the input. One that holds an evaluation item stands for no other."""
    marked = records.join(contaminated, on="id", how="left", maintain_order="left")
    chosen = ~marked["evaluation"] & marked["held"].is_null()
    staying, gone = marked.filter(chosen), marked.filter(pl.col("held").is_not_null() & ~pl.col("evaluation"))
    copies = copies.among(chosen.to_numpy())
    decided = _keep_one(staying, find_outcome(staying, copies.pairs, copies.interchangeable))
    dropped = gone.with_columns(cluster_id="id", reason=pl.lit("contaminated"), value="held")
    return pl.concat([decided, dropped.select(decided.columns)]).sort("position")


def _reinclude(decisions: pl.DataFrame, kept_by_hand: frozenset[str]) -> pl.DataFrame:
    """Lets copies stay that people want to keep, with what would have dropped them in `reincluded`.

    What holds an evaluation item stays dropped: keeping it would spoil every figure on that set, so that is a setting.
    """
    by_hand = pl.Series(are_kept(decisions["id"], kept_by_hand), dtype=pl.Boolean)
    reason, stays = pl.col("reason"), by_hand & decisions["reason"].ne_missing("contaminated")
    return decisions.with_columns(reason=pl.when(~stays).then(reason), reincluded=pl.when(stays).then(reason))


def _keep_one(records: pl.DataFrame, outcome: Outcome) -> pl.DataFrame:
    survivor = np.where(outcome.survivors == KEPT, np.arange(len(records)), outcome.survivors)
    is_dropped = pl.Series(outcome.survivors != KEPT)
    same_text = records["text_digest"].gather(survivor) == records["text_digest"]
    return records.with_columns(
        cluster_id=outcome.cluster_ids,
        value=records["id"].gather(survivor),
        reason=pl.when(~is_dropped)
        .then(None)
        .when(same_text)
        .then(pl.lit("exact_duplicate"))
        .otherwise(pl.lit("near_duplicate")),
    )


def _write(source: Artifact, decisions: pl.DataFrame, output: Output, context: Context) -> None:
    start = 0
    for batch in source.batches(batch_rows=context.batch_rows):
        decided = decisions.slice(start, batch.num_rows)
        start += batch.num_rows
        cluster = decided["cluster_id"].to_arrow().cast(pa.string())
        batch = batch.set_column(batch.schema.get_field_index("cluster_id"), RECORD_SCHEMA.field("cluster_id"), cluster)
        is_kept = decided["reason"].is_null().to_arrow()
        output.keep(batch.filter(is_kept))
        gone = decided.filter(pl.col("reason").is_not_null())
        output.drop(batch.filter(pc.invert(is_kept)), gone["reason"].to_list(), gone["value"].to_list())


def _estimate(config: DedupConfig, known: InputSizes) -> ExpectedCost | None:
    if "records" not in known.rows:
        return None
    records = known.rows["records"]
    return ExpectedCost(
        1.0 + records / 5_000, (300 << 20) + records * 1_000, "about 5 000 records of 200 words a second"
    )


STAGE = Stage(
    "dedup",
    DedupConfig,
    run,
    zone=Zone.RESTRICTED,
    secrets=("key",),
    code=(
        "acclimate.core.ledger",
        "acclimate.core.passages",
        "acclimate.core.reinclusion",
        "acclimate.core.task_texts",
        "acclimate.core.word_hashes",
    ),
    estimate=_estimate,
)
