"""Ranking in a real database: a stand-in for the encoder, whose vectors say what a text is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select, update
from tests.unit.annotation.older_databases import drop_active_order
from tests.unit.annotation.project_of_four import (
    TASK,
    Clock,
    answer,
    open_store,
    start_task,
    urgency_schema,
)

from acclimate.annotation import tables
from acclimate.annotation.active.ranking import AS_GIVEN, COLD, DOUBT, newest_ranking, rank
from acclimate.annotation.erasure import AnnotationDatabase
from acclimate.annotation.people import RefusedError
from acclimate.annotation.queue import next_item, next_items
from acclimate.annotation.schema import Choice, LabelSchema, Option, Text
from acclimate.annotation.store import Store, database_url
from acclimate.annotation.tasks import (
    NewItem,
    Overlap,
    TaskSettings,
    add_items,
    change_settings,
    set_priority,
    settings_of,
)
from acclimate.core.errors import ConfigError
from acclimate.core.ports import Vectors
from acclimate.core.reinclusion import id_digest

ACTIVE = TaskSettings(active=True)
COUNT = 200


class Topics:
    """Texts that name a topic lie around its axis; counts what it was asked."""

    digest = "topics-1"

    def __init__(self) -> None:
        self.asked = 0

    def encode(self, texts: Sequence[str], *, progress: object = None) -> Vectors:
        self.asked += len(texts)
        rows = []
        for text in texts:
            generator = np.random.default_rng(list(text.encode()))
            row = np.eye(3, 6)[int(text.split()[1])] + generator.normal(0, 0.25, 6)
            rows.append(row / np.linalg.norm(row))
        return np.asarray(rows, dtype=np.float32)


def topic(item: str) -> int:
    """Of ten items eight are about the first topic, and they come first."""
    number = int(item.removeprefix("n"))
    return 0 if number < 160 else 1 if number < 180 else 2


def label(item: str) -> str:
    return "high" if topic(item) == 2 else "low"


def records() -> list[NewItem]:
    return [NewItem({"id": f"n{number}", "text": f"about {topic(f'n{number}')} {number}"}) for number in range(COUNT)]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path, Clock())


def read(store: Store, person: str, count: int) -> list[str]:
    """Has a person read so many items; returns which."""
    found = []
    for _ in range(count):
        lease = next_item(store, TASK, person)
        assert lease is not None
        answer(store, person, lease.item, label(lease.item))
        found.append(lease.item)
    return found


def test_without_the_setting_items_come_as_given_and_are_only_measured(store: Store) -> None:
    start_task(store, records(), readings=1)
    ranking = rank(store, TASK, Topics(), by="mia")
    assert (ranking.phase, ranking.picked, ranking.curve) == (AS_GIVEN, 0, ())
    assert read(store, "ann", 2) == ["n0", "n1"]


def test_the_first_chosen_items_are_of_all_topics_not_of_the_first(store: Store) -> None:
    start_task(store, records(), readings=1, settings=ACTIVE)
    assert rank(store, TASK, Topics(), by="mia").phase == COLD
    assert {topic(item) for item in read(store, "ann", 10)} == {0, 1, 2}


def test_when_each_label_was_met_the_model_chooses_what_it_doubts(store: Store) -> None:
    start_task(store, records(), readings=1, settings=ACTIVE)
    rank(store, TASK, Topics(), by="mia")
    read(store, "ann", 30)
    ranking = rank(store, TASK, Topics(), by="mia")
    assert ranking.phase == DOUBT
    with store.read() as connection:
        reasons = [pick["kind"] for pick in newest_ranking(connection, TASK)["details"]["picks"]]
    assert set(reasons) == {"unsure", "random"}


def test_a_chosen_item_is_given_to_as_many_readers_as_it_wants(store: Store) -> None:
    start_task(store, records(), readings=2, settings=ACTIVE)
    rank(store, TASK, Topics(), by="mia")
    first = read(store, "ann", 5)
    rank(store, TASK, Topics(), by="mia")
    assert read(store, "bob", 5) == first


def test_what_a_manager_puts_first_and_pilot_items_come_before_chosen_ones(store: Store) -> None:
    start_task(store, records(), readings=1, settings=ACTIVE)
    add_items(store, TASK, [NewItem({"id": "n900", "text": "about 0 p"}, pilot=True)], overlap=Overlap(), by="mia")
    rank(store, TASK, Topics(), by="mia")
    set_priority(store, TASK, {"n150": 100}, by="mia")
    assert read(store, "ann", 2) == ["n900", "n150"]


def test_gold_items_come_in_their_places_and_are_never_chosen(store: Store) -> None:
    gold = [replace(item, gold={"urgency": label(item.id)}) for item in records()[:20]]
    settings = TaskSettings(active=True, gold_every=2)
    start_task(store, [*gold, *records()[20:]], readings=1, settings=settings)
    rank(store, TASK, Topics(), by="mia")
    given = read(store, "ann", 20)
    assert 8 <= sum(int(item[1:]) < 20 for item in given) <= 12
    with store.read() as connection:
        assert not {f"n{number}" for number in range(20)} & set(connection.scalars(select(tables.choices.c.item)))


def test_two_readers_never_hold_one_item_and_a_page_gets_several(store: Store) -> None:
    start_task(store, records(), readings=1, settings=ACTIVE)
    rank(store, TASK, Topics(), by="mia")
    held = [lease.item for person in ("ann", "bob") for lease in next_items(store, TASK, person, at_most=10)]
    assert len(held) == len(set(held)) == 20


def test_when_the_chosen_ones_are_read_the_given_order_goes_on(store: Store) -> None:
    start_task(store, records(), readings=1, settings=ACTIVE)
    ranking = rank(store, TASK, Topics(), by="mia")
    assert len(set(read(store, "ann", ranking.picked + 3))) == ranking.picked + 3


def test_the_event_explains_each_choice_without_text_or_ids(store: Store) -> None:
    start_task(store, records(), readings=1, settings=ACTIVE)
    rank(store, TASK, Topics(), by="mia")
    with store.read() as connection:
        details = newest_ranking(connection, TASK)["details"]
        chosen = connection.execute(select(tables.choices).order_by(tables.choices.c.place)).all()
    assert [pick["item"] for pick in details["picks"]] == [id_digest(row.item) for row in chosen]
    assert {pick["kind"] for pick in details["picks"]} == {"typical", "random"}
    assert "about" not in str(details)
    store.verify()


def test_equal_states_choose_equal_items(store: Store, tmp_path: Path) -> None:
    start_task(store, records(), readings=1, settings=ACTIVE)
    (tmp_path / "other").mkdir()
    other = open_store(tmp_path / "other", Clock())
    start_task(other, records()[::-1], readings=1, settings=ACTIVE)
    for one in (store, other):
        rank(one, TASK, Topics(), by="mia")
    assert read(store, "ann", 20) == read(other, "ann", 20)


def test_vectors_are_computed_once_and_anew_for_another_encoder(store: Store) -> None:
    start_task(store, records(), readings=1)
    encoder = Topics()
    for _ in range(2):
        rank(store, TASK, encoder, by="mia")
    assert encoder.asked == COUNT
    encoder.digest = "topics-2"
    rank(store, TASK, encoder, by="mia")
    assert encoder.asked == 2 * COUNT


def test_accuracy_is_measured_on_random_items_alone(store: Store) -> None:
    """Chosen items are harder or easier than the rest; those of the fixed random order are not."""
    start_task(store, records(), readings=1, settings=TaskSettings(active=True, random_percent=50))
    rank(store, TASK, Topics(), by="mia")
    for _ in range(4):
        read(store, "ann", 40)
        ranking = rank(store, TASK, Topics(), by="mia")
    assert 30 <= ranking.sampled < ranking.labelled == 160
    assert ranking.curve[-1].accuracy > 0.9


def test_with_few_random_items_no_accuracy_is_claimed(store: Store) -> None:
    start_task(store, records(), readings=1, settings=ACTIVE)
    rank(store, TASK, Topics(), by="mia")
    read(store, "ann", 50)
    ranking = rank(store, TASK, Topics(), by="mia")
    assert ranking.curve == ()
    assert ranking.sampled < 30


def test_erasing_a_person_takes_their_vectors_and_choices_and_restoring_the_order_works(tmp_path: Path) -> None:
    store = open_store(tmp_path, Clock())
    start_task(store, records(), readings=1, settings=ACTIVE)
    rank(store, TASK, Topics(), by="mia")
    first = next_item(store, TASK, "ann")
    assert first is not None
    store.close()
    database = AnnotationDatabase(database_url(tmp_path, None))
    database.forget(frozenset({id_digest(first.item)}), subject="k0", receipt="r")
    reopened = open_store(tmp_path, Clock())
    with reopened.read() as connection:
        for table in (tables.vectors, tables.choices):
            assert first.item not in set(connection.scalars(select(table.c.item)))
    assert rank(reopened, TASK, Topics(), by="mia").picked == 50
    reopened.verify()


def test_only_managers_of_all_sites_rank_and_only_tasks_with_one_label(store: Store) -> None:
    start_task(store, records(), readings=1)
    with pytest.raises(RefusedError):
        rank(store, TASK, Topics(), by="ann")
    with pytest.raises(ConfigError, match="1 to 100"):
        change_settings(store, TASK, TaskSettings(active=True, random_percent=0), by="mia")


def test_of_several_labels_the_model_chooses_by_the_doubt_of_all_and_the_curve_is_their_f1(store: Store) -> None:
    """Every item is about a text, and about the topics that are not the first."""
    options = tuple(Option(name=name) for name in ("text", "second", "third"))
    schema = LabelSchema(questions=(Choice(name="topics", multiple=True, required=False, options=options),))
    start_task(store, records(), readings=1, schema=schema, settings=TaskSettings(active=True, random_percent=50))
    rank(store, TASK, Topics(), by="mia")
    for _ in range(3):
        for _ in range(40):
            lease = next_item(store, TASK, "ann")
            assert lease is not None
            labels = ["text", *([options[topic(lease.item)].name] if topic(lease.item) else [])]
            answer(store, "ann", lease.item, {"topics": labels})
        ranking = rank(store, TASK, Topics(), by="mia")
    assert (ranking.phase, ranking.measure, ranking.question) == (DOUBT, "micro_f1", "topics")
    assert ranking.curve[-1].accuracy > 0.9
    with store.read() as connection:
        picks = newest_ranking(connection, TASK)["details"]["picks"]
    doubted = [pick["between"] for pick in picks if pick["kind"] == "unsure"]
    assert doubted
    assert all(set(two) == {"second", "third"} for two in doubted)


def test_a_task_without_labels_cannot_be_so_set(store: Store) -> None:
    start_task(store, records(), readings=1, schema=LabelSchema(questions=(Text(name="summary"),)))
    with pytest.raises(ConfigError, match="asks for no label"):
        change_settings(store, TASK, ACTIVE, by="mia")


def test_a_database_of_the_fourth_version_gets_the_order_and_keeps_items_as_given(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    start_task(store, records()[:3], schema=urgency_schema())
    with store.write() as transaction:
        drop_active_order(transaction.connection)
        place = tables.settings.c.name == "version"
        transaction.connection.execute(update(tables.settings).where(place).values(value="4"))
    store.close()
    opened = open_store(tmp_path)
    with opened.read() as connection:
        assert settings_of(connection, TASK) == TaskSettings()
    assert rank(opened, TASK, Topics(), by="mia").phase == AS_GIVEN
