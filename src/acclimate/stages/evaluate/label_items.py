"""Lines up what each arm told of the labelled test items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import pyarrow as pa

from acclimate.core.errors import DataError
from acclimate.core.labels import reference_label
from acclimate.stages.evaluate.arms import check_same_items
from acclimate.stages.evaluate.label_metrics import METRICS, Answers, Codes, Floats, Metric

LABEL_ARMS = ("base", "tfidf", "majority", "adapted")
"""What is compared: a logistic regression on the untrained encoder's vectors, one on words, counting, the classifier."""

LABEL_ITEM_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("site", pa.string()),
        pa.field("cluster", pa.string(), nullable=False),
        pa.field("label", pa.string(), nullable=False),
        *(pa.field(f"label_{arm}", pa.string()) for arm in LABEL_ARMS),
        *(pa.field(f"confidence_{arm}", pa.float64()) for arm in LABEL_ARMS),
        *(pa.field(f"probability_{arm}", pa.float64()) for arm in LABEL_ARMS),
    ]
)
"""One labelled test item: its label, what each arm told with what confidence, and the probability it gave the label."""


@dataclass(frozen=True)
class LabelledItems:
    """The labelled test items in one order. `names` are the labels that arms tell, then those that training lacks."""

    records: pl.DataFrame
    names: tuple[str, ...]
    told_apart: int
    truth: Codes
    probabilities: Mapping[str, Floats]

    @property
    def clusters(self) -> list[str]:
        """Who or what several items share."""
        return self.records["cluster"].to_list()

    @property
    def arms(self) -> Sequence[str]:
        """Those that are there."""
        return list(self.probabilities)

    @property
    def metrics(self) -> Mapping[str, Metric[Answers]]:
        """By name, how good answers are."""
        return METRICS

    def answers(self, arm: str) -> Answers:
        """What an arm told."""
        return Answers(self.probabilities[arm], self.truth, len(self.names))

    def at(self, places: Sequence[int]) -> LabelledItems:
        """Some of the items."""
        parts = {arm: told[places] for arm, told in self.probabilities.items()}
        return replace(self, records=self.records[places], truth=self.truth[places], probabilities=parts)

    def table(self) -> pa.Table:
        """In the schema of labelled items."""
        columns = {"id": self.records["id"], "site": self.records["site"], "cluster": self.records["cluster"]}
        columns["label"] = pl.Series([self.names[code] for code in self.truth], dtype=pl.String)
        for arm in self.arms:
            answers = self.answers(arm)
            columns[f"label_{arm}"] = pl.Series([self.names[code] for code in answers.told], dtype=pl.String)
            columns[f"confidence_{arm}"] = pl.Series(answers.confidence)
            columns[f"probability_{arm}"] = pl.Series(answers.own)
        table = pl.DataFrame(columns)
        missing = [name for name in LABEL_ITEM_SCHEMA.names if name not in table.columns]
        empty = [
            pl.lit(None).cast(pl.String if name.startswith("label") else pl.Float64).alias(name) for name in missing
        ]
        return table.with_columns(empty).select(LABEL_ITEM_SCHEMA.names).to_arrow()


def line_up_labels(test: pl.DataFrame, predictions: Mapping[str, pl.DataFrame]) -> LabelledItems:
    """The test records that have a label, with the probabilities of each arm. Raises DataError where none has one."""
    references = [reference_label(record) for record in test.select("id", "label", "label_weights").to_dicts()]
    labelled = [place for place, label in enumerate(references) if label is not None]
    if not labelled:
        raise DataError(
            f"None of {test.height} test records has a label, so nothing can be compared.",
            hint="map the column that holds it, for example: columns: {text: message, label: category}",
        )
    told_apart, tables = probability_tables(test["id"].to_list(), predictions)
    probabilities = {arm: table[labelled] for arm, table in tables.items()}
    wanted = [str(references[place]) for place in labelled]
    names = (*told_apart, *sorted(set(wanted) - set(told_apart)))
    codes = np.array([names.index(label) for label in wanted], dtype=np.int64)
    return LabelledItems(test[labelled], names, len(told_apart), codes, probabilities)


def probability_tables(
    wanted: Sequence[str], predictions: Mapping[str, pl.DataFrame]
) -> tuple[list[str], dict[str, Floats]]:
    """The labels that all arms tell, and how likely each arm finds each of each test record, in their order."""
    tables = {arm: _probabilities(arm, rows, wanted) for arm, rows in predictions.items()}
    told_apart = next(iter(tables.values())).columns
    for arm, table in tables.items():
        if set(table.columns) != set(told_apart):
            raise DataError(
                f"The predictions of {arm} tell other labels apart than those of {next(iter(tables))}.",
                hint="run predict again for both, on the same split",
            )
    return told_apart, {arm: table.select(told_apart).to_numpy() for arm, table in tables.items()}


def _probabilities(arm: str, rows: pl.DataFrame, wanted: Sequence[str]) -> pl.DataFrame:
    """One column a label, one row a test record, in their order."""
    check_same_items(arm, wanted, rows["id"].to_list())
    told = pl.DataFrame({"id": wanted}).join(rows.select("id", "probabilities"), on="id", how="left")
    return pl.DataFrame([{one["label"]: one["probability"] for one in row} for row in told["probabilities"].to_list()])
