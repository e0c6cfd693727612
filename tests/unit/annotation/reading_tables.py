"""Literal readings from the papers, and made-up ones, in the form the tests share."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import strategies as st

from acclimate.annotation.readings import Readings

KRIPPENDORFF_2011 = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]
"""Annotators × units, from "Computing Krippendorff's Alpha-Reliability"."""

# fmt: off
FLEISS_1971 = [
    "444444", "222555", "233335", "555555", "222444", "113333", "333355", "113334", "114444", "555555",
    "144444", "124444", "222333", "144444", "224445", "333335", "111455", "111112", "224444", "133555",
    "555555", "244444", "224555", "114444", "144445", "222224", "111155", "224444", "133333", "555555",
]
# fmt: on
"""Items × annotators: 30 patients, six psychiatrists each, five diagnoses ("Measuring nominal scale agreement")."""

# fmt: off
DAWID_SKENE_1979 = [
    "1111111", "3334334", "1122122", "2223121", "2223222", "2223322", "1222111", "3333433", "2222223",
    "2322223", "4444444", "2223343", "1111111", "2223212", "1211111", "1112111", "1111111", "1111111",
    "2222221", "2221322", "2222222", "2222221", "2223222", "2212222", "1111111", "1111111", "2322222",
    "1111111", "1111111", "1121121", "1111111", "3333233", "1111111", "2222222", "2223232", "4334343",
    "2212232", "2323233", "3333432", "1111111", "1111111", "1212111", "2322222", "1211111", "2222222",
]
# fmt: on
"""Patients × readings by anaesthetists 1, 1, 1, 2, 3, 4, 5 ("Maximum likelihood estimation of observer error-rates")."""


def contingency(cells) -> list[list[int]]:
    """Two annotators' labels with this many items in each cell: rows are the first one's labels."""
    pairs = [(row, column) for row, line in enumerate(cells) for column, items in enumerate(line) for _ in range(items)]
    return [list(given) for given in zip(*pairs, strict=True)]


def readings(by_annotator, labels=None) -> Readings:
    """Readings from one row of labels for each annotator; None is not read."""
    return Readings.from_table(table(by_annotator), labels=labels)


def table(by_annotator) -> pl.DataFrame:
    """One row a reading, items named i00000, i00001 and annotators a00, a01."""
    rows = [
        {"item": f"i{item:05}", "annotator": f"a{annotator:02}", "label": label}
        for annotator, given in enumerate(by_annotator)
        for item, label in enumerate(given)
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def matrices(labels=(1, 2, 3), min_annotators=2, missing=True):
    """Small tables of readings, annotators × items, with holes."""
    cell = st.sampled_from([*labels, None] if missing else list(labels))
    return st.integers(2, 8).flatmap(
        lambda items: st.lists(st.lists(cell, min_size=items, max_size=items), min_size=min_annotators, max_size=4)
    )


def simulated(*, items, accuracies, labels, seed):
    """True labels, and readings by annotators of known accuracy whose errors fall on the other labels evenly."""
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, labels, items)
    given = [
        np.where(generator.random(items) < accuracy, truth, (truth + generator.integers(1, labels, items)) % labels)
        for accuracy in accuracies
    ]
    return truth, readings([row.tolist() for row in given], labels=range(labels))
