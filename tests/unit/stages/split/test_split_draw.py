from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acclimate.stages.split.draw import Group, draw

FRACTIONS = {"train": 0.8, "validation": 0.1, "test": 0.1}
SIZES = st.lists(st.integers(1, 9), min_size=3, max_size=60)


def sizes_of(groups: list[Group], drawn: dict[str, str]) -> Counter[str]:
    return sum((Counter({drawn[group.key]: group.records}) for group in groups), Counter())


@given(SIZES, st.integers(0, 99))
def test_sizes_are_as_near_to_the_fractions_as_whole_groups_allow(sizes, seed):
    groups = [Group(str(index), "north", size) for index, size in enumerate(sizes)]
    counts = sizes_of(groups, draw(groups, {}, fractions=FRACTIONS, seed=seed))
    for split in ("validation", "test"):
        assert abs(counts[split] - 0.1 * sum(sizes)) <= max(sizes)


@given(SIZES, st.integers(0, 99))
def test_a_site_with_three_groups_is_in_every_split(sizes, seed):
    groups = [Group(f"{site}{index}", site, size) for site in ("north", "south") for index, size in enumerate(sizes)]
    drawn = draw(groups, {}, fractions=FRACTIONS, seed=seed)
    for site in ("north", "south"):
        assert {drawn[group.key] for group in groups if group.stratum == site} == {"train", "validation", "test"}


@given(st.permutations([Group(str(index), "ns"[index % 2], 1 + index % 3) for index in range(15)]))
def test_the_order_of_groups_does_not_matter(groups):
    ordered = sorted(groups, key=lambda group: group.key)
    assert draw(groups, {}, fractions=FRACTIONS, seed=1) == draw(ordered, {}, fractions=FRACTIONS, seed=1)


def test_another_seed_gives_another_division():
    groups = [Group(str(index), "north", 1) for index in range(50)]
    assert len({str(draw(groups, {}, fractions=FRACTIONS, seed=seed)) for seed in range(5)}) == 5


@pytest.mark.parametrize(("number", "expected"), [(1, ["train"]), (2, ["test", "train"])])
def test_with_few_groups_train_comes_first_and_then_test(number, expected):
    groups = [Group(str(index), "north", 1) for index in range(number)]
    assert sorted(draw(groups, {}, fractions=FRACTIONS, seed=0).values()) == expected


def test_sites_with_too_few_groups_are_divided_together():
    groups = [Group(str(index), f"site{index}", 1) for index in range(20)]
    drawn = draw(groups, {}, fractions=FRACTIONS, seed=0)
    assert Counter(drawn.values()) == {"train": 16, "validation": 2, "test": 2}


def test_what_is_settled_counts_towards_the_sizes():
    groups = [Group(str(index), "north", 1) for index in range(10)]
    settled = {("north", "test"): 10, ("north", "train"): 80}
    drawn = draw(groups, settled, fractions=FRACTIONS, seed=0)
    assert Counter(drawn.values()) == {"validation": 10}
