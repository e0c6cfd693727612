"""What to gather, and how much: groups whose test subjects are too few for a figure that says something.

The half-width of Wilson's interval for a share is widest at one half, where it is z / (2 √(n + z²)) (Wilson 1927); so
n = z² (1 / (4 h²) − 1) subjects give a half-width of h or better. Records of one subject are taken for one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import polars as pl
from scipy import stats


def subjects_needed(half_width: float, *, confidence: float) -> int:
    """Test subjects after which any share is known to within `half_width`.

    >>> subjects_needed(0.1, confidence=0.95)
    93
    """
    z = float(stats.norm.ppf((1 + confidence) / 2))
    return math.ceil(z**2 * (1 / (4 * half_width**2) - 1) - 1e-9)


def half_width(subjects: int, *, confidence: float) -> float:
    """How exactly a share is known on so many subjects, at its worst.

    >>> round(half_width(93, confidence=0.95), 3), half_width(0, confidence=0.95)
    (0.1, 0.5)
    """
    z = float(stats.norm.ppf((1 + confidence) / 2))
    return z / (2 * math.sqrt(subjects + z**2))


def collection_plan(
    facts: pl.DataFrame, groups: Mapping[str, pl.Series], *, wanted: float, confidence: float
) -> list[dict[str, Any]]:
    """Every site and attribute value with its subjects, how exactly the test set measures it, and what is lacking.

    `to_gather` is in new subjects of the group, of whom the split sends the same share to the test set as until now; null
    where it has sent none. One person counts for the site and every attribute value they have: the numbers do not add up.
    """
    needed = subjects_needed(wanted, confidence=confidence)
    is_test = facts["split"] == "test"
    share = _subjects(facts.filter(is_test)) / max(1, _subjects(facts))
    rows = []
    for group, values in groups.items():
        members = facts.select("cluster", "split").with_columns(value=values).drop_nulls("value")
        for (value,), part in sorted(members.partition_by("value", as_dict=True).items()):
            tested = _subjects(part.filter(pl.col("split") == "test"))
            lacking = max(0, needed - tested)
            rows.append(
                {
                    "group": group,
                    "value": str(value),
                    "records": part.height,
                    "subjects": _subjects(part),
                    "train_subjects": _subjects(part.filter(pl.col("split") == "train")),
                    "test_subjects": tested,
                    "half_width": round(half_width(tested, confidence=confidence), 4),
                    "needed": needed,
                    "to_gather": math.ceil(lacking / share) if share else None,
                }
            )
    return rows


def _subjects(part: pl.DataFrame) -> int:
    return part["cluster"].n_unique()
