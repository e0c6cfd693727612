"""Lines up what base and adapted model find of two answers to each test prompt: one row a pair, one column a metric and arm."""

from __future__ import annotations

import math
from collections.abc import Mapping

import polars as pl
import pyarrow as pa

from acclimate.core.artifacts import Artifact
from acclimate.core.errors import DataError
from acclimate.core.preferences import preference_fault, prompt_digest
from acclimate.stages.evaluate.arms import LIKELIHOOD, check_same_items, read_test_records

PAIR_ARMS = ("base", "longer", "shorter", "adapted")
"""What is compared: the base, the rules that the longer or the shorter answer is better, the adapted model."""

REWARD, REWARD_PER_TOKEN = "reward_accuracy", "reward_accuracy_per_token"
ACCURACY, ACCURACY_PER_TOKEN = "likelihood_accuracy", "likelihood_accuracy_per_token"
ACCURACIES = (REWARD, REWARD_PER_TOKEN, ACCURACY, ACCURACY_PER_TOKEN)
"""How often the chosen answer wins: it gained more over the base (DPO's implicit reward, the sum or the mean over its tokens;
the base has gained nothing, which counts half), or it is the likelier one (the sum or the mean)."""

PAIR_METRICS = (*ACCURACIES, LIKELIHOOD)

PAIR_ITEM_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("site", pa.string()),
        pa.field("cluster", pa.string(), nullable=False),
        pa.field("bytes", pa.int64(), nullable=False),
        pa.field("bytes_rejected", pa.int64(), nullable=False),
        pa.field("margin", pa.float64(), nullable=False),
        pa.field("characters_base", pa.int64()),
        pa.field("characters_adapted", pa.int64()),
        *(pa.field(f"{metric}_{arm}", pa.float64()) for metric in PAIR_METRICS for arm in PAIR_ARMS),
    ]
)
"""One pair: 1 where an arm finds the chosen answer better, 0 the rejected one, ½ neither; bits per byte are the chosen one's.

`bytes` are the chosen answer's. `margin` is how many nats more the chosen answer gained than the rejected one.
`characters_<arm>` is the length of the generated answer to the prompt, null where none was asked for.
"""

_COLUMNS = ["id", "prompt", "messages", "chosen", "rejected"]
_COLUMNS += ["site", "subject_id", "cluster_id", "attributes", "slices", "split", "parents"]


def read_test_pairs(records: Artifact) -> pl.DataFrame:
    """The test records that are preferences, by id; `cluster` is who, which document or which prompt several share."""
    test = read_test_records(records, _COLUMNS)
    rows = test.select("id", "prompt", "messages", "chosen", "rejected").to_dicts()
    sound = test.with_columns(prompt=pl.Series([prompt_digest(row) for row in rows], dtype=pl.String)).filter(
        pl.Series([preference_fault(row) is None for row in rows])
    )
    if sound.is_empty():
        raise DataError(
            f"None of {test.height} test records is a pair of answers to a prompt, so nothing can be compared.",
            hint="map the columns, for example: columns: {prompt: question, chosen: better, rejected: worse}",
        )
    document = pl.col("parents").list.first()
    return sound.with_columns(cluster=pl.coalesce("subject_id", document, "prompt"))


def line_up_pairs(test: pl.DataFrame, predictions: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The pairs in the order of the test records, in the schema of pairs."""
    scored = [_scored(arm, predictions[arm], test["id"].to_list()) for arm in ("base", "adapted")]
    sizes = predictions["base"].filter(pl.col("suite") == "task")
    chosen, rejected = (
        sizes.filter(pl.col("candidate") == side).select(
            "id", pl.col("bytes").alias(f"bytes_{side}"), pl.max_horizontal("tokens", 1).alias(f"tokens_{side}")
        )
        for side in ("chosen", "rejected")
    )
    pairs = test.select("id", "site", "cluster")
    for table in (chosen, rejected, *scored):
        pairs = pairs.join(table, on="id", how="left", maintain_order="left")
    return (
        pairs.with_columns(*_rewards(), *_likelihoods())
        .with_columns(*_rules())
        .select(
            pl.col("bytes_chosen").alias(name) if name == "bytes" else pl.col(name) for name in PAIR_ITEM_SCHEMA.names
        )
    )


def _scored(arm: str, rows: pl.DataFrame, wanted: list[str]) -> pl.DataFrame:
    """The nats of both answers, and how long the generated one is."""
    task = rows.filter(pl.col("suite") == "task")
    chosen, rejected = (task.filter(pl.col("candidate") == side) for side in ("chosen", "rejected"))
    for side in (chosen, rejected):
        check_same_items(arm, wanted, side["id"].to_list())
    written = pl.col("generated").str.len_chars().cast(pl.Int64)
    return chosen.select("id", pl.col("nats").alias(f"chosen_{arm}"), written.alias(f"characters_{arm}")).join(
        rejected.select("id", pl.col("nats").alias(f"rejected_{arm}")), on="id"
    )


def _rewards() -> list[pl.Expr]:
    gained, lost = (pl.col(f"{side}_base") - pl.col(f"{side}_adapted") for side in ("chosen", "rejected"))
    of_token = gained / pl.col("tokens_chosen") - lost / pl.col("tokens_rejected")
    return [
        (gained - lost).alias("margin"),
        _right(gained - lost).alias(f"{REWARD}_adapted"),
        _right(of_token).alias(f"{REWARD_PER_TOKEN}_adapted"),
        pl.lit(0.5).alias(f"{REWARD}_base"),
        pl.lit(0.5).alias(f"{REWARD_PER_TOKEN}_base"),
    ]


def _likelihoods() -> list[pl.Expr]:
    found = []
    for arm in ("base", "adapted"):
        chosen, rejected = pl.col(f"chosen_{arm}"), pl.col(f"rejected_{arm}")
        of_token = rejected / pl.col("tokens_rejected") - chosen / pl.col("tokens_chosen")
        per_byte = pl.when(pl.col("bytes_chosen") > 0).then(chosen / math.log(2) / pl.col("bytes_chosen"))
        found += [
            _right(rejected - chosen).alias(f"{ACCURACY}_{arm}"),
            _right(of_token).alias(f"{ACCURACY_PER_TOKEN}_{arm}"),
            per_byte.alias(f"{LIKELIHOOD}_{arm}"),
        ]
    return found


def _rules() -> list[pl.Expr]:
    """The rules know nothing but lengths, so that they are the same in every accuracy and have no likelihood."""
    difference = pl.col("bytes_chosen") - pl.col("bytes_rejected")
    longer, shorter = _right(difference), _right(-difference)
    accuracies = [
        rule.alias(f"{metric}_{arm}")
        for metric in ACCURACIES
        for arm, rule in (("longer", longer), ("shorter", shorter))
    ]
    return accuracies + [pl.lit(None, pl.Float64).alias(f"{LIKELIHOOD}_{arm}") for arm in ("longer", "shorter")]


def _right(difference: pl.Expr) -> pl.Expr:
    return (difference.sign().cast(pl.Float64) + 1) / 2
