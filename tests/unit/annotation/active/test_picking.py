from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.annotation.active.clouds import clouds

from acclimate.annotation.active.label_model import fit_label_sets, fit_labels
from acclimate.annotation.active.picking import RANDOM, TYPICAL, UNSURE, Pool, is_cold, pick

NOTHING = np.array([], dtype=np.int64)


def pool_of(vectors, *, read=NOTHING, open_places=None):
    draws = np.random.default_rng(7).random(len(vectors))
    return Pool(
        vectors, draws, np.setdiff1d(np.arange(len(vectors)), read) if open_places is None else open_places, read
    )


def places(picks):
    return [one.place for one in picks]


def test_the_first_items_are_of_every_cloud():
    vectors, codes = clouds(labels=5, each=100)
    pool = pool_of(vectors)
    found = pick(pool, None, 5, random_share=0, generator=np.random.default_rng(0))
    assert sorted(codes[places(found)]) == [0, 1, 2, 3, 4]
    assert {one.kind for one in found} == {TYPICAL}
    assert all(one.says["like_it"] <= one.says["of"] == 500 for one in found)


def test_a_cloud_that_was_read_comes_last():
    vectors, codes = clouds(labels=3, each=50)
    read = np.flatnonzero(codes == 0)[:25]
    pool = pool_of(vectors, read=read)
    found = pick(pool, None, 2, random_share=0, generator=np.random.default_rng(0))
    assert sorted(codes[places(found)]) == [1, 2]


def test_an_unsure_pick_names_the_two_labels_between_which_the_model_stands():
    vectors, codes = clouds(labels=3)
    between = np.zeros(8, dtype=np.float32)
    between[:2] = np.sqrt(0.5)
    with_doubt = np.vstack([vectors, between[None]])
    model = fit_labels(vectors, codes)
    pool = pool_of(with_doubt, read=np.arange(60))
    (found,) = pick(pool, model, 1, random_share=0, generator=np.random.default_rng(0))
    assert found.kind == UNSURE
    first, second = found.says["shares"]
    assert first - second < 0.5
    assert sorted(found.says["between"]) != [2, 2]


def test_of_several_labels_the_text_with_the_most_entropy_comes_first():
    """One text lies between having and not having the first label; all others are far from it."""
    vectors, codes = clouds(labels=3)
    has = np.column_stack([codes == 0, codes != 0, codes == 2]).astype(np.int64)
    between = np.zeros(8, dtype=np.float32)
    between[:2] = np.sqrt(0.5)
    model = fit_label_sets(vectors, has)
    pool = pool_of(np.vstack([vectors, between[None]]), read=np.arange(60))
    shares = model.probabilities(pool.vectors)
    entropy = -(shares * np.log(shares) + (1 - shares) * np.log(1 - shares)).mean(axis=1)
    assert model.sureness(shares) == pytest.approx(-entropy)
    (found,) = pick(pool, model, 1, random_share=0, generator=np.random.default_rng(0))
    assert entropy[found.place] >= np.sort(entropy[60:])[-10]
    assert found.says["between"] == np.argsort(np.abs(shares[found.place] - 0.5))[:2].tolist()
    assert not is_cold(has, known=3)
    assert is_cold(has[:, :2][codes == 0][:3], known=2)


@pytest.mark.parametrize("share", [0.0, 0.1, 1.0])
def test_so_many_are_random(share):
    vectors, _ = clouds(each=400)
    pool = pool_of(vectors)
    found = pick(pool, None, 200, random_share=share, generator=np.random.default_rng(0))
    assert sum(one.kind == RANDOM for one in found) == pytest.approx(200 * share, abs=12 if share == 0.1 else 0)


def test_the_random_ones_are_the_first_of_the_fixed_order_whatever_the_others_are():
    vectors, codes = clouds(each=100)
    pool, model = pool_of(vectors), fit_labels(vectors, codes)
    for chosen_by in (None, model):
        found = pick(pool, chosen_by, 60, random_share=0.2, generator=np.random.default_rng(3))
        random = [one.place for one in found if one.kind == RANDOM]
        assert random == np.argsort(pool.draws)[: len(random)].tolist()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 40), st.integers(0, 60), st.sampled_from([0.0, 0.3]), st.booleans())
def test_every_pick_is_open_and_comes_once(read, count, share, has_model):
    vectors, codes = clouds(each=20)
    model = fit_labels(vectors[:read], codes[:read]) if has_model and read else None
    pool = pool_of(vectors, read=np.arange(read))
    found = places(pick(pool, model, count, random_share=share, generator=np.random.default_rng(1)))
    assert len(found) == len(set(found)) == min(count, 60 - read)
    assert not set(found) & set(range(read))


def test_the_cold_start_ends_when_each_label_was_met_or_there_are_many():
    assert is_cold(NOTHING, known=2)
    assert is_cold(np.array([0] * 9), known=2)
    assert not is_cold(np.array([0] * 10), known=2)
    assert not is_cold(np.array([0, 0, 1, 1]), known=2)
