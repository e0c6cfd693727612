from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import f1_score
from tests.unit.annotation.active.clouds import clouds

from acclimate.annotation.active.label_model import fit
from acclimate.annotation.active.learning import LEAST_SAMPLE, Labelled, learning_curve, stability


def labelled(*, spread: float = 0.3, each: int = 60, seed: int = 0) -> Labelled:
    vectors, codes = clouds(spread=spread, each=each, seed=seed)
    ties = [f"i{place}" for place in range(len(codes))]
    return Labelled(vectors, codes, ties, np.ones(len(codes), dtype=bool))


def test_the_curve_rises_to_all_labels_and_its_intervals_hold_its_values():
    curve = learning_curve(labelled(spread=0.5))
    assert curve[0].labels < curve[-1].labels == round(0.9 * 180)
    assert curve[0].accuracy < curve[-1].accuracy
    assert all(point.low <= point.accuracy <= point.high for point in curve)


def test_the_curve_holds_the_accuracy_on_items_that_nobody_labelled():
    curve = learning_curve(labelled(spread=0.6))
    vectors, codes = clouds(spread=0.6, each=1000, seed=1)
    mine = labelled(spread=0.6)
    true = (fit(mine.vectors, mine.labels).predicted(vectors) == codes).mean()
    assert curve[-1].low - 0.02 <= true <= curve[-1].high + 0.02


def label_sets(*, spread: float = 0.5, each: int = 60, seed: int = 0) -> Labelled:
    """Every item of the first cloud has two labels, of the second one, of the third none."""
    one = labelled(spread=spread, each=each, seed=seed)
    return replace(one, labels=np.column_stack([one.labels == 0, one.labels <= 1]).astype(np.int64))


def test_of_several_labels_the_curve_is_the_micro_f1_on_items_that_nobody_labelled():
    mine, others = label_sets(), label_sets(each=1000, seed=1)
    told = fit(mine.vectors, mine.labels).predicted(others.vectors)
    true = f1_score(others.labels, told, average="micro")
    curve = learning_curve(mine)
    assert curve[0].accuracy < curve[-1].accuracy
    assert curve[-1].low - 0.02 <= true <= curve[-1].high + 0.02


def test_an_f1_is_measured_once_enough_sampled_items_have_a_label():
    sets = label_sets()
    rare = np.zeros_like(sets.labels)
    rare[: LEAST_SAMPLE - 1, 0] = 1
    assert learning_curve(replace(sets, labels=rare)) == ()
    rare[:LEAST_SAMPLE, 0] = 1
    (*_, last) = learning_curve(replace(sets, labels=rare))
    assert 0 <= last.low <= last.accuracy <= last.high <= 1


def test_models_of_several_labels_settle_but_not_by_telling_none():
    sets, others = label_sets(spread=0.1, each=300), label_sets(spread=0.1, each=100, seed=1).vectors
    settled = stability(sets, others, step=100)
    assert settled is not None
    assert settled > 0.97
    rare = np.zeros_like(sets.labels)
    rare[:2, 0] = 1
    assert stability(replace(sets, labels=rare), others, step=100) is None


def test_labels_that_say_nothing_give_a_curve_at_chance():
    noise = labelled()
    shuffled = replace(noise, labels=np.random.default_rng(5).permutation(noise.labels))
    assert learning_curve(shuffled)[-1].accuracy == pytest.approx(1 / 3, abs=0.12)


def test_items_tied_together_are_never_on_both_sides():
    """Each text twice with random labels: told apart by chance alone if the copy is left out with it."""
    vectors, _ = clouds(labels=1, each=60, spread=2)
    codes = np.random.default_rng(2).integers(0, 2, 60)
    twice = Labelled(
        np.repeat(vectors, 2, axis=0), np.repeat(codes, 2), [f"i{n // 2}" for n in range(120)], np.ones(120, dtype=bool)
    )
    assert learning_curve(twice)[-1].accuracy < 0.7
    alone = replace(twice, ties=[f"i{n}" for n in range(120)])
    assert learning_curve(alone)[-1].accuracy > learning_curve(twice)[-1].accuracy


def test_with_too_few_random_items_there_is_no_curve():
    few = labelled()
    sampled = np.arange(180) < LEAST_SAMPLE - 1
    assert learning_curve(replace(few, sampled=sampled)) == ()
    assert learning_curve(replace(few, sampled=np.arange(180) < LEAST_SAMPLE)) != ()


def test_models_settle_on_clear_labels_and_not_on_noise():
    others, _ = clouds(each=200, seed=9)
    clear = labelled(spread=0.1, each=100)
    assert stability(clear, others, step=50) >= 0.99
    noise = replace(clear, labels=np.random.default_rng(0).permutation(clear.labels))
    assert stability(noise, others, step=50) < 0.9
    assert stability(labelled(each=40), others, step=50) is None
