"""Suggestions accepted in bulk: with a trace of each, never a reading, and only where nobody has read."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sqlalchemy import update
from tests.unit.annotation.project_of_four import TASK, Clock, answer, notes, open_store, start_task

from acclimate.annotation.agreement.coefficients import percent_agreement
from acclimate.annotation.agreement.figure import TooFewReadingsError
from acclimate.annotation.answering import last_answer, undo
from acclimate.annotation.export import export_snapshot, label_readings
from acclimate.annotation.formats.leaving import export_annotations
from acclimate.annotation.people import Person, RefusedError, Role, save_person
from acclimate.annotation.queue import next_item
from acclimate.annotation.relabelling import revise_guideline
from acclimate.annotation.review import progress, reader_records
from acclimate.annotation.store import Store
from acclimate.annotation.suggestions.bulk import (
    Threshold,
    accept_in_bulk,
    acceptances,
    preview_bulk,
    withdraw_bulk,
)
from acclimate.annotation.suggestions.proposals import Source, Suggested, save_suggestions
from acclimate.annotation.tables import answers
from acclimate.annotation.tasks import NewItem, Overlap, add_items
from acclimate.core.artifacts import Artifact
from acclimate.core.errors import ConfigError, WorkspaceError

MODEL = Source("predict.adapted", "k1")
SURE = Threshold(least_score=0.8)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Four items: two suggested surely, one less surely, one not at all."""
    store = open_store(tmp_path, Clock())
    start_task(store, notes(4))
    scores = {"n0": 0.9, "n1": 0.8, "n2": 0.5}
    given = [Suggested(item, {"urgency": "high"}, score) for item, score in scores.items()]
    save_suggestions(store, TASK, MODEL, given, by="mia")
    return store


def test_what_is_sure_enough_is_accepted_and_the_preview_says_so_before(store: Store) -> None:
    head = store.head()
    preview = preview_bulk(store, TASK, SURE, by="mia")
    assert store.head() == head
    found = accept_in_bulk(store, TASK, SURE, by="mia")
    assert found.outcomes == preview.outcomes == {"accepted": 2, "below": 1, "no_suggestion": 1}
    now = progress(store, TASK, by="mia")
    assert (now.decided, now.waiting) == (2, 2)
    assert accept_in_bulk(store, TASK, SURE, by="mia").accepted == 0
    assert store.verify() > 0


def test_each_has_an_event_that_names_who_accepted_which_suggestion_and_holds_no_text(store: Store) -> None:
    found = accept_in_bulk(store, TASK, SURE, by="rae")
    said = [event for event in store.events() if event["action"] == "accepted in bulk"]
    assert [(event["who"], event["details"]["bulk"], event["details"]["score"]) for event in said] == [
        ("rae", found.number, 0.9),
        ("rae", found.number, 0.8),
    ]
    assert "high" not in str(said) and "n0" not in str(said)
    [past] = acceptances(store, TASK, by="mia")
    assert (past.number, past.who, past.least_score, past.standing) == (found.number, "rae", 0.8, 2)


def test_it_is_in_no_figure_of_agreement_or_readers(store: Store) -> None:
    accept_in_bulk(store, TASK, SURE, by="mia")
    with pytest.raises(TooFewReadingsError):
        percent_agreement(label_readings(store, TASK, "urgency", by="mia"))
    assert reader_records(store, TASK, by="mia") == []


def test_readers_get_what_is_left_alone(store: Store) -> None:
    accept_in_bulk(store, TASK, SURE, by="mia")
    lease = next_item(store, TASK, "ann")
    assert lease is not None and lease.item == "n2"


@pytest.mark.parametrize("answered", [False, True], ids=["held", "read"])
def test_what_somebody_holds_or_has_read_is_not_taken(store: Store, answered: bool) -> None:
    next_item(store, TASK, "ann")
    if answered:
        answer(store, "ann", "n0", "low")
    assert accept_in_bulk(store, TASK, SURE, by="mia").accepted == 1
    assert progress(store, TASK, by="mia").decided == 1


def test_a_suggestion_that_leaves_a_required_question_open_is_no_answer(store: Store) -> None:
    save_suggestions(store, TASK, Source("m", "1"), [Suggested("n3", {"urgency": "low"}, 1.0)], by="mia")
    assert accept_in_bulk(store, TASK, Threshold(source="m"), by="mia").outcomes == {"accepted": 1, "no_suggestion": 3}


def test_withdrawn_its_items_are_read_by_people(store: Store) -> None:
    found = accept_in_bulk(store, TASK, SURE, by="mia")
    assert withdraw_bulk(store, TASK, found.number, by="mia") == 2
    assert withdraw_bulk(store, TASK, found.number, by="mia") == 0
    assert progress(store, TASK, by="mia").waiting == 4
    assert accept_in_bulk(store, TASK, SURE, by="mia").accepted == 2
    assert store.verify() > 0


def test_it_cannot_be_taken_back_as_ones_last_reading(store: Store) -> None:
    save_person(store, Person("mia", (Role.MANAGER, Role.ANNOTATOR)), by="acclimate")
    accept_in_bulk(store, TASK, SURE, by="mia")
    number = [event["number"] for event in store.events() if event["action"] == "accepted in bulk"][-1]
    assert last_answer(store, TASK, "mia") is None
    with pytest.raises(RefusedError, match="not the last"):
        undo(store, TASK, "mia", number)


def test_a_label_with_another_meaning_takes_it_back(store: Store) -> None:
    accept_in_bulk(store, TASK, SURE, by="mia")
    taken = revise_guideline(store, TASK, "High is now.", changes_meaning_of={"urgency": ["high"]}, by="mia")
    assert sorted(taken) == ["n0", "n1"]
    assert progress(store, TASK, by="mia").waiting == 4


def test_only_managers_and_reviewers_accept_and_only_at_their_sites(store: Store) -> None:
    with pytest.raises(RefusedError):
        accept_in_bulk(store, TASK, SURE, by="ann")
    save_person(store, Person("max", (Role.MANAGER,), sites=("south",)), by="acclimate")
    save_person(store, Person("nora", (Role.REVIEWER,), sites=("north",)), by="acclimate")
    more = NewItem({"id": "x", "text": "a", "site": "north"})
    start = len(acceptances(store, TASK, by="mia"))
    add_items(store, TASK, [more], overlap=Overlap(), by="mia")
    save_suggestions(store, TASK, MODEL, [Suggested("x", {"urgency": "low"}, 1.0)], by="mia")
    assert accept_in_bulk(store, TASK, SURE, by="max").accepted == 2
    assert accept_in_bulk(store, TASK, SURE, by="nora").accepted == 1
    assert len(acceptances(store, TASK, by="mia")) == start + 2
    with pytest.raises(ConfigError, match="nan"):
        accept_in_bulk(store, TASK, Threshold(float("nan")), by="mia")


def test_the_snapshot_carries_the_suggestion_and_who_saw_it_or_accepted_it(store: Store, tmp_path: Path) -> None:
    for person in ("ann", "bob"):
        next_item(store, TASK, person)
        answer(store, person, "n0", "high")
    accept_in_bulk(store, TASK, SURE, by="mia")
    snapshot = export_snapshot(store, TASK, tmp_path / "out", by="mia")
    rows = {row["parents"][0]: row for row in Artifact(snapshot.folder).table().to_pylist()}
    told = {item: json.loads(row["extra"])["suggestion"] for item, row in rows.items()}
    assert {item: row["label"] for item, row in rows.items()} == {"n0": "high", "n1": "high"}
    assert (told["n0"]["by"], told["n0"]["answer"], told["n0"]["score"]) == (MODEL.name, {"urgency": "high"}, 0.9)
    counts = ("shown", "shown_and_kept", "hidden", "hidden_and_kept", "accepted_in_bulk")
    assert [told["n0"][name] for name in counts] == [0, 0, 2, 2, False]
    assert [told["n1"][name] for name in counts] == [0, 0, 0, 0, True]
    assert export_snapshot(store, TASK, tmp_path / "again", by="mia").identity == snapshot.identity


def test_an_answer_that_is_made_a_reading_behind_the_chains_back_shows(store: Store) -> None:
    accept_in_bulk(store, TASK, SURE, by="mia")
    with store.write() as transaction:
        transaction.connection.execute(update(answers).values(bulk=None))
    with pytest.raises(WorkspaceError, match="2 answers are not what their events say"):
        store.verify()


def test_it_leaves_for_other_tools_as_a_decision_and_says_what_they_do_not_hold(store: Store, tmp_path: Path) -> None:
    next_item(store, TASK, "ann")
    answer(store, "ann", "n0", "low")
    accept_in_bulk(store, TASK, SURE, by="mia")
    export_annotations(store, TASK, "hf", tmp_path / "hf", by="mia")
    [file] = (tmp_path / "hf").rglob("*.parquet")
    readings = {row["id"]: row["readings"] for row in pq.read_table(file).to_pylist()}
    beside = {
        item: [(one["suggestion_shown"], one["suggestion_kept"]) for one in given] for item, given in readings.items()
    }
    assert beside == {"n0": [(False, False)], "n1": [(None, True)], "n2": [], "n3": []}
    done = export_annotations(store, TASK, "label-studio", tmp_path / "out", by="mia")
    tasks = json.loads((tmp_path / "out" / "tasks.json").read_text())
    assert [made["ground_truth"] for task in tasks for made in task["annotations"]] == [False, True]
    assert done.lost["that answers were accepted in bulk: they leave as decisions"] == 1
    assert done.lost["whether a suggestion was shown"] == 1
