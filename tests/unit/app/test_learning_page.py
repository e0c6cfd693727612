"""The page of what labels have taught: a curve with its interval, the advice to stop, and why each item comes next."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from tests.unit.annotation.project_of_four import Clock
from tests.unit.app.office_of_two_sites import app_of, open_office, signed_in

from acclimate.annotation.active.ranking import rank
from acclimate.annotation.answering import Submission, submit
from acclimate.annotation.queue import next_item
from acclimate.annotation.schema import Choice, LabelSchema, Option
from acclimate.annotation.tasks import NewItem, Overlap, TaskSettings, add_items, change_settings, create_task
from acclimate.app.web import Office
from acclimate.core.ports import Vectors

TASK = "topics"


class Topics:
    """Texts lie around the axis of their topic."""

    digest = "topics-1"

    def encode(self, texts: Sequence[str], *, progress: object = None) -> Vectors:
        rows = []
        for text in texts:
            row = np.eye(2, 4)[int(text.split()[1])] + np.random.default_rng(list(text.encode())).normal(0, 0.2, 4)
            rows.append(row / np.linalg.norm(row))
        return np.array(rows, dtype=np.float32)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = open_office(tmp_path, Clock())
    schema = LabelSchema(questions=(Choice(name="topic", options=(Option(name="pain"), Option(name="fever"))),))
    create_task(office.store, TASK, schema, settings=TaskSettings(active=True), by="mara")
    notes = [NewItem({"id": f"n{n}", "text": f"topic {n % 2} note {n}", "site": "south"}) for n in range(160)]
    add_items(office.store, TASK, notes, overlap=Overlap(), by="mara")
    yield office
    office.store.close()


def read(office: Office, count: int) -> None:
    for _ in range(count):
        lease = next_item(office.store, TASK, "ann")
        assert lease is not None
        label = ("pain", "fever")[int(lease.item[1:]) % 2]
        submit(office.store, Submission(TASK, lease.item, "ann", f"ann-{lease.item}", {"topic": label}))


def page(office: Office) -> str:
    client, _ = signed_in(office, app_of(office), "mara")
    text: str = client.get(f"/tasks/{TASK}/learning").text
    return text


def test_before_anything_was_measured_the_page_says_how(office: Office) -> None:
    assert "Nothing was measured yet" in page(office)
    assert f"acclimate annotations rank --task {TASK}" in page(office)


def test_each_next_item_stands_with_why_it_was_chosen(office: Office) -> None:
    rank(office.store, TASK, Topics(), by="mara")
    assert len(re.findall(r"stands for \d+ of \d+ items; likeness to what was read -?\.\d\d", page(office))) > 20
    assert "drawn at random" in page(office)
    read(office, 50)
    rank(office.store, TASK, Topics(), by="mara")
    assert re.search(r"the model is least sure here: (pain|fever) \.\d\d", page(office))


def test_the_curve_and_its_table_hold_the_same_points(office: Office) -> None:
    change_settings(office.store, TASK, TaskSettings(active=False), by="mara")
    read(office, 80)
    rank(office.store, TASK, Topics(), by="mara")
    shown = page(office)
    assert shown.count("<circle") == shown.count("</td><td>0.") + shown.count("</td><td>1.") > 0
    assert "style=" not in shown
    assert "Items come in the order in which they were added" in shown


def test_a_reader_has_no_such_page(office: Office) -> None:
    client, _ = signed_in(office, app_of(office), "ann")
    assert client.get(f"/tasks/{TASK}/learning").status_code == 403
