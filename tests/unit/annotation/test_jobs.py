"""Work asked for on a page: done once, taken up again after a kill, given up when it ends everybody who tries."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.annotation.project_of_four import TASK, Clock, notes, open_store, start_task

from acclimate.annotation.erasure import AnnotationDatabase
from acclimate.annotation.jobs import (
    FAULT,
    HELD_SECONDS,
    MOST_TRIES,
    Job,
    ask,
    claim,
    end,
    give_back,
    held_job,
    newest_jobs,
    renew,
)
from acclimate.annotation.store import Store, moment


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Store:
    store = open_store(tmp_path, clock)
    start_task(store, notes(1))
    return store


def asked(store: Store, kind: str = "answers") -> int:
    with store.write() as transaction:
        return ask(transaction, TASK, kind, {"content": "chest pain"}, about={"source": "file a"}, by="mia")


def newest(store: Store) -> Job:
    with store.read() as connection:
        return newest_jobs(connection, TASK, "answers", now=moment(store.clock()))[0]


def test_jobs_are_done_in_the_order_in_which_they_were_asked_for_each_by_one(store: Store) -> None:
    first, second = asked(store), asked(store)
    claimed = [claim(store), claim(store), claim(store)]
    assert [job.number if job else None for job in claimed] == [first, second, None]
    assert claimed[0] is not None and claimed[0].given == {"content": "chest pain"}


def test_what_a_killed_server_held_is_free_when_its_minute_has_run_out(store: Store, clock: Clock) -> None:
    number = asked(store)
    claim(store)
    clock.forward(minutes=0.5)
    renew(store, number)
    clock.forward(minutes=0.9)
    assert claim(store) is None and newest(store).is_held
    clock.forward(minutes=0.2)
    assert not newest(store).is_held
    again = claim(store)
    assert again is not None and again.number == number


def test_a_job_that_ends_everybody_who_tries_is_given_up_and_says_so(store: Store, clock: Clock) -> None:
    asked(store)
    for _ in range(MOST_TRIES):
        assert claim(store) is not None
        clock.forward(minutes=HELD_SECONDS / 60)
    assert claim(store) is None
    assert "begun 3 times" in (newest(store).said or {})[FAULT]


def test_being_interrupted_on_purpose_counts_as_no_try(store: Store) -> None:
    number = asked(store)
    for _ in range(MOST_TRIES + 1):
        assert claim(store) is not None
        give_back(store, number)
    assert newest(store).said is None


def test_an_ended_job_forgets_what_it_was_given_and_ends_once(store: Store) -> None:
    number = asked(store)
    claim(store)
    end(store, number, {"outcomes": {"kept": 1}})
    end(store, number, {"outcomes": {"kept": 2}})
    assert newest(store).said == {"outcomes": {"kept": 1}}
    assert held_job(store, number) is None and claim(store) is None
    assert [event["action"] for event in store.events()][-2:] == ["work asked for", "work ended"]
    assert "chest pain" not in str(list(store.events()))
    assert store.verify() > 0


def test_an_erasure_forgets_what_was_sent_and_not_done_yet(store: Store, tmp_path: Path) -> None:
    number = asked(store)
    claim(store)
    AnnotationDatabase.of_project(tmp_path, None).forget(frozenset(), subject="s", receipt="r")  # type: ignore[union-attr]
    assert "erased" in (newest(store).said or {})[FAULT]
    end(store, number, {"outcomes": {}})
    assert b"chest pain" not in (tmp_path / "annotation.db").read_bytes()
