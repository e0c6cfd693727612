"""The whole stage on small tables with a known truth in them."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

SPLITS = ("train", "train", "train", "test")
NORTH, SOUTH = "boat river harbour", "desk paper stamp"


def record(number, **values):
    return {"id": f"r{number:03d}", "subject_id": f"s{number}", "split": SPLITS[number % 4], **values}


TWO_SITES = [
    record(number, site=site, text=f"{words} seen on day {number % 5}")
    for number, (site, words) in enumerate([("north", NORTH), ("south", SOUTH)] * 20)
]


@pytest.fixture(scope="module")
def two_sites(profile):
    return profile(TWO_SITES)[0].metrics


def choices(letters, seed):
    return random.Random(seed).choices(letters, k=6)


def row_of(rows, **wanted):
    return next(row for row in rows if wanted.items() <= row.items())


def test_sizes_are_counted_by_site_source_and_split(two_sites):
    assert row_of(two_sites["size"], group="all")["records"] == 40
    assert row_of(two_sites["size"], group="site", value="north")["words"] == 20 * 7
    assert row_of(two_sites["size"], group="split", value="test")["subjects"] == 10
    assert row_of(two_sites["size"], group="source", value="(none)")["records"] == 40


def test_sources_are_told_apart_only_where_they_are_not_the_sites(profile):
    rows = [{**row, "source": row["site"]} for row in TWO_SITES]
    assert {row["group"] for row in profile(rows)[0].metrics["size"]} == {"all", "site", "split"}


def test_sites_of_other_words_are_told_apart_and_their_words_named(two_sites):
    (pair,) = two_sites["shift"]["pairs"]
    assert pair["auc"] == 1.0
    assert pair["low"] is None
    assert pair["divergence"] > 5 * pair["divergence_by_chance"]
    assert {row["word"] for row in two_sites["telltale"]["site"]} == set(f"{NORTH} {SOUTH}".split())


def test_sites_of_the_same_words_are_not_told_apart(profile):
    rows = [
        record(number, site=["north", "south"][number % 2], text=" ".join(choices("abcdefghij", number)))
        for number in range(80)
    ]
    report, _ = profile(rows)
    (pair,) = report.metrics["shift"]["pairs"]
    assert pair["low"] <= 0.5 <= pair["high"]
    assert report.metrics["telltale"]["site"] == []
    assert not any("told apart" in finding for finding in report.warnings)


def test_a_site_with_few_subjects_gives_no_area_but_says_why(profile):
    (pair,) = profile(TWO_SITES[:12])[0].metrics["shift"]["pairs"]
    assert pair["auc"] is None
    assert pair["note"] == "insufficient evidence: fewer than 10 subjects"


def test_records_longer_than_the_context_are_named(profile):
    long = record(99, site="north", text="harbour " * 200)
    report, rows = profile([*TWO_SITES, long])
    assert report.metrics["lengths"]["longer_than_context"] == 1
    assert report.metrics["lengths"]["longest_records"] == ["r099"]
    assert rows["r099"]["tokens"] == report.metrics["lengths"]["longest"] > 120
    assert "1 of 41 records are longer than the base's context of 120 tokens" in report.warnings[0]


def test_tokens_per_word_stand_beside_those_of_general_text(profile):
    report, _ = profile(TWO_SITES, general=[{"id": "g", "text": "the patient"}, {"id": "probe", "prompt": "2 + 2 ="}])
    groups = {(row["group"], row["value"]): row for row in report.metrics["fertility"]}
    assert list(groups) == [("all", ""), ("site", "north"), ("site", "south"), ("general", "general text")]
    assert groups["general", "general text"]["words"] == 2
    assert groups["all", ""]["low"] <= groups["all", ""]["tokens_per_word"] <= groups["all", ""]["high"]


def test_missing_fields_are_counted_by_site_and_those_no_record_has_are_not(profile):
    rows = [{**row, "licence": "MIT" if row["site"] == "north" else None} for row in TWO_SITES]
    missing = {row["field"]: row for row in profile(rows)[0].metrics["missing"]}
    assert missing["licence"]["by_site"] == {"south": 20}
    assert missing["text"]["records"] == 0
    assert "prompt" not in missing and "label" not in missing


def test_without_subjects_the_first_thing_said_is_that_splits_cannot_keep_a_person_together(profile):
    report, _ = profile([{**row, "subject_id": None} for row in TWO_SITES])
    assert any(finding.startswith("No record says whose it is") for finding in report.warnings)


def test_a_label_given_to_the_wrong_words_is_doubted_and_named(profile):
    rows = [record(number, text=[NORTH, SOUTH][number % 2], label=["boat", "desk"][number % 2]) for number in range(60)]
    rows[10]["label"] = "desk"
    report, by_id = profile(rows)
    assert report.metrics["label_errors"]["doubted"] == 1
    assert report.metrics["label_errors"]["surest"][0] | {"margin": 0} == {
        "id": "r010", "given": "desk", "likely": "boat", "margin": 0,
    }  # fmt: skip
    assert by_id["r010"]["likely_label"] == "boat" and by_id["r011"]["likely_label"] is None
    assert row_of(report.metrics["labels"], label="desk")["records"] == 31


def test_an_attribute_that_stands_in_for_the_site_is_a_finding(profile):
    rows = [
        {**row, "attributes": [{"name": "sex", "value": "f" if row["site"] == "north" else "m"}]} for row in TWO_SITES
    ]
    report, _ = profile(rows)
    (found,) = report.metrics["associations"]
    assert (found["one"], found["other"], found["subjects"]) == ("sex", "site", 40)
    assert found["cramers_v"] > 0.9 and found["p_holm"] < 0.01
    assert any("sex and site stand in for one another" in finding for finding in report.warnings)


def test_the_plan_says_how_many_subjects_of_each_group_to_gather(profile):
    report, _ = profile(TWO_SITES)
    north = row_of(report.metrics["plan"]["groups"], group="site", value="north")
    assert (north["subjects"], north["test_subjects"], north["needed"]) == (20, 0, 93)
    assert north["to_gather"] == 4 * 93
    assert any("No test subject has site north" in finding for finding in report.warnings)


def test_only_so_many_records_are_looked_at_but_all_are_counted(profile):
    report, rows = profile(TWO_SITES, max_records=30)
    assert report.metrics["looked_at"] == report.metrics["lengths"]["records"] == 30
    assert sum(row["tokens"] is not None for row in rows.values()) == 30
    assert len(rows) == report.metrics["size"][0]["records"] == 40


def test_records_without_site_label_subject_or_text_are_profiled_all_the_same(profile):
    report, rows = profile([{"id": "a"}, {"id": "b", "prompt": "q", "chosen": "x", "rejected": "y"}])
    assert rows["a"]["words"] == 0 and rows["b"]["words"] == 3
    assert report.metrics["shift"]["pairs"] == []


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 99), batch_rows=st.integers(1, 9))
def test_order_and_batch_size_change_nothing(profile, seed, batch_rows):
    rows = [{**row, "label": ["a", "b"][number % 3 > 0]} for number, row in enumerate(TWO_SITES)]
    shuffled = random.Random(seed).sample(rows, len(rows))
    assert profile(rows, max_records=35) == profile(shuffled, max_records=35, batch_rows=batch_rows)


def test_the_report_is_plain_json(two_sites):
    assert json.loads(json.dumps(two_sites, allow_nan=False)) == two_sites
