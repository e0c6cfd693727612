from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.unit.annotation.project_of_four import TASK, Clock, answer, notes, open_store, read_all, start_task

from acclimate.annotation.answering import Receipt, Submission, submit, undo
from acclimate.annotation.assignments import SkipReason
from acclimate.annotation.people import Person, RefusedError, Role, save_person
from acclimate.annotation.queue import next_item, skip
from acclimate.annotation.relabelling import revise_guideline
from acclimate.annotation.review import (
    answers_to,
    next_dispute,
    own_answers,
    progress,
    reader_records,
)
from acclimate.annotation.schema import LabelSchema, Ranking
from acclimate.annotation.store import Store
from acclimate.annotation.tasks import PILOT, WORK, NewItem, Overlap, TaskSettings, add_items, set_priority, start_round
from acclimate.core.errors import DataError


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Store:
    return open_store(tmp_path, clock)


def item_for(store: Store, person: str) -> str | None:
    lease = next_item(store, TASK, person)
    return lease.item if lease else None


def test_an_item_goes_to_as_many_readers_as_it_wants(store: Store) -> None:
    start_task(store, notes(1), readings=2)
    assert [item_for(store, person) for person in ("ann", "bob", "cem")] == ["n0", "n0", None]


def test_asking_again_gives_the_item_one_holds(store: Store) -> None:
    start_task(store, notes(3), readings=1)
    assert [item_for(store, "ann"), item_for(store, "ann"), item_for(store, "bob")] == ["n0", "n0", "n1"]


def test_a_lease_that_ran_out_goes_to_another(store: Store, clock: Clock) -> None:
    start_task(store, notes(1), readings=1)
    item_for(store, "ann")
    clock.forward(minutes=31)
    assert item_for(store, "bob") == "n0"
    with pytest.raises(RefusedError, match="ran out"):
        answer(store, "ann", "n0", "low")


def test_a_late_answer_counts_while_nobody_else_has_the_item(store: Store, clock: Clock) -> None:
    start_task(store, notes(1), readings=1)
    item_for(store, "ann")
    clock.forward(minutes=600)
    answer(store, "ann", "n0", "low")
    assert item_for(store, "bob") is None


def test_a_repeated_answer_is_kept_once(store: Store) -> None:
    start_task(store, notes(1))
    item_for(store, "ann")
    first = answer(store, "ann", "n0", "low", token="t")
    assert answer(store, "ann", "n0", "low", token="t") == Receipt(first.number, repeated=True)
    assert len(own_answers(store, TASK, "ann")) == 1
    with pytest.raises(DataError, match="token"):
        answer(store, "ann", "n0", "high", token="t")


def test_an_answer_to_an_item_one_does_not_hold_is_refused(store: Store) -> None:
    start_task(store, notes(2))
    item_for(store, "ann")
    with pytest.raises(RefusedError, match="n1 was not given"):
        answer(store, "ann", "n1", "low")


def test_an_answer_outside_the_schema_is_refused_and_the_item_stays_with_the_reader(store: Store) -> None:
    start_task(store, notes(2))
    item_for(store, "ann")
    with pytest.raises(DataError, match="'soon' is not one of the 2 labels"):
        answer(store, "ann", "n0", "soon")
    assert item_for(store, "ann") == "n0"


def test_the_last_answer_can_be_taken_back_once_and_given_anew(store: Store) -> None:
    start_task(store, notes(2))
    item_for(store, "ann")
    receipt = answer(store, "ann", "n0", "low")
    assert undo(store, TASK, "ann", receipt.number).item == "n0"
    assert undo(store, TASK, "ann", receipt.number).item == "n0"
    answer(store, "ann", "n0", "high", token="second")
    assert [given.content["urgency"] for given in own_answers(store, TASK, "ann")] == ["high"]
    store.verify()


def test_only_the_last_answer_can_be_taken_back(store: Store) -> None:
    start_task(store, notes(2))
    first, _ = (answer(store, "ann", str(item_for(store, "ann")), "low") for _ in range(2))
    with pytest.raises(RefusedError, match="not the last"):
        undo(store, TASK, "ann", first.number)


def test_a_skipped_item_goes_to_another_and_never_back(store: Store) -> None:
    start_task(store, notes(1), readings=1)
    item_for(store, "ann")
    skip(store, TASK, "n0", "ann", reason=SkipReason.UNREADABLE)
    skip(store, TASK, "n0", "ann", reason=SkipReason.UNREADABLE)
    assert [item_for(store, "ann"), item_for(store, "bob")] == [None, "n0"]
    assert progress(store, TASK, by="mia").skips == 1


def test_priority_decides_what_comes_first(store: Store) -> None:
    start_task(store, notes(3))
    set_priority(store, TASK, {"n2": 5}, by="mia")
    assert item_for(store, "ann") == "n2"


def test_items_of_a_site_or_skill_go_only_to_people_who_have_it(store: Store) -> None:
    items = [
        NewItem({"id": "south", "text": "x", "site": "south"}),
        NewItem({"id": "expert", "text": "x"}, skill="cardiology"),
    ]
    start_task(store, items, readings=3)
    save_person(store, Person("bob", (Role.ANNOTATOR,), sites=("south",)), by="mia")
    save_person(store, Person("cem", (Role.ANNOTATOR,), skills=("cardiology",)), by="mia")
    assert [item_for(store, person) for person in ("ann", "bob", "cem")] == [None, "south", "expert"]


def test_a_quota_ends_a_readers_work(store: Store) -> None:
    start_task(store, notes(3))
    save_person(store, Person("ann", (Role.ANNOTATOR,), quota=1), by="mia")
    answer(store, "ann", str(item_for(store, "ann")), "low")
    assert item_for(store, "ann") is None


def test_in_the_pilot_round_only_pilot_items_are_handed_out(store: Store) -> None:
    start_task(store, [*notes(2), NewItem({"id": "p", "text": "pilot"}, pilot=True)])
    start_round(store, TASK, PILOT, by="mia")
    answer(store, "ann", str(item_for(store, "ann")), "low")
    assert item_for(store, "ann") is None
    start_round(store, TASK, WORK, by="mia")
    assert item_for(store, "ann") == "n0"


def test_gold_comes_once_to_each_reader_and_is_counted(store: Store) -> None:
    gold = [NewItem({"id": "g", "text": "gold"}, gold={"urgency": "high"})]
    start_task(store, [*notes(4), *gold], readings=2, settings=TaskSettings(gold_every=2))
    right = {**{f"n{number}": "low" for number in range(4)}, "g": "high"}
    read_all(store, {"ann": right, "bob": {**right, "g": "low"}})
    found = {record.person: (record.readings, record.gold_right) for record in reader_records(store, TASK, by="mia")}
    assert found == {"ann": (5, 1), "bob": (5, 0)}
    assert progress(store, TASK, by="mia").agreed == 4


def test_a_lease_shows_neither_arm_nor_gold(store: Store) -> None:
    item = NewItem({"id": "c", "prompt": "q"}, candidates={"base": "an answer", "tuned": "another"})
    start_task(store, [item], schema=LabelSchema(questions=(Ranking(name="better"),)))
    lease = next_item(store, TASK, "ann")
    assert lease is not None
    assert {candidate.text for candidate in lease.candidates} == {"an answer", "another"}
    assert "tuned" not in str(lease)
    assert "gold" not in {field.name for field in dataclasses.fields(lease)}


def test_readers_may_see_their_own_answers_alone(store: Store) -> None:
    start_task(store, notes(1))
    read_all(store, {"ann": {"n0": "low"}, "bob": {"n0": "high"}})
    assert [given.person for given in own_answers(store, TASK, "bob")] == ["bob"]
    with pytest.raises(RefusedError, match="bob is no owner"):
        answers_to(store, TASK, "n0", "bob")


def test_who_has_seen_the_answers_will_not_be_asked_to_read(store: Store) -> None:
    start_task(store, notes(1), readings=3)
    save_person(store, Person("cem", (Role.ANNOTATOR, Role.REVIEWER)), by="mia")
    answer(store, "ann", str(item_for(store, "ann")), "low")
    assert [given.person for given in answers_to(store, TASK, "n0", "cem")] == ["ann"]
    assert item_for(store, "cem") is None


def test_a_third_person_decides_where_readers_differ(store: Store) -> None:
    start_task(store, notes(2))
    read_all(store, {"ann": {"n0": "low", "n1": "low"}, "bob": {"n0": "high", "n1": "low"}})
    dispute = next_dispute(store, TASK, "rae")
    assert dispute is not None
    assert (dispute.lease.item, len(dispute.readings)) == ("n0", 2)
    answer(store, "rae", "n0", "high")
    assert next_dispute(store, TASK, "rae") is None
    assert (progress(store, TASK, by="mia").decided, progress(store, TASK, by="mia").agreed) == (1, 1)


def test_no_reader_decides_on_their_own_reading(store: Store) -> None:
    start_task(store, notes(1))
    read_all(store, {"ann": {"n0": "low"}, "bob": {"n0": "high"}})
    save_person(store, Person("ann", (Role.ANNOTATOR, Role.REVIEWER)), by="mia")
    assert next_dispute(store, TASK, "ann") is None


def test_a_decision_can_be_taken_back_but_not_the_readings_under_it(store: Store) -> None:
    start_task(store, notes(1))
    item_for(store, "ann")
    reading = answer(store, "ann", "n0", "low")
    read_all(store, {"bob": {"n0": "high"}})
    next_dispute(store, TASK, "rae")
    decision = answer(store, "rae", "n0", "high")
    with pytest.raises(RefusedError, match="decided"):
        undo(store, TASK, "ann", reading.number)
    undo(store, TASK, "rae", decision.number)
    assert progress(store, TASK, by="mia").disputed == 1


def test_items_come_back_unchanged_or_are_refused(store: Store) -> None:
    start_task(store, notes(2))
    assert add_items(store, TASK, notes(3), overlap=Overlap(), by="mia") == 1
    with pytest.raises(DataError, match="another record"):
        add_items(store, TASK, [NewItem({"id": "n0", "text": "changed"})], overlap=Overlap(), by="mia")


def test_the_overlap_plan_gives_the_share_asked_for() -> None:
    overlap = Overlap(readings=3, share=0.2)
    several = sum(overlap.wanted(f"item-{number}") == 3 for number in range(2000))
    assert 340 < several < 460


@pytest.mark.parametrize("person", ["rae", "nobody", "mia"])
def test_who_is_no_annotator_gets_no_item(store: Store, person: str) -> None:
    start_task(store, notes(1))
    with pytest.raises(RefusedError):
        next_item(store, TASK, person)


def test_taking_back_twice_gives_the_same_item_whatever_else_one_holds(store: Store) -> None:
    start_task(store, notes(2))
    receipt = answer(store, "ann", str(item_for(store, "ann")), "low")
    assert item_for(store, "ann") == "n1"
    assert [undo(store, TASK, "ann", receipt.number).item for _ in range(2)] == ["n0", "n0"]


def test_who_has_seen_other_answers_cannot_take_back_their_own(store: Store) -> None:
    start_task(store, notes(1))
    save_person(store, Person("ann", (Role.ANNOTATOR, Role.REVIEWER)), by="mia")
    receipt = answer(store, "ann", str(item_for(store, "ann")), "low")
    answers_to(store, TASK, "n0", "ann")
    with pytest.raises(RefusedError, match="has seen other answers"):
        undo(store, TASK, "ann", receipt.number)


def test_who_has_seen_other_answers_is_not_asked_again_when_a_meaning_changes(store: Store) -> None:
    start_task(store, notes(1))
    save_person(store, Person("ann", (Role.ANNOTATOR, Role.REVIEWER)), by="mia")
    read_all(store, {"ann": {"n0": "low"}, "bob": {"n0": "low"}})
    answers_to(store, TASK, "n0", "ann")
    revise_guideline(store, TASK, "Low is never.", changes_meaning_of={"urgency": ["low"]}, by="mia")
    assert [item_for(store, person) for person in ("ann", "bob", "cem")] == [None, "n0", "n0"]


def test_a_decision_on_readings_that_were_taken_back_is_refused(store: Store) -> None:
    start_task(store, notes(1))
    read_all(store, {"ann": {"n0": "low"}})
    next_item(store, TASK, "bob")
    receipt = answer(store, "bob", "n0", "high")
    next_dispute(store, TASK, "rae")
    undo(store, TASK, "bob", receipt.number)
    with pytest.raises(RefusedError, match="was not given"):
        answer(store, "rae", "n0", "high")


def test_an_answer_whose_label_changed_its_meaning_meanwhile_is_asked_again(store: Store) -> None:
    start_task(store, notes(2))
    item_for(store, "ann")
    revise_guideline(store, TASK, "Low is never.", changes_meaning_of={"urgency": ["low"]}, by="mia")
    with pytest.raises(RefusedError, match="another meaning"):
        answer(store, "ann", "n0", "low")
    lease = next_item(store, TASK, "ann")
    assert lease is not None
    assert (lease.item, lease.guideline_version) == ("n0", 2)
    answer(store, "ann", "n0", "low")


def test_a_decision_one_holds_is_not_handed_out_as_a_reading(store: Store) -> None:
    start_task(store, notes(1))
    save_person(store, Person("rae", (Role.ANNOTATOR, Role.REVIEWER)), by="mia")
    read_all(store, {"ann": {"n0": "low"}, "bob": {"n0": "high"}})
    assert next_dispute(store, TASK, "rae") is not None
    assert item_for(store, "rae") is None


@pytest.mark.parametrize(("value", "seconds"), [("\ud83d", 1.0), ("low", -1.0), ("low", float("nan"))])
def test_what_no_database_can_hold_is_refused_in_a_sentence(store: Store, value: str, seconds: float) -> None:
    start_task(store, notes(1))
    item_for(store, "ann")
    with pytest.raises(DataError, match="item n0"):
        submit(store, Submission(TASK, "n0", "ann", "t", {"urgency": value}, seconds))


def test_rows_of_a_table_are_items_as_they_are(store: Store) -> None:
    row = {"id": "n0", "text": "x", "label": None, "collected_at": datetime(2026, 1, 1, tzinfo=UTC)}
    start_task(store, [NewItem(row)])
    assert add_items(store, TASK, [NewItem(row)], overlap=Overlap(), by="mia") == 0
    lease = next_item(store, TASK, "ann")
    assert lease is not None
    assert lease.record == {"id": "n0", "text": "x", "collected_at": "2026-01-01T00:00:00+00:00"}
