"""Suggestions are taken away again: nobody else gets them, what was shown and answered stays as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.annotation.project_of_four import TASK, Clock, answer, notes, open_store, start_task

from acclimate.annotation.people import Person, RefusedError, Role, save_person
from acclimate.annotation.queue import next_item
from acclimate.annotation.review import own_answers
from acclimate.annotation.store import Store
from acclimate.annotation.suggestions.bulk import Threshold, preview_bulk
from acclimate.annotation.suggestions.proposals import Source, Suggested, save_suggestions, sources_of
from acclimate.annotation.suggestions.removal import Coverage, coverage, remove_suggestions
from acclimate.annotation.tasks import NewItem, Overlap, TaskSettings, add_items

MODEL = Source("model", "1")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = open_store(tmp_path, Clock())
    start_task(store, notes(3), settings=TaskSettings(suggestions="shown"))
    suggest(store)
    return store


def suggest(store: Store) -> dict[str, int]:
    given = [Suggested(f"n{number}", {"urgency": "high"}) for number in range(2)]
    return dict(save_suggestions(store, TASK, MODEL, given, by="mia").outcomes)


def test_how_many_items_have_a_suggestion_is_known(store: Store) -> None:
    assert coverage(store, TASK, by="mia") == Coverage(wanted=3, suggested=2)
    assert remove_suggestions(store, TASK, MODEL, by="mia") == 2
    assert coverage(store, TASK, by="mia") == Coverage(wanted=3, suggested=0)
    assert sources_of(store, TASK, by="mia") == []
    assert remove_suggestions(store, TASK, MODEL, by="mia") == 0


def test_who_was_shown_one_keeps_it_and_nobody_else_gets_it(store: Store) -> None:
    shown = next_item(store, TASK, "ann")
    remove_suggestions(store, TASK, MODEL, by="mia")
    held, other = next_item(store, TASK, "ann"), next_item(store, TASK, "bob")
    assert shown is not None and held is not None and other is not None
    assert (held.item, held.suggestion, other.suggestion) == ("n0", {"urgency": "high"}, None)
    answer(store, "ann", "n0", "high")
    assert [(one.shown, one.kept) for one in own_answers(store, TASK, "ann")] == [(True, True)]
    assert store.verify() > 0


def test_what_was_removed_is_not_accepted_in_bulk_and_can_be_suggested_again(store: Store) -> None:
    remove_suggestions(store, TASK, MODEL, by="mia")
    assert preview_bulk(store, TASK, Threshold(), by="mia").accepted == 0
    assert suggest(store) == {"kept": 2}
    assert suggest(store) == {"there": 2}
    assert preview_bulk(store, TASK, Threshold(), by="mia").accepted == 2


def test_a_manager_of_a_site_removes_what_is_suggested_there_and_a_reader_nothing(store: Store) -> None:
    save_person(store, Person("nan", (Role.MANAGER,), sites=("north",)), by="acclimate")
    add_items(store, TASK, [NewItem({"id": "x", "text": "t", "site": "south"})], overlap=Overlap(), by="mia")
    save_suggestions(store, TASK, MODEL, [Suggested("x", {"urgency": "low"})], by="mia")
    assert remove_suggestions(store, TASK, MODEL, by="nan") == 2
    assert [one.count for one in sources_of(store, TASK, by="mia")] == [1]
    with pytest.raises(RefusedError):
        remove_suggestions(store, TASK, MODEL, by="ann")
