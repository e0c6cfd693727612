"""Of pairs, the strength is kept whose loss on validation pairs is least inside the budget."""

from __future__ import annotations

import polars as pl
import pytest

from acclimate.stages.dial.config import DialConfig
from acclimate.stages.dial.points import measure
from acclimate.stages.dial.preferences import preference_figures
from acclimate.stages.dial.run import choose

CONFIG = DialConfig(task="preference", resamples=200)


def scored(alpha, margins, general=1.0):
    """Pairs of ten tokens whose margin over the base is given, and twenty general texts."""
    rows = []
    for number, margin in enumerate(margins):
        rows += [(f"t{number}", "task", "chosen", 50.0 - margin), (f"t{number}", "task", "rejected", 40.0)]
    rows += [(f"g{number}", "general", "reference", general * (90.0 + number)) for number in range(20)]
    return pl.DataFrame(
        [
            {"alpha": alpha, "id": id, "suite": suite, "candidate": candidate, "cluster": id, "ability": None, "nats": nats, "tokens": 10, "bytes": 100}
            for id, suite, candidate, nats in rows
        ],
        schema_overrides={"ability": pl.String},
    )  # fmt: skip


BASE = scored(0.0, [0.0, 0.0, 0.0, 0.0])


def test_the_figures_are_those_of_the_loss_while_training():
    figures = preference_figures(BASE, scored(1.0, [10.0, 10.0, -10.0, 0.0]), beta=0.1, loss_type="sigmoid")
    assert figures["preference_accuracy"] == 2.5 / 4
    assert figures["preference_loss"] == pytest.approx((2 * 0.3133 + 1.3133 + 0.6931) / 4, abs=1e-4)


def test_the_base_itself_is_told_by_nothing():
    figures = preference_figures(BASE, BASE, beta=0.1, loss_type="sigmoid")
    assert figures == {"preference_accuracy": 0.5, "preference_loss": pytest.approx(0.6931, abs=1e-4)}


def test_the_strength_with_the_least_loss_inside_the_budget_is_kept():
    strengths = [scored(0.5, [4.0] * 4), scored(0.75, [8.0] * 4), scored(1.0, [12.0] * 4, general=1.05)]
    alpha, chosen_by, (said,) = choose(measure(pl.concat([BASE, *strengths]), CONFIG), CONFIG)
    assert (alpha, chosen_by) == (0.75, "budget")
    assert "general text" in said


def test_a_strength_that_overshoots_is_not_kept():
    strengths = [scored(0.5, [6.0, 6.0, 6.0, -3.0]), scored(1.0, [9.0, 9.0, 9.0, -60.0])]
    alpha, _, _ = choose(measure(pl.concat([BASE, *strengths]), CONFIG), CONFIG)
    assert alpha == 0.5
