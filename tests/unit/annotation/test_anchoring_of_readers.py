"""Anchoring: measured from draws alone, with an interval where there is enough, and with the reason where there is not."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from tests.unit.annotation.project_of_four import READERS, TASK, Clock, answer, notes, open_store, start_task

from acclimate.annotation.people import Person, RefusedError, Role, save_person
from acclimate.annotation.queue import next_item
from acclimate.annotation.store import Store
from acclimate.annotation.suggestions.influence import Exposure, anchoring, measured
from acclimate.annotation.suggestions.proposals import Source, Suggested, save_suggestions
from acclimate.annotation.tasks import NewItem, TaskSettings, change_settings
from acclimate.testing.readers import Pull, simulated_exposures


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path, Clock())


def read_with_suggestions(store: Store, *, items: list[NewItem], setting: str = "randomised") -> None:
    """Everybody says `high` where they see it suggested, save on four items, and else on every other item."""
    start_task(store, items, readings=3, settings=TaskSettings(suggestions=setting))
    given = [Suggested(item.id, {"urgency": "high"}) for item in items]
    save_suggestions(store, TASK, Source("m", "1"), given, by="mia")
    for name in READERS:
        while (lease := next_item(store, TASK, name)) is not None:
            resists = lease.suggestion is None or lease.item in ("n1", "n3", "n5", "n7")
            agrees = not resists or int(lease.item[1:]) % 2 == 0
            answer(store, name, lease.item, "high" if agrees else "low")


def test_the_difference_is_that_of_readings_drawn_shown_and_hidden(store: Store) -> None:
    read_with_suggestions(store, items=notes(40))
    found = anchoring(store, TASK, by="mia")
    assert found.shown + found.hidden == 120 and min(found.shown, found.hidden) > 40
    shown, hidden = found.shares
    assert found.difference.value == pytest.approx(shown - hidden)
    assert found.difference.low < shown - hidden < found.difference.high
    assert found.difference.clusters == 40 and found.reason == ""
    by_reader = anchoring(store, TASK, clustered="reader", by="mia")
    assert "of 3 readers" in by_reader.reason and math.isnan(by_reader.difference.low)
    assert by_reader.difference.value == found.difference.value


def test_items_of_one_subject_are_resampled_together(store: Store) -> None:
    items = [NewItem({"id": f"n{n}", "text": "a", "subject_id": f"p{n // 2}"}) for n in range(40)]
    read_with_suggestions(store, items=items)
    assert anchoring(store, TASK, by="mia").difference.clusters == 20


@pytest.mark.parametrize("setting", ["shown", "hidden"])
def test_without_a_draw_nothing_is_said(store: Store, setting: str) -> None:
    read_with_suggestions(store, items=notes(4), setting=setting)
    change_settings(store, TASK, TaskSettings(suggestions="randomised"), by="mia")
    found = anchoring(store, TASK, by="mia")
    assert (found.shown, found.hidden) == (0, 0)
    assert found.reason.startswith("Not enough readings: 0 with the suggestion shown and 0")


def test_too_few_readings_give_the_shares_and_the_reason(store: Store) -> None:
    read_with_suggestions(store, items=notes(4))
    found = anchoring(store, TASK, by="mia")
    assert found.shown + found.hidden == 12
    assert "10 of each are needed" in found.reason
    assert found.to_json()["difference"]["low"] is None


def test_who_may_not_see_others_answers_is_not_told_and_sites_limit_what_counts(store: Store) -> None:
    read_with_suggestions(store, items=[NewItem({"id": "n0", "text": "a"})])
    with pytest.raises(RefusedError):
        anchoring(store, TASK, by="ann")
    save_person(store, Person("max", (Role.MANAGER,), sites=("south",)), by="acclimate")
    assert anchoring(store, TASK, by="max").shown + anchoring(store, TASK, by="max").hidden == 3


def test_where_all_agree_the_interval_is_left_out_with_the_reason() -> None:
    given = [Exposure(f"n{n}", shown=bool(n % 2), kept=bool(n % 2) or n % 4 == 0) for n in range(60)]
    assert (
        measured(given).reason == "Of the 30 readings with the suggestion shown all agree with it: nothing to resample."
    )


def test_a_planted_pull_is_found_and_none_is_found_where_none_was_planted() -> None:
    generator = np.random.default_rng(5)
    planted = simulated_exposures(Pull(seeing=1.5), generator, items=200)
    found = measured(planted.readings)
    assert found.difference.low < planted.truth < found.difference.high and found.difference.low > 0
    nothing = simulated_exposures(Pull(seeing=0.0, spread=0.0), generator, items=200)
    assert nothing.truth == pytest.approx(0)
    assert measured(nothing.readings).difference.low < 0 < measured(nothing.readings).difference.high


def test_the_order_of_readings_does_not_matter() -> None:
    given = list(simulated_exposures(Pull(), np.random.default_rng(0)).readings)
    assert measured(given).difference == measured(given[::-1]).difference
