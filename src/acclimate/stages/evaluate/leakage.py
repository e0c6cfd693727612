"""What the adapted model remembers of its training records, by membership inference with the base as reference.

A record is told to be a training record by how much likelier the adapted model finds it than its base does: the base takes
away how easy the text is by itself (Carlini et al. 2022, "Membership inference attacks from first principles";
Mireshghallah et al. 2022, "Quantifying privacy risks of masked language models using membership inference attacks").
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from scipy import sparse, stats

from acclimate.core.artifacts import Artifact, TableWriter
from acclimate.core.exact_bounds import greatest_share
from acclimate.core.hash_order import first_by_hash
from acclimate.core.json_values import without_nan
from acclimate.core.stage import Inputs
from acclimate.core.statistics import Floats
from acclimate.stages.evaluate.arms import with_clusters
from acclimate.stages.evaluate.compare import Settings

LEAKAGE_FILE = "leakage.parquet"
"""How surely each training record that was looked at is told, in the artifact of evaluate."""

FALSE_POSITIVES = 0.01
"""The share of test records that may be taken for training records where it is said how many of these are told."""

_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("cluster", pa.string(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("told", pa.bool_(), nullable=False),
    ]
)
"""`cluster` is whose record it is; `score` is the base's bits per byte less the adapted model's."""

NOT_OF_LABELS = "a model that tells labels finds no text likely or unlikely"
NOT_OF_PAIRS = "it is not measured of training on pairs of answers"

_COLUMNS = ["id", "site", "subject_id", "cluster_id", "parents", "split"]


def measure_leakage(
    inputs: Inputs, predictions: Mapping[str, pl.DataFrame], settings: Settings, folder: Path
) -> dict[str, Any]:
    """How surely training records are told from test records; where that is not known `membership` is None, `because` says why.

    Writes the training records that were looked at with their scores beside the test items.
    """
    if "trained" not in inputs:
        return unknown("which records the model was trained on is not known")
    scored = _scored(predictions)
    if scored.filter(pl.col("suite") == "trained").is_empty():
        return unknown("no training records were scored: predict.training_records is 0")
    items = _with_facts(scored, inputs["records"])
    members = items.filter((pl.col("suite") == "trained") & pl.col("id").is_in(sorted(_seen(inputs["trained"]))))
    others = _as_many(items.filter(pl.col("suite") == "task"), members.height)
    for name, rows in (("training", members), ("test", others)):
        if rows["cluster"].n_unique() < 2:
            return unknown(f"the {rows.height} {name} records that were scored are of fewer than two subjects")
    allowed = max(1, math.floor(FALSE_POSITIVES * others.height))
    threshold = others["score"].sort(descending=True)[allowed] if allowed < others.height else -math.inf
    members = members.with_columns(told=pl.col("score") > threshold)
    with TableWriter(folder / LEAKAGE_FILE, _SCHEMA) as writer:
        writer.write(members.select(_SCHEMA.names).to_arrow())
    told = members.filter("told")
    found = {
        "records": {"training": members.height, "test": others.height},
        "subjects": {"training": members["cluster"].n_unique(), "test": others["cluster"].n_unique()},
        **_auc_with_interval(members, others, "score", settings),
        "false_positive_rate": allowed / others.height,
        "true_positive_rate": told.height / members.height,
        "told": told.height,
        "subjects_told": told["cluster"].n_unique(),
        "shift": _shift(members, others, settings),
    }
    return {"membership": found, "because": ""}


def auc(members: Floats, others: Floats) -> float:
    """How often a member's score is above another's, a tie counting half (Mann and Whitney 1947).

    >>> auc(np.array([1.0, 3.0]), np.array([0.0, 1.0]))
    0.875
    """
    ranks = stats.rankdata(np.concatenate([members, others]))[: len(members)]
    above = ranks.sum() - len(members) * (len(members) + 1) / 2
    return float(above / (len(members) * len(others)))


def unknown(because: str) -> dict[str, Any]:
    """What is said where nothing is measured."""
    return {"membership": None, "because": because}


def _scored(predictions: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Test and training records with the bits per byte of the base and what they fell by."""
    arms = []
    for arm in ("base", "adapted"):
        rows = predictions[arm].filter(pl.col("suite").is_in(["task", "trained"]) & (pl.col("bytes") > 0))
        arms.append(rows.select("suite", "id", (pl.col("nats") / math.log(2) / pl.col("bytes")).alias(arm)))
    joined = arms[0].join(arms[1], on=["suite", "id"], how="inner")
    return joined.with_columns(score=pl.col("base") - pl.col("adapted"))


def _seen(trained: Artifact) -> set[str]:
    """The records that training reached, also in parts."""
    rows = list(trained.rows(["id", "parents"]))
    return {row["id"] for row in rows} | {parent for row in rows for parent in row["parents"] or ()}


def _with_facts(scored: pl.DataFrame, records: Artifact) -> pl.DataFrame:
    """The scored records with their site and whose they are, in the order of their ids."""
    about = with_clusters(pl.DataFrame(pl.from_arrow(records.table(_COLUMNS)))).select("id", "site", "cluster")
    return scored.join(about, on="id", how="inner").sort("id")


def _as_many(others: pl.DataFrame, count: int) -> pl.DataFrame:
    """At most so many of the records, as if drawn at random."""
    return others.filter(pl.col("id").is_in(sorted(first_by_hash(others["id"], count))))


def _auc_with_interval(members: pl.DataFrame, others: pl.DataFrame, column: str, settings: Settings) -> dict[str, Any]:
    """The AUC with its interval over whole subjects; `clusters` are the subjects of the side that has fewer.

    No AUC is taken to be known better than one without any error is from so many subjects: where every training record is
    told, a bootstrap of equal draws would claim certainty.
    """
    ours, theirs = members[column].to_numpy(), others[column].to_numpy()
    difference = ours[:, None] - theirs[None, :]
    above = (difference > 0) + 0.5 * (difference == 0)

    def auc_of(weights: Floats) -> Floats:
        mine, other = weights[:, : len(ours)], weights[:, len(ours) :]
        pairs = mine.sum(axis=1) * other.sum(axis=1)
        told: Floats = ((mine @ above) * other).sum(axis=1)
        shares: Floats = np.divide(told, pairs, out=np.full(len(pairs), np.nan), where=pairs > 0)
        return shares

    names = [*members["cluster"].to_list(), *others["cluster"].to_list()]
    estimate = settings.resampling(names).function_of_sums(sparse.eye_array(len(names), format="csr"), auc_of)
    clusters = min(members["cluster"].n_unique(), others["cluster"].n_unique())
    least = greatest_share(0, clusters, confidence=(1 + settings.confidence) / 2)
    return without_nan(
        {
            "auc": auc(ours, theirs),
            "low": max(0.0, min(estimate.low, estimate.value - least)),
            "high": min(1.0, max(estimate.high, estimate.value + least)),
            "clusters": clusters,
            "items": len(names),
        }
    )


def _shift(members: pl.DataFrame, others: pl.DataFrame, settings: Settings) -> dict[str, Any]:
    """Whether the base, which saw neither, tells the two apart by how likely it finds them, and sites of one side alone.

    Where it does, they differ by themselves, as by site or time, and the AUC shows that as well as memory (Das et al. 2024,
    "Blind baselines beat membership inference attacks for foundation models").
    """
    blind = _auc_with_interval(members, others, "base", settings)
    sites = [set(rows["site"].drop_nulls()) for rows in (members, others)]
    is_known = blind["low"] is not None
    return {
        "auc": blind["auc"],
        "low": blind["low"],
        "high": blind["high"],
        "is_shown": is_known and not blind["low"] <= 0.5 <= blind["high"],
        "sites_of_one_side": sorted(sites[0] ^ sites[1]),
    }
