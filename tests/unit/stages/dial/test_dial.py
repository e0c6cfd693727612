"""The kept strength is the one with the most gain that the budget allows; what it cannot know it says."""

from __future__ import annotations

import polars as pl
import pytest

from acclimate.stages.dial.config import DialConfig
from acclimate.stages.dial.points import Point, measure
from acclimate.stages.dial.run import choose

CONFIG = DialConfig(resamples=200)


def scored(alpha, *, task, general=1.0, texts=20, probes_lost=0, probes=100):
    """Twenty validation records and general texts of 100 bytes, and probes of which the first ones are lost."""
    rows = [(f"t{n}", "task", "reference", f"p{n % 10}", None, task * (90 + n)) for n in range(20)]
    rows += [(f"g{n}", "general", "reference", f"g{n}", None, general * (90 + n)) for n in range(texts)]
    for number in range(probes):
        lost = number < probes_lost
        rows.append((f"a{number}", "ability", "chosen", f"a{number}", "sums", 30.0 if lost else 10.0))
        rows.append((f"a{number}", "ability", "rejected", f"a{number}", "sums", 20.0))
    return pl.DataFrame(
        [
            {"alpha": alpha, "id": id, "suite": suite, "candidate": candidate, "cluster": cluster, "ability": ability}
            | {"nats": nats, "tokens": 10, "bytes": 100}
            for id, suite, candidate, cluster, ability, nats in rows
        ]
    )


def kept(*strengths, texts=20, config=CONFIG):
    points = measure(pl.concat([scored(0.0, task=1.0, texts=texts), *strengths]), config)
    return choose(points, config)


def test_the_strongest_is_kept_where_it_gains_most_and_forgets_nothing():
    assert kept(scored(0.5, task=0.9), scored(1.0, task=0.8)) == (1.0, "budget", ())


def test_a_weaker_one_is_kept_where_the_strongest_forgets_too_much_general_text():
    alpha, _, (said,) = kept(scored(0.5, task=0.9, general=1.002), scored(1.0, task=0.8, general=1.02))
    assert alpha == 0.5
    assert "general text" in said


def test_a_weaker_one_is_kept_where_the_strongest_loses_an_ability():
    alpha, _, (said,) = kept(scored(0.5, task=0.9, probes_lost=1), scored(1.0, task=0.8, probes_lost=30))
    assert alpha == 0.5
    assert "sums" in said


def test_a_weaker_one_is_kept_where_the_strongest_gains_less():
    alpha, _, (said,) = kept(scored(0.5, task=0.7), scored(1.0, task=0.8))
    assert alpha == 0.5
    assert "gains no more" in said


def test_where_none_is_inside_the_weakest_is_kept_and_said():
    alpha, _, (said,) = kept(scored(0.5, task=0.9, general=1.05), scored(1.0, task=0.8, general=1.1))
    assert alpha == 0.5
    assert "No strength stays inside" in said


@pytest.mark.parametrize("texts", [0, 1, 2, 9])
def test_with_few_general_texts_the_figure_itself_decides(texts):
    strengths = [scored(0.5, task=0.9, texts=texts), scored(1.0, task=0.8, general=1.005, texts=texts)]
    assert kept(*strengths, texts=texts)[0] == 1.0
    forgetting = [scored(0.5, task=0.9, texts=texts), scored(1.0, task=0.8, general=1.02, texts=texts)]
    assert kept(*forgetting, texts=texts)[0] == (0.5 if texts else 1.0)


def test_a_strength_that_somebody_set_is_kept_whatever_was_measured():
    config = DialConfig(alpha=0.3, resamples=200)
    assert kept(scored(1.0, task=0.8, general=1.2), config=config) == (0.3, "you", ())


def test_without_validation_records_nothing_is_turned_down():
    alpha, chosen_by, (said,) = choose([Point(0.0, {}, True), Point(1.0, {}, True)], CONFIG)
    assert (alpha, chosen_by) == (1.0, "default")
    assert "no validation records" in said


def test_figures_are_differences_from_the_base_with_intervals():
    base, half = measure(pl.concat([scored(0.0, task=1.0), scored(0.5, task=0.9, general=1.001)]), CONFIG)
    assert half.figures["change"] == pytest.approx(-0.1 * base.bits_per_byte)
    assert half.figures["change_low"] < half.figures["change"] < half.figures["change_high"] < 0
    assert half.figures["general"] == pytest.approx(0.001)
    assert half.figures["abilities"] == 0


@pytest.mark.parametrize("alpha", [0.0, -0.1, 1.5])
def test_a_strength_outside_0_to_1_is_refused(alpha):
    with pytest.raises(ValueError, match="alpha"):
        DialConfig(alpha=alpha)
