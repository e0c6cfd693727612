"""Work beside the serving: given back when its server stops, held while it lasts, ended when its server is killed."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import select
from tests.unit.annotation.openai_endpoint import saying, served
from tests.unit.annotation.project_of_four import TASK, notes, open_store, start_task

from acclimate.annotation.jobs import ask
from acclimate.annotation.store import Store, database_url
from acclimate.annotation.suggestions.endpoint import Endpoint
from acclimate.annotation.tables import jobs
from acclimate.app import working as working_module
from acclimate.app.jobs import ENDPOINT, Surroundings
from acclimate.app.working import working

SERVING = """
import sys, time
from pathlib import Path
from acclimate.annotation.store import Store, database_url
from acclimate.annotation.suggestions.endpoint import Endpoint
from acclimate.app.jobs import Surroundings
from acclimate.app.working import working
folder = Path(sys.argv[1])
with working(Store.open(database_url(folder, None)), Surroundings(folder, Endpoint(sys.argv[2], "m1"))):
    time.sleep(600)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with a job that asks a model about its only item."""
    store = open_store(tmp_path)
    start_task(store, notes(1))
    (tmp_path / "acclimate.yaml").write_text("project: demo\nnetwork: true\n")
    with store.write() as transaction:
        ask(transaction, TASK, ENDPOINT, {}, by="mia")
    store.close()
    return tmp_path


@contextmanager
def silent_model() -> Iterator[tuple[str, threading.Event]]:
    """The address of a model that answers nobody before the test is over, and whether it was asked."""
    asked, over = threading.Event(), threading.Event()

    def wait(_asked: dict[str, Any], _key: str) -> tuple[int, bytes]:
        asked.set()
        over.wait(120)
        return saying("{}")

    with served(wait) as url:
        try:
            yield url, asked
        finally:
            over.set()


def job_in(store: Store) -> Any:
    with store.read() as connection:
        return connection.execute(select(jobs)).one()


def comes_true(said: Callable[[], bool], *, seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if said():
            return True
        time.sleep(0.05)
    return False


def test_a_job_is_held_on_while_it_lasts_and_given_back_when_the_serving_ends(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working_module, "_RENEW_SECONDS", 0.0)
    store = Store.open(database_url(folder, None))
    with silent_model() as (url, asked), working(store, Surroundings(folder, Endpoint(url, "m1"))):
        assert asked.wait(60)
        first = job_in(store).held_until
        assert comes_true(lambda: job_in(store).held_until > first)
    left = job_in(store)
    assert (left.held_until, left.tries, left.ended_at) == (None, 0, None)
    assert not multiprocessing.active_children()


def test_what_does_a_job_ends_when_its_server_is_killed(folder: Path) -> None:
    with silent_model() as (url, asked):
        server = subprocess.Popen([sys.executable, "-c", SERVING, str(folder), url])
        try:
            assert asked.wait(60)
            workers = psutil.Process(server.pid).children(recursive=True)
        finally:
            server.kill()
            server.wait()
        assert workers
        assert comes_true(lambda: not any(one.is_running() and one.status() != "zombie" for one in workers))
    left = job_in(Store.open(database_url(folder, None)))
    assert left.ended_at is None and left.held_until is not None and left.tries == 1
