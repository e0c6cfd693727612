"""Readings checked by a second person, batches that pass or go back, and questions answered once for all."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.annotation.project_of_four import TASK, Clock, answer, notes, open_store, start_task

from acclimate.annotation.answering import Submission, undo
from acclimate.annotation.assignments import RETURN_DAYS
from acclimate.annotation.batches import Batch, Rates, batches_of, return_batch, screen_batch, start_batch
from acclimate.annotation.checks import Check, accept, correct, next_check, return_to_reader
from acclimate.annotation.export import export_snapshot
from acclimate.annotation.people import Person, RefusedError, Role, save_person
from acclimate.annotation.queue import next_item
from acclimate.annotation.remarks import answer_remark, answered_questions, ask, open_remarks
from acclimate.annotation.review import own_answers, progress
from acclimate.annotation.store import Store
from acclimate.annotation.tasks import NewItem
from acclimate.core.artifacts import Artifact
from acclimate.core.errors import DataError


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Store:
    return open_store(tmp_path, clock)


def read_by(store: Store, person: str, count: int) -> None:
    for _ in range(count):
        lease = next_item(store, TASK, person)
        assert lease is not None
        answer(store, person, lease.item, "low")


def all_of(store: Store, *, reader: str | None = None) -> Batch:
    return start_batch(store, TASK, reader=reader, rates=None, by="mia")


def check_by_rae(store: Store) -> Check:
    check = next_check(store, TASK, "rae")
    assert check is not None
    return check


def corrected(store: Store, check: Check, value: str = "high", token: str = "") -> int:
    sent = Submission(TASK, check.lease.item, "rae", token or f"rae-{check.answer}", {"urgency": value})
    return correct(store, check.answer, sent).number


def test_a_reading_that_is_accepted_stays_and_the_batch_ends_with_its_last(store: Store) -> None:
    start_task(store, notes(2), readings=1)
    read_by(store, "ann", 2)
    all_of(store)
    for _ in range(2):
        check = check_by_rae(store)
        assert check.lease.before == {"urgency": "low"}
        accept(store, TASK, check.answer, "rae")
        accept(store, TASK, check.answer, "rae")
    (batch,) = batches_of(store, TASK, by="mia")
    assert (batch.state, batch.accepted, batch.errors) == ("checked", 2, 0)
    assert next_check(store, TASK, "rae") is None
    store.verify()


def test_a_correction_is_what_counts_and_the_reading_stays(store: Store, tmp_path: Path) -> None:
    start_task(store, notes(1), readings=1)
    read_by(store, "ann", 1)
    all_of(store)
    check = check_by_rae(store)
    number = corrected(store, check)
    assert corrected(store, check) == number
    snapshot = export_snapshot(store, TASK, tmp_path / "out", by="mia")
    assert Artifact(snapshot.folder).table()["label"].to_pylist() == ["high"]
    assert [given.content for given in own_answers(store, TASK, "ann")] == [{"urgency": "low"}]
    with pytest.raises(RefusedError, match="corrects a reading"):
        undo(store, TASK, "rae", number)
    store.verify()


def test_two_corrections_of_one_item_leave_the_later_one_as_its_decision(store: Store, tmp_path: Path) -> None:
    start_task(store, notes(1), readings=2)
    read_by(store, "ann", 1)
    read_by(store, "bob", 1)
    all_of(store)
    corrected(store, check_by_rae(store), "high", "first")
    corrected(store, check_by_rae(store), "low", "second")
    snapshot = export_snapshot(store, TASK, tmp_path / "out", by="mia")
    assert Artifact(snapshot.folder).table()["label"].to_pylist() == ["low"]
    store.verify()


def test_a_returned_reading_comes_back_first_with_the_comment_and_what_was_answered(store: Store) -> None:
    start_task(store, notes(3), readings=1)
    read_by(store, "ann", 1)
    held = next_item(store, TASK, "ann")
    all_of(store)
    check = check_by_rae(store)
    return_to_reader(store, TASK, check.answer, "rae", comment="Look at the dose.")
    again = next_item(store, TASK, "ann")
    assert again is not None and held is not None
    assert (again.item, again.comment, again.before) == ("n0", "Look at the dose.", {"urgency": "low"})
    answer(store, "ann", "n0", "high", token="again")
    assert next_item(store, TASK, "ann") == held
    store.verify()


def test_a_returned_item_goes_to_others_when_its_reader_does_not_come(store: Store, clock: Clock) -> None:
    start_task(store, notes(1), readings=1)
    read_by(store, "ann", 1)
    all_of(store)
    return_to_reader(store, TASK, check_by_rae(store).answer, "rae", comment="No.")
    assert next_item(store, TASK, "bob") is None
    clock.forward(minutes=RETURN_DAYS * 24 * 60 + 1)
    lease = next_item(store, TASK, "bob")
    assert lease is not None and lease.before is None and lease.comment == ""


def test_nobody_checks_what_they_read_or_what_another_is_checking(store: Store) -> None:
    save_person(store, Person("rae", (Role.REVIEWER, Role.ANNOTATOR)), by="mia")
    save_person(store, Person("ros", (Role.REVIEWER,)), by="mia")
    start_task(store, notes(2), readings=1)
    read_by(store, "rae", 1)
    read_by(store, "ann", 1)
    all_of(store)
    assert check_by_rae(store).lease.item == "n1"
    other = next_check(store, TASK, "ros")
    assert other is not None and other.lease.item == "n0"
    with pytest.raises(RefusedError, match="not with rae"):
        accept(store, TASK, other.answer, "rae")
    assert next_item(store, TASK, "rae") is None


def test_items_of_another_site_are_not_checked(store: Store) -> None:
    save_person(store, Person("ann", (Role.ANNOTATOR,), sites=("north",)), by="mia")
    start_task(store, [NewItem({"id": "n0", "text": "x", "site": "north"})], readings=1)
    read_by(store, "ann", 1)
    all_of(store)
    assert next_check(store, TASK, "rae") is None


def test_a_sample_with_too_many_errors_fails_the_batch_which_then_is_screened(store: Store) -> None:
    start_task(store, notes(40), readings=1)
    read_by(store, "ann", 40)
    batch = start_batch(store, TASK, reader="ann", rates=Rates(0.02, 0.3), by="mia")
    assert batch.pass_at is not None and batch.sample < 40
    for _ in range(batch.pass_at + 1):
        corrected(store, check_by_rae(store))
    assert batches_of(store, TASK, by="mia")[0].state == "failed"
    assert next_check(store, TASK, "rae") is None
    screen_batch(store, TASK, batch.number, by="mia")
    while (check := next_check(store, TASK, "rae")) is not None:
        accept(store, TASK, check.answer, "rae")
    (ended,) = batches_of(store, TASK, by="mia")
    assert (ended.state, ended.checked) == ("checked", 40)
    store.verify()


def test_a_failed_batch_is_returned_whole_but_for_what_was_checked(store: Store) -> None:
    start_task(store, notes(40), readings=1)
    read_by(store, "ann", 40)
    batch = start_batch(store, TASK, reader=None, rates=Rates(0.02, 0.3), by="mia")
    assert batch.pass_at is not None
    for _ in range(batch.pass_at + 1):
        corrected(store, check_by_rae(store))
    returned = return_batch(store, TASK, batch.number, comment="Read the guideline again.", by="mia")
    assert returned == 40 - batch.pass_at - 1
    lease = next_item(store, TASK, "ann")
    assert lease is not None and lease.comment == "Read the guideline again."
    assert progress(store, TASK, by="mia").under_way == returned
    store.verify()


def test_a_good_sample_passes_the_batch(store: Store) -> None:
    start_task(store, notes(40), readings=1)
    read_by(store, "ann", 40)
    batch = start_batch(store, TASK, reader=None, rates=Rates(0.02, 0.3), by="mia")
    for _ in range(batch.sample):
        accept(store, TASK, check_by_rae(store).answer, "rae")
    assert batches_of(store, TASK, by="mia")[0].state == "passed"
    with pytest.raises(DataError, match="not in a batch before"):
        all_of(store)


def test_a_reading_taken_back_by_its_reader_is_replaced_in_the_sample(store: Store) -> None:
    start_task(store, notes(2), readings=1)
    read_by(store, "ann", 2)
    batch = all_of(store)
    undo(store, TASK, "ann", own_answers(store, TASK, "ann")[-1].number)
    accept(store, TASK, check_by_rae(store).answer, "rae")
    assert next_check(store, TASK, "rae") is None
    (ended,) = batches_of(store, TASK, by="mia")
    assert (ended.number, ended.state, ended.checked) == (batch.number, "checked", 1)


def test_a_question_is_answered_once_for_all_readers(store: Store) -> None:
    start_task(store, notes(1))
    next_item(store, TASK, "ann")
    number = ask(store, TASK, "n0", "ann", "Is aspirin a drug?", token="t")
    assert ask(store, TASK, "n0", "ann", "Is aspirin a drug?", token="t") == number
    assert [remark.text for remark in open_remarks(store, TASK, by="rae")] == ["Is aspirin a drug?"]
    answer_remark(store, TASK, number, question="Are painkillers drugs?", answer="Yes.", by="rae")
    assert open_remarks(store, TASK, by="rae") == []
    with store.read() as connection:
        assert [(q.question, q.answer) for q in answered_questions(connection, TASK)] == [
            ("Are painkillers drugs?", "Yes.")
        ]
    assert not any("aspirin" in str(event) for event in store.events())


def test_a_question_about_an_item_of_another_site_is_neither_seen_nor_answered(store: Store) -> None:
    save_person(store, Person("ann", (Role.ANNOTATOR,), sites=("north",)), by="mia")
    start_task(store, [NewItem({"id": "n0", "text": "x", "site": "north"})])
    with pytest.raises(RefusedError, match="another site"):
        ask(store, TASK, "n0", "bob", "What is it?", token="t")
    next_item(store, TASK, "ann")
    number = ask(store, TASK, "n0", "ann", "Who is Maria?", token="t")
    assert open_remarks(store, TASK, by="rae") == []
    with pytest.raises(RefusedError, match="no question"):
        answer_remark(store, TASK, number, question="?", answer="!", by="rae")
