"""A project with records and readers, its real server in a process of its own, and readers' browsers without a window."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from acclimate.annotation.items import NewItem, Overlap
from acclimate.annotation.people import SYSTEM, Person, Role, save_person
from acclimate.annotation.schema import Choice, LabelSchema, Option
from acclimate.annotation.store import Store, database_url
from acclimate.annotation.tasks import add_items, create_task
from acclimate.app.identity import begin_session, form_token

TASK = "urgency"
LABELS = ("low", "high")
_ITEM = re.compile(rb'data-item="([^"]+)"')
_WORDS = [
    "the",
    "patient",
    "reports",
    "pain",
    "in",
    "her",
    "left",
    "arm",
    "since",
    "Monday",
    "and",
    "took",
    "no",
    "aspirin",
    "before",
]


def make_project(folder: Path, *, records: int, readings: int, readers: int) -> dict[str, str]:
    """A task of made-up notes of 500 characters; gives each reader's session token by name."""
    folder.mkdir(parents=True, exist_ok=True)
    store = Store.open(database_url(folder, None))
    save_person(store, Person("mia", (Role.OWNER, Role.MANAGER)), by=SYSTEM)
    schema = LabelSchema(questions=(Choice(name="urgency", options=tuple(Option(name=one) for one in LABELS)),))
    create_task(store, TASK, schema, guideline="Urgent means today.", by="mia")
    text = " ".join(_WORDS * 8)[:490]
    notes = [NewItem({"id": f"n{number}", "text": f"{number} {text}"}) for number in range(records)]
    add_items(store, TASK, notes, overlap=Overlap(readings=readings), by="mia")
    names = [f"reader-{number}" for number in range(readers)]
    for name in names:
        save_person(store, Person(name, (Role.ANNOTATOR,)), by="mia")
    sessions = {name: begin_session(store, name) for name in names}
    store.close()
    return sessions


class Server:
    """`acclimate annotate` on a free port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])

    def start(self) -> None:
        """Returns when it takes connections."""
        run = "from acclimate.cli.main import main; main()"
        options = ["annotate", "--project", str(self.folder), "--port", str(self.port), "--quiet"]
        self.process = subprocess.Popen([sys.executable, "-c", run, *options], stdout=subprocess.DEVNULL)
        for _ in range(1200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise TimeoutError("the server did not start")

    def kill(self) -> None:
        """As a power cut of the process would end it."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextmanager
def served(folder: Path) -> Iterator[Server]:
    """A running server, gone afterwards."""
    server = Server(folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()


class Reader:
    """One reader's browser: a kept connection, the cookie, and the proof that forms carry."""

    def __init__(self, port: int, session: str, *, timeout: float = 60) -> None:
        self.port, self.timeout = port, timeout
        self.headers = {"cookie": f"acclimate={session}", "origin": f"http://127.0.0.1:{port}"}
        self.headers |= {"x-form-token": form_token(session), "host": f"127.0.0.1:{port}"}
        self.connection: http.client.HTTPConnection | None = None

    def next_item(self) -> str | None:
        """The item on the page that is shown next; None where nothing is left."""
        status, page = self._ask("GET", f"/read/{TASK}")
        if status != 200:
            raise OSError(f"the page came with {status}")
        found = _ITEM.search(page)
        return found[1].decode() if found else None

    def answer(self, item: str, token: str, label: str) -> dict[str, Any]:
        """Sends an answer; what the server says of it, once it is kept. Raises ValueError where it will never be."""
        sent = {"item": item, "token": token, "answer": {"urgency": label}, "seconds": 1}
        status, said = self._ask("POST", f"/answers/{TASK}", json.dumps(sent).encode())
        if 400 <= status < 500:
            raise ValueError(f"the answer was met with {status}: {said[:200]!r}")
        if status != 200:
            raise OSError(f"the answer was met with {status}: {said[:200]!r}")
        receipt: dict[str, Any] = json.loads(said)
        return receipt

    def _ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)
        headers = {**self.headers, **({"content-type": "application/json"} if body else {})}
        try:
            self.connection.request(method, path, body, headers)
            response = self.connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = None
            raise
