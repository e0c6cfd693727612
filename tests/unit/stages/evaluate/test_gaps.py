"""Gaps between groups: planted ones are found on the side where they are, and nothing is told of what has no others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest

from acclimate.stages.evaluate.compare import Group, Settings
from acclimate.stages.evaluate.gaps import SERVED_BETTER, SERVED_WORSE, Gap, group_gaps

SETTINGS = Settings(resamples=400, confidence=0.95, min_clusters=10, seed=0)


def items(*, people: int, worse: float, base_worse: float = 0.0) -> pl.DataFrame:
    """Two items of each person; the first half of the people needs so many more bits a byte."""
    draw = np.random.default_rng(0)
    number = np.arange(2 * people)
    first = number < people
    noise = draw.normal(0, 0.05, 2 * people)
    return pl.DataFrame(
        {
            "id": [f"r{one}" for one in number],
            "cluster": [f"p{one // 2}" for one in number],
            "bytes": 10 + number % 7,
            "bits_per_byte_adapted": 1.0 + worse * first + noise,
            "bits_per_byte_base": 2.0 + base_worse * first + noise,
            "rouge_l_adapted": 0.5 - worse * first + noise,
            "rouge_l_base": [None] * len(number),
        },
        schema_overrides={"rouge_l_base": pl.Float64},
    )


def halves(rows: pl.DataFrame, group: str = "sex") -> list[Group]:
    people = rows.height // 2
    return [Group(group, "F", rows[:people]), Group(group, "M", rows[people:])]


def gaps_of(rows: pl.DataFrame, groups: Sequence[Group] | None = None, metric: str = "bits_per_byte") -> list[Gap]:
    return group_gaps(rows, halves(rows) if groups is None else groups, SETTINGS, metrics=(metric,))


@pytest.mark.parametrize("metric", ["bits_per_byte", "rouge_l"])
def test_the_group_that_is_worse_off_is_named_whichever_way_the_metric_points(metric: str) -> None:
    worse, better = gaps_of(items(people=40, worse=0.3), metric=metric)
    assert (worse.value, worse.verdict, better.value, better.verdict) == ("F", SERVED_WORSE, "M", SERVED_BETTER)
    assert worse.worse_by.low < 0.3 < worse.worse_by.high
    assert worse.worse_by.value == pytest.approx(-better.worse_by.value)
    assert (worse.worse_by.clusters, worse.worse_by.items, worse.inside > worse.outside) == (
        20,
        40,
        metric != "rouge_l",
    )


def test_a_gap_that_the_base_has_too_is_not_widened() -> None:
    as_before, _ = gaps_of(items(people=40, worse=0.3, base_worse=0.3))
    wider, _ = gaps_of(items(people=40, worse=0.3))
    assert as_before.widened is not None and as_before.widened.value == pytest.approx(0)
    assert wider.widened is not None and wider.widened.low > 0.2


def test_equal_groups_show_no_difference_and_few_people_are_insufficient() -> None:
    assert {gap.verdict for gap in gaps_of(items(people=40, worse=0.0))} == {"no difference shown"}
    assert {gap.verdict for gap in gaps_of(items(people=12, worse=0.3))} == {"insufficient evidence"}


def test_a_metric_without_the_base_is_measured_all_the_same() -> None:
    gap, _ = gaps_of(items(people=40, worse=0.3), metric="rouge_l")
    assert gap.widened is None and gap.to_json()["widened"] is None


def test_an_attribute_of_one_value_has_no_others_but_a_slice_has() -> None:
    rows = items(people=40, worse=0.3)
    assert gaps_of(rows, [Group("sex", "F", rows)]) == []
    [gap] = gaps_of(rows, [Group("slice", "long", rows[:40])])
    assert gap.verdict == SERVED_WORSE


def test_what_is_written_is_plain_json() -> None:
    row = gaps_of(items(people=40, worse=0.3))[0].to_json()
    assert (row["group"], row["value"], row["clusters"]) == ("sex", "F", 20)
    assert row["low"] < row["worse_by"] < row["high"] and row["p_holm"] < 0.05
