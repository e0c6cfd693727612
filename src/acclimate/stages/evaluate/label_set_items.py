"""Lines up which labels each arm told of the test items, where an item may have any number."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import pyarrow as pa

from acclimate.core.errors import DataError
from acclimate.core.label_sets import reference_labels
from acclimate.stages.evaluate.label_items import LABEL_ARMS, probability_tables
from acclimate.stages.evaluate.label_metrics import Floats, Metric
from acclimate.stages.evaluate.label_set_metrics import SET_METRICS, SetAnswers

LABEL_SET_ITEM_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("site", pa.string()),
        pa.field("cluster", pa.string(), nullable=False),
        pa.field("labels", pa.list_(pa.string()), nullable=False),
        *(pa.field(f"labels_{arm}", pa.list_(pa.string())) for arm in LABEL_ARMS),
        *(pa.field(f"nats_{arm}", pa.float64()) for arm in LABEL_ARMS),
    ]
)
"""One test item whose labels are known: they, what each arm told, and the nats of its labels under each arm, null where
training lacks one of them."""


@dataclass(frozen=True)
class LabelSetItems:
    """The test items in one order. `names` are the labels that arms tell, then those that training lacks.

    `has` is items × names; `probabilities` and `told` are by arm, items × labels that arms tell.
    """

    records: pl.DataFrame
    names: tuple[str, ...]
    told_apart: int
    has: Floats
    probabilities: Mapping[str, Floats]
    told: Mapping[str, Floats]

    @property
    def clusters(self) -> list[str]:
        """Who or what several items share."""
        return self.records["cluster"].to_list()

    @property
    def arms(self) -> Sequence[str]:
        """Those that are there."""
        return list(self.probabilities)

    @property
    def metrics(self) -> Mapping[str, Metric[SetAnswers]]:
        """By name, how good answers are."""
        return SET_METRICS

    @property
    def beyond(self) -> int:
        """How many items have a label that training lacks."""
        return int(self.has[:, self.told_apart :].any(axis=1).sum())

    def answers(self, arm: str) -> SetAnswers:
        """What an arm told."""
        padded = np.pad(self.told[arm], ((0, 0), (0, len(self.names) - self.told_apart)))
        return SetAnswers(self.probabilities[arm], padded, self.has)

    def at(self, places: Sequence[int]) -> LabelSetItems:
        """Some of the items."""
        probabilities, told = (
            {arm: values[places] for arm, values in by_arm.items()} for by_arm in (self.probabilities, self.told)
        )
        return replace(self, records=self.records[places], has=self.has[places], probabilities=probabilities, told=told)

    def named(self, has: Floats) -> list[list[str]]:
        """The names of the labels of each item."""
        return [[self.names[code] for code in np.flatnonzero(row)] for row in has]

    def table(self) -> pa.Table:
        """In the schema of these items."""
        columns = {name: self.records[name].to_list() for name in ("id", "site", "cluster")}
        columns["labels"] = self.named(self.has)
        nothing = [None] * self.records.height
        for arm in LABEL_ARMS:
            answers = self.answers(arm) if arm in self.arms else None
            columns[f"labels_{arm}"] = nothing if answers is None else self.named(answers.told)
            nats = nothing if answers is None else answers.nats.tolist()
            columns[f"nats_{arm}"] = [None if one is None or one != one else one for one in nats]
        return pa.Table.from_pydict(columns, schema=LABEL_SET_ITEM_SCHEMA)


def line_up_label_sets(test: pl.DataFrame, predictions: Mapping[str, pl.DataFrame]) -> LabelSetItems:
    """The test records whose labels are known, with what each arm told. Raises DataError where none are."""
    references = [reference_labels(record) for record in test.select("id", "label", "label_weights").to_dicts()]
    known = [place for place, labels in enumerate(references) if labels is not None]
    if not known:
        raise DataError(
            f"None of {test.height} test records says which labels it has, so nothing can be compared.",
            hint="map the column that holds them, for example: columns: {text: message, labels: topics}",
        )
    wanted = [references[place] or frozenset() for place in known]
    told_apart, tables = probability_tables(test["id"].to_list(), predictions)
    names = (*told_apart, *sorted(set().union(*wanted) - set(told_apart)))
    told = {arm: _told(test["id"].to_list(), rows, told_apart)[known] for arm, rows in predictions.items()}
    probabilities = {arm: table[known] for arm, table in tables.items()}
    return LabelSetItems(test[known], names, len(told_apart), _coded(wanted, names), probabilities, told)


def _told(ids: Sequence[str], rows: pl.DataFrame, names: Sequence[str]) -> Floats:
    by_id = dict(rows.select("id", "labels").iter_rows())
    return _coded([by_id[name] or () for name in ids], names)


def _coded(sets: Sequence[Collection[str]], names: Sequence[str]) -> Floats:
    """1 where a set has a label: sets × names."""
    return np.array([[float(name in labels) for name in names] for labels in sets]).reshape(len(sets), len(names))
