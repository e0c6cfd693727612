"""Does jobs beside the serving, one at a time, each in a process of its own that gives way to the pages.

A thread of the server would hold up every request while it searches texts or trains a model.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import SpawnProcess

from acclimate.annotation.active.renewal import ask_where_due
from acclimate.annotation.jobs import HELD_SECONDS, claim, end, give_back, held_job, renew
from acclimate.annotation.store import Store
from acclimate.app.jobs import Surroundings, do
from acclimate.core.errors import AcclimateError

LOOK_SECONDS = 1.0
_RENEW_SECONDS = HELD_SECONDS / 3
_NICE = 10


@contextmanager
def working(store: Store, around: Surroundings) -> Iterator[None]:
    """Does what is asked for while this lasts; a job under way at its end is given back."""
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(LOOK_SECONDS):
            try:
                ask_where_due(store)
                while not ended.is_set() and (job := claim(store)) is not None:
                    _in_own_process(store, around, job.number, ended)
            except (AcclimateError, OSError):
                # A full disk or a database that is away must not end the serving; the next look tries again.
                continue

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _in_own_process(store: Store, around: Surroundings, number: int, ended: threading.Event) -> None:
    """Waits for a process that does the job, holding it meanwhile; of one that was killed, the job is free in a minute."""
    url = store.engine.url.render_as_string(hide_password=False)
    process = multiprocessing.get_context("spawn").Process(target=_do, args=(url, around, number), daemon=True)
    process.start()
    renewed = time.monotonic()
    try:
        while process.is_alive() and not ended.is_set():
            process.join(LOOK_SECONDS)
            if time.monotonic() - renewed > _RENEW_SECONDS:
                renew(store, number)
                renewed = time.monotonic()
    finally:
        was_interrupted = process.is_alive()
        _stop(process)
    if was_interrupted:
        give_back(store, number)


def _stop(process: SpawnProcess) -> None:
    process.terminate()
    process.join()
    process.close()


def _do(url: str, around: Surroundings, number: int) -> None:
    # Ctrl-C reaches this process too; the server ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(_NICE)
    threading.Thread(target=_end_with_the_server, daemon=True).start()
    store = Store.open(url)
    job = held_job(store, number)
    if job is not None:
        end(store, number, do(store, job, around))


def _end_with_the_server() -> None:
    """Ends this process when the server was killed: another may have the job before long."""
    server = multiprocessing.parent_process()
    if server is not None:
        server.join()
        os._exit(1)
