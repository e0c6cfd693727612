"""The stage: sign every record, compare those that may be copies exactly, keep one of each cluster.

Three passes over the input, each a batch at a time; between them only digests, band keys and ids are held.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from acclimate.core.artifacts import Artifact, Output
from acclimate.core.ports import Context
from acclimate.core.reinclusion import are_kept, kept_digests
from acclimate.core.report import Counts, Report
from acclimate.core.schema import RECORD_SCHEMA, task_text
from acclimate.core.stage import ExpectedCost, Inputs, Stage, Zone
from acclimate.stages.dedup.candidates import Indices, Pairs, candidate_pairs, jaccard
from acclimate.stages.dedup.clusters import KEPT, Outcome, find_outcome, first_with_equal, order_by_preference
from acclimate.stages.dedup.config import DedupConfig
from acclimate.stages.dedup.signatures import (
    PAYLOAD,
    SURVIVAL,
    HashSets,
    SignedBatch,
    answer_text,
    concatenate,
    hash_words,
    sign_batch,
    two_grams,
)
from acclimate.stages.dedup.similarity import Bands, choose_bands, fewest_words, jaccard_thresholds

_MANY = 0.3
"""A share of dropped records that is worth a warning."""

_CROWDED = 0.1
_FEW = 20
"""A cluster with more than this share of the records, and more records than this, leaves split little choice."""


@dataclass(frozen=True)
class Copies:
    """Verified near copies, and for each pair whether one can stand for the other (label and answer agree)."""

    pairs: Pairs
    interchangeable: npt.NDArray[np.bool_]


def run(config: DedupConfig, inputs: Inputs, output: Output, context: Context) -> Report:
    """Drops copies and near copies; every record gets a `cluster_id`, the smallest id of its cluster."""
    source = inputs["records"]
    bands = choose_bands(max_edited=config.max_edited, recall=config.recall)
    signed = _sign(source, bands, config, context)
    records = order_by_preference(signed.records, config.survivor_order)
    candidates = _candidates(records, signed, config)
    copies = _verify(candidates, records, source, config, context)
    outcome = find_outcome(records, copies.pairs, copies.interchangeable)
    decisions = _decide(records, outcome, kept_digests(inputs.get("keep")))
    _write(source, decisions, output, context)
    dropped = dict(sorted(output.dropped_by_reason.items()))
    metrics = {
        "bands": bands.bands,
        "rows": bands.rows,
        "candidate_pairs": len(candidates),
        "near_duplicate_pairs": len(copies.pairs),
        **_cluster_metrics(decisions),
        "reincluded": dict(sorted(decisions.drop_nulls("reincluded")["reincluded"].value_counts().iter_rows())),
    }
    return Report("dedup", Counts(len(records), output.kept_rows, dropped=dropped), metrics, _warnings(decisions))


def _sign(source: Artifact, bands: Bands, config: DedupConfig, context: Context) -> SignedBatch:
    sign = partial(sign_batch, bands=bands, seed=config.seed)
    signed = [sign(pa.RecordBatch.from_pylist([], RECORD_SCHEMA))]
    batches = source.batches([*PAYLOAD, *SURVIVAL], batch_rows=context.batch_rows)
    with context.progress("signing records", source.table(["id"]).num_rows) as progress:
        for part in context.engine.map_batches(sign, batches):
            signed.append(part)
            progress.advance(len(part.records))
    return SignedBatch(pl.concat([part.records for part in signed]), np.concatenate([part.bands for part in signed]))


def _candidates(records: pl.DataFrame, signed: SignedBatch, config: DedupConfig) -> Pairs:
    is_first = first_with_equal(records, ["text_digest", "label"]) == np.arange(len(records))
    long_enough = records["words"].to_numpy() >= fewest_words(config.max_edited)
    nodes = np.flatnonzero(is_first & long_enough)
    return candidate_pairs(signed.bands[records["position"].to_numpy()[nodes]], nodes)


def _verify(
    candidates: Pairs, records: pl.DataFrame, source: Artifact, config: DedupConfig, context: Context
) -> Copies:
    involved = np.union1d(candidates.first, candidates.second)
    positions = records["position"].to_numpy()[involved]
    texts, answers = _read_sets(np.sort(positions), source, context)
    row = np.argsort(np.argsort(positions))
    local = Pairs(row[np.searchsorted(involved, candidates.first)], row[np.searchsorted(involved, candidates.second)])
    words = records["words"].to_numpy()
    longer = np.maximum(words[candidates.first], words[candidates.second])
    thresholds = jaccard_thresholds(longer, max_edited=config.max_edited, recall=config.recall)
    are_copies = jaccard(local, texts) >= thresholds
    pairs, local = candidates.where(are_copies), local.where(are_copies)
    label = first_with_equal(records, ["label"])
    same_label = label[pairs.first] == label[pairs.second]
    return Copies(pairs, same_label & (jaccard(local, answers) >= config.min_answer_overlap))


def hash_payload(batch: pa.RecordBatch) -> tuple[HashSets, HashSets]:
    """The word 2-grams of each record's whole text, and the words of its answer."""
    rows = batch.to_pylist()
    return two_grams(hash_words([task_text(row) for row in rows])), hash_words([answer_text(row) for row in rows])


def _read_sets(positions: Indices, source: Artifact, context: Context) -> tuple[HashSets, HashSets]:
    texts, answers = [], []
    with context.progress("comparing likely copies", len(positions)) as progress:
        for text, answer in context.engine.map_batches(hash_payload, _rows_at(positions, source, context.batch_rows)):
            texts.append(text)
            answers.append(answer)
            progress.advance(len(text.sizes))
    return concatenate(texts), concatenate(answers)


def _rows_at(positions: Indices, source: Artifact, batch_rows: int) -> Iterator[pa.RecordBatch]:
    start = 0
    for batch in source.batches(PAYLOAD, batch_rows=batch_rows):
        begin, end = np.searchsorted(positions, [start, start + batch.num_rows])
        if begin < end:
            yield batch.take(pa.array(positions[begin:end] - start))
        start += batch.num_rows


def _decide(records: pl.DataFrame, outcome: Outcome, kept_by_hand: frozenset[str]) -> pl.DataFrame:
    """Each record's cluster and survivor, and the `reason` that drops it, or would have (`reincluded`)."""
    survivor = np.where(outcome.survivors == KEPT, np.arange(len(records)), outcome.survivors)
    is_dropped = pl.Series(outcome.survivors != KEPT)
    same_text = records["text_digest"].gather(survivor) == records["text_digest"]
    rule = pl.when(is_dropped).then(
        pl.when(same_text).then(pl.lit("exact_duplicate")).otherwise(pl.lit("near_duplicate"))
    )
    by_hand = pl.Series(are_kept(records["id"], kept_by_hand), dtype=pl.Boolean)
    return records.with_columns(
        cluster_id=outcome.cluster_ids,
        survivor_id=records["id"].gather(survivor),
        reason=pl.when(~by_hand).then(rule),
        reincluded=pl.when(by_hand).then(rule),
    ).sort("position")


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
        output.drop(batch.filter(pc.invert(is_kept)), gone["reason"].to_list(), gone["survivor_id"].to_list())


def _cluster_metrics(decisions: pl.DataFrame) -> dict[str, Any]:
    sizes = decisions.group_by("cluster_id").agg(
        pl.len().alias("records"), pl.col("reason").is_null().sum().alias("kept")
    )
    several = sizes.filter(pl.col("records") > 1)
    return {
        "clusters": several.height,
        "largest_cluster": max(sizes["records"].to_list(), default=0),
        "kept_in_shared_clusters": int(several.filter(pl.col("kept") > 1)["kept"].sum()),
        "size_histogram": _histogram(several["records"].to_list()),
    }


def _histogram(sizes: list[int]) -> dict[str, int]:
    return {str(size): count for size, count in sorted(Counter(sizes).items())}


def _warnings(decisions: pl.DataFrame) -> tuple[str, ...]:
    warnings = []
    labels = decisions.group_by("text_digest").agg(pl.col("label").n_unique()).filter(pl.col("label") > 1).height
    if labels:
        warnings.append(f"{labels} texts stand more than once with different labels; all were kept, in one split each.")
    dropped = decisions.filter(pl.col("reason").is_not_null()).height
    if dropped > _MANY * decisions.height:
        warnings.append(
            f"{dropped} of {decisions.height} records are copies of others: if these are forms filled in alike,"
            " lower dedup.max_edited."
        )
    largest = max(decisions.group_by("cluster_id").len()["len"].to_list(), default=0)
    if largest > max(_CROWDED * decisions.height, _FEW):
        warnings.append(
            f"One cluster ties {largest} of {decisions.height} records, which split must keep together: they may share"
            " standard passages; a lower dedup.max_edited ties less."
        )
    frozen = decisions.filter("frozen")
    copies = frozen.height - frozen["cluster_id"].n_unique()
    if copies:
        warnings.append(f"{copies} records of the frozen test file are copies of others in it; they were kept.")
    return tuple(warnings)


def _estimate(config: DedupConfig, rows: Mapping[str, int]) -> ExpectedCost | None:
    if "records" not in rows:
        return None
    records = rows["records"]
    return ExpectedCost(
        1.0 + records / 5_000, (300 << 20) + records * 1_000, "about 5 000 records of 200 words a second"
    )


STAGE = Stage("dedup", DedupConfig, run, zone=Zone.RESTRICTED, estimate=_estimate)
