"""Agreement on labels: percent agreement, Cohen, Fleiss, Krippendorff and Gwet.

Each coefficient differs from the others only in what it expects of chance. All are functions of sums over items.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal, get_args

import numpy as np

from acclimate.annotation.agreement.figure import (
    DEFAULT_BOOTSTRAP,
    Agreement,
    Bootstrap,
    Disagreement,
    Figure,
    TooFewReadingsError,
)
from acclimate.annotation.readings import Codes, Floats, Label, Readings
from acclimate.core.errors import ConfigError, DataError

Weights = Literal["unweighted", "linear", "quadratic"]
Metric = Literal["nominal", "ordinal", "interval", "ratio"]


def percent_agreement(readings: Readings, *, bootstrap: Bootstrap = DEFAULT_BOOTSTRAP) -> Agreement:
    """The share of pairs of annotators that agree, averaged over items; chance is not taken out.

    >>> import polars as pl
    >>> rows = {"item": ["a", "a", "b", "b"], "annotator": ["x", "y"] * 2, "label": ["yes", "yes", "no", "yes"]}
    >>> percent_agreement(Readings.from_table(pl.DataFrame(rows))).value
    0.5
    """
    paired = _paired(readings)
    columns = np.column_stack([_disagreeing_share(paired.counts, _weights(readings, "unweighted")), _ones(paired)])

    def disagreement(sums: Floats) -> Disagreement:
        return Disagreement(sums[:, 0] / sums[:, 1], np.ones(len(sums)))

    return _figure("percent_agreement", paired, columns, disagreement).agreement(bootstrap)


def cohen_kappa(
    readings: Readings, *, weights: Weights = "unweighted", bootstrap: Bootstrap = DEFAULT_BOOTSTRAP
) -> Agreement:
    """Cohen's kappa of two annotators (Cohen 1960; weighted: Cohen 1968), on the items that both read.

    Linear and quadratic weights count steps on the scale `readings.labels`. Raises DataError unless there are exactly
    two annotators; `by_pair` gives every pair of more.
    """
    both = _paired(readings)
    if len(both.annotators) != 2:
        raise DataError(
            f"Cohen's kappa compares two annotators, these readings have {len(both.annotators)}.",
            hint="take fleiss_kappa or krippendorff_alpha for all of them, or by_pair for each two",
        )
    cost = _weights(readings, weights)
    first, second = _label_of(both, 0), _label_of(both, 1)
    identity = np.eye(len(cost))
    columns = np.column_stack([cost[first, second], identity[first], identity[second]])

    def disagreement(sums: Floats) -> Disagreement:
        of_first, of_second = np.split(sums[:, 1:], 2, axis=1)
        items = of_first.sum(axis=1)
        return Disagreement(sums[:, 0] / items, _expected(of_first, of_second, cost) / items**2)

    return _figure("cohen_kappa", both, columns, disagreement).agreement(bootstrap)


def fleiss_kappa(
    readings: Readings, *, weights: Weights = "unweighted", bootstrap: Bootstrap = DEFAULT_BOOTSTRAP
) -> Agreement:
    """Fleiss' kappa of any number of annotators (Fleiss 1971).

    Where items differ in how many read them, Gwet's extension (2014, Handbook of Inter-Rater Reliability, ch. 2 and 3):
    items read twice tell the observed agreement, all items tell how common a label is.
    """
    cost = _weights(readings, weights)

    def expected(shares: Floats) -> Floats:
        return _expected(shares, shares, cost)

    return _by_label_shares("fleiss_kappa", readings, cost, expected, bootstrap)


def gwet_ac1(
    readings: Readings, *, weights: Weights = "unweighted", bootstrap: Bootstrap = DEFAULT_BOOTSTRAP
) -> Agreement:
    """Gwet's AC1, or AC2 with linear or quadratic weights (Gwet 2008; with missing readings: Gwet 2014).

    Stays near percent agreement where one label is rare. It depends on how many labels the scale has, so name the
    scale when reading the table; a scale of one label gives NaN.
    """
    cost = _weights(readings, weights)
    size = len(cost)
    agreeing_cells = size**2 - cost.sum()

    def expected(shares: Floats) -> Floats:
        if size < 2:
            return np.zeros(len(shares))
        agreement = agreeing_cells / (size * (size - 1)) * (shares * (1 - shares)).sum(axis=1)
        return np.asarray(1 - agreement)

    name = "gwet_ac1" if weights == "unweighted" else "gwet_ac2"
    return _by_label_shares(name, readings, cost, expected, bootstrap)


def krippendorff_alpha(
    readings: Readings, *, metric: Metric = "nominal", bootstrap: Bootstrap = DEFAULT_BOOTSTRAP
) -> Agreement:
    """Krippendorff's alpha of any number of annotators with any readings missing (Krippendorff 2011).

    `ordinal` takes the order of `readings.labels`; `interval` and `ratio` take the labels as numbers. In the
    bootstrap the ordinal distances stay those of all items, as in Krippendorff's own. Raises DataError where labels
    are no numbers, or negative for `ratio`.
    """
    paired = _paired(readings)
    counts = paired.counts
    cost = _squared_differences(readings.labels, counts.sum(axis=0), metric)
    others = counts.sum(axis=1) - 1
    columns = np.column_stack([_disagreeing_pairs(counts, cost) / others, counts])

    def disagreement(sums: Floats) -> Disagreement:
        totals = sums[:, 1:]
        values = totals.sum(axis=1)
        return Disagreement(sums[:, 0] / values, _expected(totals, totals, cost) / (values * (values - 1)))

    return _figure(f"krippendorff_alpha_{metric}", paired, columns, disagreement).agreement(bootstrap)


def _by_label_shares(
    name: str, readings: Readings, cost: Floats, expected: Callable[[Floats], Floats], bootstrap: Bootstrap
) -> Agreement:
    """A coefficient whose chance depends on how common each label is."""
    paired = _paired(readings)
    counts = readings.counts
    read_twice = (counts.sum(axis=1) > 1).astype(np.float64)
    shares = counts / counts.sum(axis=1, keepdims=True)
    columns = np.column_stack([_disagreeing_share(counts, cost), read_twice, shares])

    def disagreement(sums: Floats) -> Disagreement:
        common = sums[:, 2:] / sums[:, 2:].sum(axis=1, keepdims=True)
        observed = np.full(len(sums), np.nan)
        np.divide(sums[:, 0], sums[:, 1], out=observed, where=sums[:, 1] > 0)
        return Disagreement(observed, expected(common))

    figure = _figure(name, paired, columns, disagreement)
    return replace(figure, clusters=readings.clusters).agreement(bootstrap)


def _figure(name: str, paired: Readings, columns: Floats, disagreement: Callable[[Floats], Disagreement]) -> Figure:
    return Figure(
        coefficient=name,
        columns=columns,
        disagreement=disagreement,
        clusters=paired.clusters,
        items=len(paired.items),
        readings=len(paired.item),
        annotators=len(paired.annotators),
    )


def _paired(readings: Readings) -> Readings:
    """The readings of items that two or more annotators read; raises where nobody can be compared."""
    cells = readings.item * len(readings.annotators) + readings.annotator
    if len(np.unique(cells)) < len(cells):
        repeated = int(np.flatnonzero(np.bincount(cells) > 1)[0])
        item, annotator = divmod(repeated, len(readings.annotators))
        raise DataError(
            f"Annotator {readings.annotators[annotator]} read item {readings.items[item]} more than once.",
            hint="agreement compares people: keep one reading of each; to compare one person's readings, "
            "name each pass as an annotator",
        )
    read_twice = np.bincount(readings.item, minlength=len(readings.items)) > 1
    if not read_twice.any():
        raise TooFewReadingsError(
            f"No item of {len(readings.items)} has two readings, so there is nothing to compare.",
            hint="let a second annotator read some of the same items",
        )
    return readings.only_items([name for name, twice in zip(readings.items, read_twice, strict=True) if twice])


def _label_of(readings: Readings, annotator: int) -> Codes:
    """What this annotator gave each item; all items must be read."""
    by_annotator = readings.annotator == annotator
    labels = np.empty(len(readings.items), dtype=np.int64)
    labels[readings.item[by_annotator]] = readings.label[by_annotator]
    return labels


def _ones(readings: Readings) -> Floats:
    return np.ones(len(readings.items))


def _disagreeing_pairs(counts: Floats, cost: Floats) -> Floats:
    """The cost of all ordered pairs of readings of each item."""
    return np.asarray(((counts @ cost) * counts).sum(axis=1))


def _disagreeing_share(counts: Floats, cost: Floats) -> Floats:
    """The mean cost of two readings of each item; 0 for items read once."""
    readings = counts.sum(axis=1)
    return np.asarray(_disagreeing_pairs(counts, cost) / np.maximum(readings * (readings - 1), 1))


def _expected(first: Floats, second: Floats, cost: Floats) -> Floats:
    """The cost of every pair of one of the first and one of the second, draw by draw."""
    return np.asarray(((first @ cost) * second).sum(axis=1))


def _weights(readings: Readings, weights: Weights) -> Floats:
    """What it costs to give one label where another gave the other: 0 on the diagonal, at most 1."""
    _require_known(weights, Weights, "weights")
    steps = np.abs(np.subtract.outer(np.arange(len(readings.labels)), np.arange(len(readings.labels))))
    if weights == "unweighted":
        return np.asarray(steps > 0, dtype=np.float64)
    return np.asarray((steps / max(1, len(steps) - 1)) ** (1 if weights == "linear" else 2))


def _squared_differences(labels: tuple[Label, ...], totals: Floats, metric: Metric) -> Floats:
    """Krippendorff's δ² of every two labels."""
    _require_known(metric, Metric, "metric")
    if metric == "nominal":
        return np.asarray(1 - np.eye(len(labels)))
    if metric == "ordinal":
        # The sum of all counts from one label to the other less half of both ends is a difference of mid-ranks.
        middle = np.cumsum(totals) - totals / 2
        return np.asarray(np.subtract.outer(middle, middle) ** 2)
    values = _numbers(labels)
    difference = np.subtract.outer(values, values) ** 2
    if metric == "interval":
        return np.asarray(difference)
    if values.min() < 0:
        raise DataError(
            f"The ratio metric needs labels of zero or more, the lowest is {values.min():g}.",
            hint="take metric interval",
        )
    together = np.add.outer(values, values) ** 2
    return np.asarray(np.divide(difference, together, out=np.zeros_like(difference), where=together > 0))


def _numbers(labels: tuple[Label, ...]) -> Floats:
    try:
        return np.array([float(label) for label in labels])
    except ValueError:
        raise DataError(
            "Some labels are no numbers, so they have no distances.",
            hint="take metric nominal, or ordinal with the labels named in their order",
        ) from None


def _require_known(value: str, known: object, name: str) -> None:
    if value not in get_args(known):
        raise ConfigError(f"{name} is {value!r}.", hint=f"take one of {', '.join(get_args(known))}")
