"""Which rows a step sees follows from seed and ids alone, and replay keeps its share."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acclimate.core.ports import TokenRow
from acclimate.stages.train.steps import plan_steps


def rows(prefix, lengths):
    return [TokenRow(f"{prefix}{place}", (1,) * length, (True,) * length, 1) for place, length in enumerate(lengths)]


def plan(domain, replay=(), **changes):
    settings = {"steps": 5, "rows_per_step": 2, "epochs": None, "replay_share": 0.2, "seed": 0}
    return plan_steps(domain, replay, **{**settings, **changes})


DOMAIN, SAMPLED = rows("d", [10] * 7), rows("s", [10] * 4)


def test_the_order_of_rows_that_come_in_changes_nothing():
    assert plan(DOMAIN[::-1], SAMPLED[::-1]) == plan(DOMAIN, SAMPLED)


def test_another_seed_gives_another_order():
    assert plan(DOMAIN, seed=1) != plan(DOMAIN, seed=0)


def test_each_epoch_shows_every_row_once_in_an_order_of_its_own():
    seen = [row.id for step in plan(DOMAIN, steps=7, epochs=2.0) for _, row in step]
    assert sorted(seen[:7]) == sorted(seen[7:]) == [row.id for row in DOMAIN]
    assert seen[:7] != seen[7:]


def test_the_last_step_holds_only_what_is_left():
    steps = plan(DOMAIN, steps=4, epochs=1.0)
    assert [len(step) for step in steps] == [2, 2, 2, 1]


def test_rows_are_repeated_where_the_steps_alone_decide():
    assert [len(step) for step in plan(DOMAIN, steps=9)] == [2] * 9


@given(st.lists(st.integers(5, 60), min_size=1, max_size=20), st.sampled_from([0.1, 0.2, 0.5]), st.integers(0, 5))
def test_replay_has_its_share_of_tokens_as_nearly_as_whole_rows_allow(lengths, share, seed):
    steps = plan(rows("d", lengths), rows("s", [8, 30]), steps=10, replay_share=share, seed=seed)
    tokens = Counter()
    for step in steps:
        for source, row in step:
            tokens[source] += len(row.tokens)
    wanted = share / (1 - share) * tokens["domain"]
    assert abs(tokens["replay"] - wanted) <= 15


@pytest.mark.parametrize("changes", [{"replay": ()}, {"replay_share": 0.0}])
def test_without_replay_there_are_domain_rows_alone(changes):
    planned = plan(DOMAIN, **{"replay": SAMPLED, **changes})
    assert {source for step in planned for source, _ in step} == {"domain"}
