"""A small annotation project: Mia manages, Ann, Bob and Cem read, Rae decides; a clock that tests move."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from acclimate.annotation.answering import Receipt, Submission, submit
from acclimate.annotation.people import SYSTEM, Person, Role, save_person
from acclimate.annotation.queue import next_item
from acclimate.annotation.schema import Choice, LabelSchema, Option
from acclimate.annotation.store import Store, database_url
from acclimate.annotation.tasks import NewItem, Overlap, TaskSettings, add_items, create_task

READERS = ("ann", "bob", "cem")
TASK = "urgency"


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, *, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)


def urgency_schema(*labels: str) -> LabelSchema:
    options = tuple(Option(name=label) for label in labels or ("low", "high"))
    return LabelSchema(questions=(Choice(name="urgency", options=options),))


def open_store(folder: Path, clock: Callable[[], datetime] | None = None, *, url: str | None = None) -> Store:
    """A database with four people."""
    store = Store.open(database_url(folder, url), clock=clock or Clock())
    save_person(store, Person("mia", (Role.MANAGER,)), by=SYSTEM)
    for name in READERS:
        save_person(store, Person(name, (Role.ANNOTATOR,)), by="mia")
    save_person(store, Person("rae", (Role.REVIEWER,)), by="mia")
    return store


def notes(count: int) -> list[NewItem]:
    return [NewItem({"id": f"n{number}", "text": f"note {number}"}) for number in range(count)]


def start_task(
    store: Store,
    items: Sequence[NewItem],
    *,
    readings: int = 2,
    schema: LabelSchema | None = None,
    settings: TaskSettings | None = None,
) -> None:
    create_task(store, TASK, schema or urgency_schema(), guideline="Urgent is today.", settings=settings, by="mia")
    add_items(store, TASK, items, overlap=Overlap(readings=readings), by="mia")


def answer(
    store: Store, person: str, item: str, value: Mapping[str, Any] | str, *, token: str = "", seconds: float = 4.0
) -> Receipt:
    """Submits an answer to an item that the person holds."""
    content = {"urgency": value} if isinstance(value, str) else value
    return submit(store, Submission(TASK, item, person, token or f"{person}-{item}", content, seconds))


def read_all(store: Store, labels: Mapping[str, Mapping[str, str]]) -> None:
    """Everybody in `labels` reads what they are given, as it says by person and item."""
    for person, given in labels.items():
        while (lease := next_item(store, TASK, person)) is not None:
            answer(store, person, lease.item, given[lease.item], token=str(uuid4()))
