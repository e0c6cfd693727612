"""Divisions by time, by site, and stratified ones."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acclimate.core.errors import DataError
from acclimate.stages.split import STAGE
from acclimate.stages.split.draw import Group, draw_newest

START = datetime(2020, 1, 1, tzinfo=UTC)
FRACTIONS = {"train": 0.8, "validation": 0.1, "test": 0.1}


def visit(day: int, **columns: object) -> dict[str, object]:
    return {"id": f"d{day:02}", "text": f"visit {day}", "collected_at": START + timedelta(days=day), **columns}


TWENTY = [visit(day) for day in range(20)]


def splits(result):
    return {id: row["split"] for id, row in result.kept.items()}


def test_by_time_the_newest_are_test_and_those_before_them_validation(run_stage):
    result = run_stage(STAGE, TWENTY, {"by": "time"})
    found = splits(result)
    assert [id for id, split in sorted(found.items()) if split == "test"] == ["d18", "d19"]
    assert [id for id, split in sorted(found.items()) if split == "validation"] == ["d16", "d17"]
    assert result.report.metrics["time"] == {"learning_after_cut": 0, "undated": 0}


def test_by_time_a_subject_is_as_new_as_the_newest_record(run_stage):
    rows = [visit(0, subject_id="p"), *TWENTY[1:19], visit(19, subject_id="p")]
    result = run_stage(STAGE, rows, {"by": "time"})
    assert {splits(result)[id] for id in ("d00", "d19")} == {"test"}


def test_by_time_undated_records_are_trained_on_and_warned_of(run_stage):
    undated = {"id": "undated", "text": "undated"}
    result = run_stage(STAGE, [*TWENTY, undated], {"by": "time"})
    assert splits(result)["undated"] == "train"
    assert any("1 records have no collected_at" in warning for warning in result.report.warnings)


def test_by_time_a_frozen_test_file_that_is_not_in_the_future_is_warned_of(run_stage):
    result = run_stage(STAGE, [*TWENTY[1:], visit(0, split="test")], {"by": "time"})
    assert result.report.metrics["time"]["learning_after_cut"] == 19
    assert any("does not wholly lie in the future" in warning for warning in result.report.warnings)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=3, max_size=40))
def test_nothing_to_learn_from_is_newer_than_the_test(facts):
    groups = [Group(str(n), "", size, START + timedelta(days=day)) for n, (day, size) in enumerate(facts)]
    drawn = draw_newest(groups, {}, fractions=FRACTIONS)
    days = {split: [facts[int(key)][0] for key in drawn if drawn[key] == split] for split in FRACTIONS}
    assert all(days.values())
    assert max(days["train"]) <= min(days["validation"]) <= max(days["validation"]) <= min(days["test"])


SITES = [
    {"id": f"{site}{n}", "text": f"{site} {n}", "site": site, "subject_id": f"{site}{n}"}
    for site in ("north", "south") for n in range(10)
]  # fmt: skip


def test_a_test_site_is_wholly_test_and_no_other_is(run_stage):
    result = run_stage(STAGE, SITES, {"test_sites": ["south"]})
    assert {id for id, split in splits(result).items() if split == "test"} == {f"south{n}" for n in range(10)}
    assert Counter(splits(result).values()) == {"test": 10, "train": 9, "validation": 1}
    assert not any("has no test records" in warning for warning in result.report.warnings)


def test_a_subject_of_a_test_site_is_left_out_elsewhere(run_stage):
    also_north = {"id": "visit", "text": "visit", "site": "north", "subject_id": "south3"}
    result = run_stage(STAGE, [*SITES, also_north], {"test_sites": ["south"]})
    assert result.dropped == {"visit": ("leak_train_test", "subject south3")}


def test_a_test_site_without_records_is_named_with_the_sites_there_are(run_stage):
    with pytest.raises(DataError, match=r"names the site 'soth', of which there is no record") as raised:
        run_stage(STAGE, SITES, {"test_sites": ["soth"]})
    assert "north, south" in str(raised.value.hint)


@pytest.mark.parametrize("seed", range(3))
def test_stratified_by_label_every_label_is_in_every_split_in_proportion(run_stage, seed):
    rows = [{"id": f"r{n}", "text": f"text {n}", "label": "rare" if n < 10 else "common"} for n in range(100)]
    kept = run_stage(STAGE, rows, {"stratify": ["site", "label"], "seed": seed}).kept.values()
    assert Counter(row["split"] for row in kept if row["label"] == "rare") == {"train": 8, "validation": 1, "test": 1}


def test_records_can_be_stratified_by_a_declared_attribute_and_poor_strata_are_warned_of(run_stage):
    def of(sex, n):
        return {"id": f"{sex}{n}", "text": f"{sex} {n}", "attributes": [{"name": "sex", "value": sex}]}

    result = run_stage(STAGE, [*(of("f", n) for n in range(20)), of("x", 0)], {"stratify": ["sex"]})
    assert result.report.metrics["strata"] == 2
    assert any("1 of 2 strata (sex) have no test records" in warning for warning in result.report.warnings)


@pytest.mark.parametrize("setting", ["stratify", "together"])
def test_an_attribute_that_no_record_has_is_named(run_stage, setting):
    with pytest.raises(DataError, match=rf"split.{setting} names the attribute 'sx', which no record has"):
        run_stage(STAGE, TWENTY, {setting: ["sx"]})
