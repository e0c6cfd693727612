"""A winner is named only where chance is ruled out against every other candidate."""

from __future__ import annotations

import math

import polars as pl
import pytest

from acclimate.core.ports import ModelFacts, Score
from acclimate.stages.select_model.measure import Measured
from acclimate.stages.select_model.table import (
    Statistics,
    candidate_rows,
    paired_differences,
    tied_with_best,
    winner_of,
)

NAMES = [f"r{number:02d}" for number in range(20)]
TEXTS = pl.DataFrame(
    {"id": NAMES, "cluster": NAMES, "site": ["north", "south"] * 10}, schema_overrides={"site": pl.String}
)
STATISTICS = Statistics(resamples=400, confidence=0.95, seed=0)


def candidate(name, bits, *, parameters=100, spread=0.0):
    scores = {
        text: Score(text, (bits + spread * (-1) ** place) * 10 * math.log(2), 5, 10) for place, text in enumerate(NAMES)
    }
    facts = ModelFacts(name, f"digest-{name}", parameters, 64, 300, parameters * 2, "apache-2.0", True)
    return Measured(name, facts, scores, tokens=100, too_long=())


def decide(*measured):
    differences = paired_differences(measured, TEXTS, STATISTICS)
    return winner_of(measured, TEXTS, differences), tied_with_best(measured, TEXTS, differences)


def test_a_candidate_better_on_every_text_wins():
    assert decide(candidate("a", 1.0), candidate("b", 0.8), candidate("c", 0.9))[0] == "b"


def test_a_difference_within_chance_stays_undecided_and_names_the_cheapest_first():
    close = (candidate("big", 0.99, spread=0.3, parameters=900), candidate("small", 1.0), candidate("poor", 2.0))
    assert decide(*close) == ("undecided", ["small", "big"])


def test_each_candidate_has_a_row_for_all_texts_and_one_for_each_site():
    rows = candidate_rows(
        [candidate("a", 1.0, parameters=50), candidate("b", 0.8, parameters=200)],
        TEXTS,
        words=40,
        precision="fp32",
        statistics=STATISTICS,
    )
    assert [(row["candidate"], row["site"], row["records"]) for row in rows][:3] == [
        ("a", None, 20),
        ("a", "north", 10),
        ("a", "south", 10),
    ]
    assert rows[0]["bits_per_byte"] == pytest.approx(1.0)
    assert {(row["candidate"], row["parameters"], row["licence"]) for row in rows} == {
        ("a", 50, "apache-2.0"),
        ("b", 200, "apache-2.0"),
    }
    assert (rows[3]["relative_cost"], rows[3]["tokens_per_word"], rows[3]["memory_bytes"]) == (4.0, 2.5, 800)
