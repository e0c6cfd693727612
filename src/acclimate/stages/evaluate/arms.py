"""Lines the arms of the comparison up: one row a test item, one column a metric and arm."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import polars as pl
import pyarrow as pa

from acclimate.core.artifacts import Artifact
from acclimate.core.errors import DataError
from acclimate.core.examples import question_and_answer
from acclimate.core.stage import Inputs
from acclimate.stages.evaluate.metrics import ANSWER_METRICS

ARMS = ("base", "prompted", "copy", "adapted")
"""What is compared: the base, the base with examples in its prompt, copied training answers, the adapted model."""

PEOPLE = "what people think of the answers"
"""What no evaluation without people can test."""

LIKELIHOOD = "bits_per_byte"
METRICS = (LIKELIHOOD, *ANSWER_METRICS)

ITEM_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("site", pa.string()),
        pa.field("cluster", pa.string(), nullable=False),
        pa.field("bytes", pa.int64(), nullable=False),
        *(pa.field(f"{metric}_{arm}", pa.float64()) for metric in METRICS for arm in ARMS),
    ]
)
"""One test item: null where an arm has no likelihood or gave no answer."""

_PAYLOAD = ("text", "prompt", "completion", "messages")
_COLUMNS = ["id", *_PAYLOAD, "site", "subject_id", "cluster_id", "attributes", "slices", "split", "parents"]


def read_test_records(records: Artifact, columns: Sequence[str] = _COLUMNS) -> pl.DataFrame:
    """The test records in the order of their ids; `cluster` is who or what several of them share."""
    table = pl.DataFrame(pl.from_arrow(records.table(columns)))
    test = table.filter(pl.col("split") == "test").sort("id")
    if test.is_empty():
        raise DataError(
            f"None of {table.height} records is in the test split, so nothing can be compared.",
            hint="raise split.fractions.test, or add a source with role: test",
        )
    return with_clusters(test)


def with_clusters(records: pl.DataFrame) -> pl.DataFrame:
    """The records with `cluster`: the subject, else the document, else the cluster of copies, else the record itself."""
    document = pl.col("parents").list.first()
    return records.with_columns(cluster=pl.coalesce("subject_id", document, "cluster_id", "id"))


def read_predictions(inputs: Inputs, arms: Sequence[str] = ARMS) -> dict[str, pl.DataFrame]:
    """The predictions of each arm that is there, all suites."""
    return {arm: pl.DataFrame(pl.from_arrow(inputs[arm].table())) for arm in arms if arm in inputs}


def abilities_of(inputs: Inputs) -> dict[str, str]:
    """The ability of each probe, from the records that measure retention."""
    if "general" not in inputs:
        return {}
    rows = inputs["general"].rows(["id", "attributes"])
    named = {row["id"]: {pair["name"]: pair["value"] for pair in row["attributes"] or ()} for row in rows}
    return {name: attributes["ability"] for name, attributes in named.items() if attributes.get("ability")}


def line_up(test: pl.DataFrame, predictions: Mapping[str, pl.DataFrame], *, has_answers: bool) -> pl.DataFrame:
    """The test items with each arm's metrics; answers only where their number is above zero in the arm."""
    references = reference_answers(test) if has_answers else {}
    items = test.select("id", "site", "cluster")
    sizes = None
    for arm, rows in predictions.items():
        task = rows.filter(pl.col("suite") == "task")
        check_same_items(arm, test["id"].to_list(), task["id"].to_list())
        items = items.join(_metrics_of_arm(arm, task, references), on="id", how="left", maintain_order="left")
        if sizes is None and not task["bytes"].has_nulls():
            sizes = task.select("id", "bytes")
    if sizes is None:
        raise DataError("No arm of the comparison has likelihoods.", hint="run predict.base and predict.adapted")
    missing = [name for name in ITEM_SCHEMA.names if name not in items.columns and name != "bytes"]
    items = items.with_columns(pl.lit(None, pl.Float64).alias(name) for name in missing)
    return items.join(sizes, on="id", how="left", maintain_order="left")


def reference_answers(test: pl.DataFrame) -> dict[str, str]:
    """The answer that each test item should get, by item."""
    return {record["id"]: question_and_answer(record)[1] for record in test.to_dicts()}


def asked(test: pl.DataFrame) -> dict[str, str]:
    """What stands in front of each test item's answer, by item."""
    return {record["id"]: question_and_answer(record)[0] for record in test.to_dicts()}


def _metrics_of_arm(arm: str, task: pl.DataFrame, references: Mapping[str, str]) -> pl.DataFrame:
    """One column a metric. Bits per byte are per item here; totals weigh items by their bytes."""
    per_byte = pl.when(pl.col("bytes") > 0).then(pl.col("nats") / math.log(2) / pl.col("bytes"))
    columns = [per_byte.alias(f"{LIKELIHOOD}_{arm}")]
    answered = dict(task.filter(pl.col("generated").is_not_null()).select("id", "generated").iter_rows())
    for name, metric in ANSWER_METRICS.items():
        values = [
            metric(references[item], answered[item]) if item in answered and references else None
            for item in task["id"].to_list()
        ]
        columns.append(pl.lit(pl.Series(values, dtype=pl.Float64)).alias(f"{name}_{arm}"))
    return task.select("id", *columns)


def check_same_items(arm: str, wanted: Sequence[str], given: Sequence[str]) -> None:
    """An arm must have predicted exactly the test items, each once; else the comparison would not be paired."""
    if sorted(given) == sorted(wanted):
        return
    missing = sorted(set(wanted) - set(given))
    named = f"; the first that is missing is {missing[0]}" if missing else ""
    raise DataError(
        f"The predictions of {arm} cover {len(set(given) & set(wanted))} of {len(wanted)} test records{named}.",
        hint="run predict again for these records",
    )
