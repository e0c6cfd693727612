"""The page of what labels have taught: a curve with its interval, the advice to stop, and why each item comes next."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from tests.unit.annotation.project_of_four import Clock
from tests.unit.app.office_of_two_sites import app_of, open_office, signed_in

from acclimate.annotation.active.ranking import rank
from acclimate.annotation.active.renewal import ask_where_due
from acclimate.annotation.answering import Submission, submit
from acclimate.annotation.jobs import claim, end
from acclimate.annotation.queue import next_item
from acclimate.annotation.schema import Choice, LabelSchema, Option
from acclimate.annotation.tasks import (
    NewItem,
    Overlap,
    TaskSettings,
    add_items,
    change_settings,
    create_task,
    settings_of,
)
from acclimate.app.jobs import Surroundings, do
from acclimate.app.web import Office
from acclimate.core.errors import ModelError
from acclimate.core.ports import Encoder, Vectors

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


def test_before_anything_was_measured_the_page_says_so(office: Office) -> None:
    assert "Nothing was measured yet" in page(office)
    assert "It was not asked for yet, and is done only when you ask for it." in page(office)


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
    assert client.post(f"/tasks/{TASK}/learning/now").status_code == 403


def no_encoder() -> Encoder:
    raise ModelError("The encoder is not installed.", hint="pip install it")


def work(office: Office, encoder: Callable[[], Encoder] = Topics) -> int:
    """Does what the server does when it looks; how many jobs that were."""
    ask_where_due(office.store)
    done = 0
    while (job := claim(office.store)) is not None:
        end(office.store, job.number, do(office.store, job, Surroundings(office.folder, encoder=encoder)))
        done += 1
    return done


def switch_on(office: Office, *, every: int) -> None:
    client, token = signed_in(office, app_of(office), "mara")
    form = {"form_token": token, "active": "yes", "random_percent": "20", "rank_every": str(every)}
    assert client.post(f"/tasks/{TASK}/learning", data=form).status_code == 303


def test_switched_on_it_is_done_at_once_and_again_after_so_many_new_answers(office: Office) -> None:
    switch_on(office, every=12)
    assert [work(office), work(office)] == [1, 0]
    assert "0 labelled items, 50 chosen" in page(office) and "0 of 12 new answers since then" in page(office)
    read(office, 11)
    assert work(office) == 0 and "11 of 12 new answers since then" in page(office)
    read(office, 1)
    assert work(office) == 1 and "12 labelled items" in page(office)
    with office.store.read() as connection:
        assert settings_of(connection, TASK).random_percent == 20


def test_why_it_was_not_done_stands_on_the_page_and_it_is_tried_after_as_many_answers_again(office: Office) -> None:
    switch_on(office, every=5)
    assert [work(office, no_encoder), work(office, no_encoder)] == [1, 0]
    assert "The encoder is not installed. pip install it" in page(office)
    read(office, 5)
    assert work(office) == 1 and "Not done" not in page(office)


def test_a_manager_asks_for_it_once_at_a_time_and_one_of_a_site_not_at_all(office: Office) -> None:
    client, token = signed_in(office, app_of(office), "mara")
    for _ in range(2):
        assert client.post(f"/tasks/{TASK}/learning/now", data={"form_token": token}).status_code == 303
    assert "waiting for its turn" in page(office)
    assert work(office) == 1 and "Done on" in page(office)
    of_south, other = signed_in(office, app_of(office), "mia")
    assert of_south.post(f"/tasks/{TASK}/learning/now", data={"form_token": other}).status_code == 403


def test_a_wrong_number_of_answers_is_refused(office: Office) -> None:
    client, token = signed_in(office, app_of(office), "mara")
    form = {"form_token": token, "active": "yes", "random_percent": "20", "rank_every": "-1"}
    answer = client.post(f"/tasks/{TASK}/learning", data=form)
    assert answer.status_code == 400 and "rank_every" in answer.text
