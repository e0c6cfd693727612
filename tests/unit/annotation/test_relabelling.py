"""What a change of labels or of the guideline does, told before it is done."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.annotation.project_of_four import TASK, notes, open_store, read_all, start_task, urgency_schema

from acclimate.annotation.relabelling import (
    Effect,
    effect_of_new_meaning,
    effect_of_new_names,
    merge_labels,
    rename_label,
    revise_guideline,
    split_label,
)
from acclimate.annotation.review import progress
from acclimate.annotation.schema import Option
from acclimate.annotation.schema_history import trail
from acclimate.annotation.store import Store

READ = {
    "ann": {"n0": "low", "n1": "soon", "n2": "high"},
    "bob": {"n0": "low", "n1": "high", "n2": "low"},
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = open_store(tmp_path)
    start_task(store, notes(3), schema=urgency_schema("low", "soon", "high"))
    read_all(store, READ)
    return store


def test_a_merge_ends_the_disputes_that_its_preview_tells(store: Store) -> None:
    told = effect_of_new_names(store, TASK, "urgency", {"soon": "high"}, by="mia")
    assert told == Effect(answers=1, items=1, disputes_ended=1)
    merge_labels(store, TASK, "urgency", labels=["soon", "high"], into="high", by="mia")
    assert progress(store, TASK, by="mia").disputed == 1


def test_a_rename_touches_every_answer_and_ends_nothing(store: Store) -> None:
    assert effect_of_new_names(store, TASK, "urgency", {"high": "today"}, by="mia") == Effect(2, 2)


def test_a_split_takes_back_what_its_preview_tells(store: Store) -> None:
    told = effect_of_new_meaning(store, TASK, {"urgency": ["low"]}, by="mia")
    touched = split_label(store, TASK, "urgency", label="low", into=[Option(name="a"), Option(name="b")], by="mia")
    assert told == Effect(answers=sum(map(len, touched.values())), items=len(touched)) == Effect(3, 2)


def test_the_trail_says_what_was_changed_by_whom_newest_first(store: Store) -> None:
    rename_label(store, TASK, "urgency", old="high", new="today", by="mia")
    revise_guideline(store, TASK, "Low is rare.", changes_meaning_of={"urgency": ["low"]}, by="mia")
    with store.read() as connection:
        entries = trail(connection, TASK)
    assert [entry.what for entry in entries] == [
        "guideline 2: another meaning of low",
        "urgency: high → today",
        "guideline 1",
        "questions, version 1",
    ]
    assert {entry.who for entry in entries} == {"mia"}
