"""Suggestions: checked like answers, shown to those who may see them and to nobody else, and noted with the answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select
from tests.unit.annotation.project_of_four import READERS, TASK, Clock, answer, notes, open_store, start_task

from acclimate.annotation.answering import undo
from acclimate.annotation.people import Person, RefusedError, Role, save_person
from acclimate.annotation.queue import next_item, next_items
from acclimate.annotation.relabelling import rename_label, split_label
from acclimate.annotation.review import answers_to
from acclimate.annotation.schema import LabelSchema, Option, Spans
from acclimate.annotation.store import Store
from acclimate.annotation.study.design import Answered
from acclimate.annotation.study.protocol import Protocol
from acclimate.annotation.study.running import open_study
from acclimate.annotation.suggestions.dictionary import read_dictionary, spans_question, suggested_spans
from acclimate.annotation.suggestions.proposals import Source, Suggested, open_records, save_suggestions
from acclimate.annotation.tables import exposures
from acclimate.annotation.tasks import NewItem, TaskSettings, change_settings, current_schema
from acclimate.core.errors import ConfigError, SourceError

MODEL = Source("predict.adapted", "k1")
DRUGS = Spans(name="drugs", options=(Option(name="drug"), Option(name="dose")), fields=("text", "prompt"))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path, Clock())


def with_suggestions(store: Store, setting: str, *, items: int = 1, readings: int = 3) -> None:
    start_task(store, notes(items), readings=readings, settings=TaskSettings(suggestions=setting))
    given = [Suggested(f"n{number}", {"urgency": "high"}, 0.9) for number in range(items)]
    assert save_suggestions(store, TASK, MODEL, given, by="mia").kept == items


def exposed(store: Store) -> dict[tuple[str, str], bool]:
    with store.read() as connection:
        return {(row.item, row.person): row.shown for row in connection.execute(select(exposures))}


@pytest.mark.parametrize(("setting", "seen"), [("hidden", None), ("shown", {"urgency": "high"})])
def test_a_reader_sees_a_suggestion_where_the_setting_shows_it(
    store: Store, setting: str, seen: dict[str, str] | None
) -> None:
    with_suggestions(store, setting)
    lease = next_item(store, TASK, "ann")
    assert lease is not None and lease.suggestion == seen
    assert exposed(store) == {("n0", "ann"): setting == "shown"}


@pytest.mark.parametrize(("given", "kept"), [("high", True), ("low", False)])
def test_with_the_answer_stands_what_was_suggested_and_whether_it_was_kept(
    store: Store, given: str, kept: bool
) -> None:
    with_suggestions(store, "shown")
    next_item(store, TASK, "ann")
    answer(store, "ann", "n0", given)
    [said] = answers_to(store, TASK, "n0", "mia")
    assert (said.shown, said.kept) == (True, kept)
    told = [event["details"] for event in store.events() if event["action"] == "answered"]
    assert [(one["suggestion"], one["shown"], one["kept"]) for one in told] == [(said.suggestion, True, kept)]


def test_a_draw_shows_half_of_the_readings_their_suggestion_and_stays_as_it_was_drawn(store: Store) -> None:
    with_suggestions(store, "randomised", items=40)
    leases = {(lease.item, name): lease for name in READERS for lease in next_items(store, TASK, name, at_most=25)}
    drawn = exposed(store)
    assert {place: lease.suggestion is not None for place, lease in leases.items()} == drawn
    assert 0.2 < sum(drawn.values()) / len(drawn) < 0.8
    change_settings(store, TASK, TaskSettings(suggestions="shown"), by="mia")
    again = {(lease.item, name): lease for name in READERS for lease in next_items(store, TASK, name, at_most=25)}
    assert {place: lease.suggestion is not None for place, lease in again.items() if place in drawn} == drawn


def test_taking_an_answer_back_does_not_draw_anew(store: Store) -> None:
    with_suggestions(store, "randomised", items=8)
    for _ in range(8):
        lease = next_item(store, TASK, "ann")
        assert lease is not None
        receipt = answer(store, "ann", lease.item, "low", token=f"first-{lease.item}")
        assert undo(store, TASK, "ann", receipt.number).suggestion == lease.suggestion
        answer(store, "ann", lease.item, "low", token=f"second-{lease.item}")


def test_a_suggestion_that_comes_later_does_not_change_what_a_reader_holds(store: Store) -> None:
    start_task(store, notes(1), settings=TaskSettings(suggestions="shown"))
    next_item(store, TASK, "ann")
    save_suggestions(store, TASK, MODEL, [Suggested("n0", {"urgency": "high"})], by="mia")
    lease = next_item(store, TASK, "ann")
    assert lease is not None and lease.suggestion is None
    answer(store, "ann", "n0", "high")
    assert answers_to(store, TASK, "n0", "mia")[0].suggestion is None


def test_the_newest_suggestion_counts_and_the_same_again_is_none(store: Store) -> None:
    with_suggestions(store, "shown")
    again = save_suggestions(store, TASK, MODEL, [Suggested("n0", {"urgency": "high"}, 0.9)], by="mia")
    assert (again.kept, again.outcomes["there"]) == (0, 1)
    save_suggestions(store, TASK, Source("predict.adapted", "k2"), [Suggested("n0", {"urgency": "low"})], by="mia")
    lease = next_item(store, TASK, "ann")
    assert lease is not None and lease.suggestion == {"urgency": "low"}


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        (Suggested("n0", {"urgency": "nonsense"}), "not_allowed"),
        (Suggested("n0", {"other": "low"}), "not_allowed"),
        (Suggested("n0", {"urgency": chr(0xD800)}), "not_allowed"),
        (Suggested("n0", {"urgency": "low"}, float("nan")), "not_allowed"),
        (Suggested("n0", {}), "not_allowed"),
        (Suggested("n9", {"urgency": "low"}), "no_such_item"),
    ],
)
def test_what_no_person_could_answer_is_counted_and_left_out(store: Store, given: Suggested, outcome: str) -> None:
    start_task(store, notes(1))
    assert save_suggestions(store, TASK, MODEL, [given], by="mia").outcomes == {outcome: 1}


def test_labels_are_renamed_in_suggestions_and_one_whose_label_was_split_is_shown_to_nobody(store: Store) -> None:
    with_suggestions(store, "shown")
    rename_label(store, TASK, "urgency", old="high", new="today", by="mia")
    lease = next_item(store, TASK, "ann")
    assert lease is not None and lease.suggestion == {"urgency": "today"}
    split_label(store, TASK, "urgency", label="today", into=(Option(name="now"), Option(name="soon")), by="mia")
    held = next_item(store, TASK, "ann")
    assert held is not None and held.suggestion is None
    answer(store, "ann", "n0", "now")
    assert answers_to(store, TASK, "n0", "mia")[0].suggestion is None


def test_a_study_takes_no_suggestions_and_shows_none(store: Store) -> None:
    outputs = [Answered(f"r{n}", "Why?", {"a": f"A {n}", "b": f"B {n}"}, "C", cluster=f"p{n}") for n in range(4)]
    open_study(store, Protocol(name="blind", arms=("a", "b"), items=4, known_bad=0), outputs, by="mia")
    with pytest.raises(RefusedError, match="blind is a study"):
        save_suggestions(store, "blind", MODEL, [Suggested("n0", {})], by="mia")
    with pytest.raises(RefusedError, match="blind is a study"):
        change_settings(store, "blind", TaskSettings(suggestions="randomised"), by="mia")


def test_only_a_manager_suggests_and_for_items_of_their_sites_alone(store: Store) -> None:
    start_task(store, [NewItem({"id": "n0", "text": "a", "site": "north"})])
    save_person(store, Person("max", (Role.MANAGER,), sites=("south",)), by="acclimate")
    given = [Suggested("n0", {"urgency": "low"})]
    assert save_suggestions(store, TASK, MODEL, given, by="max").outcomes == {"no_such_item": 1}
    assert list(open_records(store, TASK, by="max")) == []
    with pytest.raises(RefusedError):
        save_suggestions(store, TASK, MODEL, given, by="ann")


def test_events_hold_no_suggested_answer_and_an_unknown_setting_is_refused(store: Store) -> None:
    with_suggestions(store, "shown")
    told = str([event["details"] for event in store.events() if event["action"] == "suggestions added"])
    assert "predict.adapted" in told and "high" not in told
    with pytest.raises(ConfigError, match="'sometimes'"):
        change_settings(store, TASK, TaskSettings(suggestions="sometimes"), by="mia")


def test_a_dictionary_suggests_spans_of_whole_words_the_longest_first(store: Store) -> None:
    start_task(
        store,
        [NewItem({"id": "n0", "text": "\U0001f48a ASPIRIN 5 mg, low-dose aspirin; aspirins."})],
        schema=LabelSchema(questions=(DRUGS,)),
    )
    content = b"term,label\naspirin,drug\nlow-dose aspirin,dose\n5 mg,dose\n"
    found = read_dictionary(content, "drugs.csv", labels=DRUGS.labels)
    [suggested] = suggested_spans(found, open_records(store, TASK, by="mia"), DRUGS)
    places = [(span["start"], span["end"], span["label"]) for span in suggested.answer["drugs"]["spans"]]
    assert places == [(2, 9, "drug"), (10, 14, "dose"), (16, 32, "dose")]
    assert save_suggestions(store, TASK, found.source, [suggested], by="mia").kept == 1


def test_a_glossary_of_the_project_is_a_dictionary() -> None:
    content = b"term,expansion,use,kind\nHTN,hypertension,,abbreviation\nvisit,,no,word\n"
    found = read_dictionary(content, "glossary.csv", label="drug", labels=DRUGS.labels)
    assert [place.label for place in found.places_in("HTN, Hypertension, htn, visit")] == ["drug", "drug"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"word\naspirin\n", "no column term"),
        (b"term,label\naspirin,colour\n", "line 2"),
        (b"term,label\n,drug\n", "line 2"),
        (b"term,label\n", "holds no term"),
        (b"term,label\n\xff,drug\n", "no CSV file in UTF-8"),
    ],
)
def test_a_file_that_is_no_dictionary_is_named_with_its_line(content: bytes, says: str) -> None:
    with pytest.raises(SourceError, match=says):
        read_dictionary(content, "drugs.csv", labels=DRUGS.labels)


def test_a_task_without_a_question_for_spans_takes_no_dictionary(store: Store) -> None:
    start_task(store, notes(1))
    with store.read() as connection, pytest.raises(ConfigError, match="suggests spans"):
        spans_question(current_schema(connection, TASK))
