"""A person is taken out of the annotation database: nothing of them is left in its files, and the chain holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select
from tests.unit.annotation.project_of_four import TASK, answer, open_store, read_all, start_task

from acclimate.annotation.batches import start_batch
from acclimate.annotation.erasure import AnnotationDatabase
from acclimate.annotation.queue import next_item
from acclimate.annotation.remarks import ask
from acclimate.annotation.store import Store, database_url
from acclimate.annotation.suggestions.proposals import Source, Suggested, save_suggestions
from acclimate.annotation.tables import exposures, suggestions
from acclimate.annotation.tasks import NewItem
from acclimate.core.errors import DataError, WorkspaceError
from acclimate.core.reinclusion import id_digest
from acclimate.project.erasure import Annotated

RECORDS = (
    {"id": "zq-first", "subject_id": "mrn-84213", "text": "the harpsichord fell"},
    {"id": "zq-second", "parents": ["mrn-84213-letter"], "text": "the marzipan at the fair"},
    {"id": "n0", "subject_id": "p-2", "text": "a sprain"},
)
THEIRS = frozenset(map(id_digest, ("mrn-84213", "mrn-84213-letter")))
TRACES = (b"zq-", b"mrn-84213", b"harpsichord", b"marzipan", b"obsidian")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = open_store(tmp_path)
    items = [
        NewItem(record, candidates={} if record["id"] == "n0" else {"base": "obsidian splinter"}) for record in RECORDS
    ]
    start_task(store, items)
    suggested = [Suggested("zq-first", {"urgency": "low"}), Suggested("n0", {"urgency": "low"})]
    save_suggestions(store, TASK, Source("model", "1"), suggested, by="mia")
    read_all(store, {"ann": {"zq-first": "low", "zq-second": "high", "n0": "low"}})
    ask(store, TASK, "zq-first", "ann", "Does the harpsichord count?", token="asked")
    start_batch(store, TASK, reader=None, rates=None, by="mia")
    return store


def traces(folder: Path) -> list[bytes]:
    content = b"".join(file.read_bytes() for file in folder.iterdir() if file.is_file())
    return [trace for trace in TRACES if trace in content]


def forget(folder: Path) -> str:
    database = AnnotationDatabase.of_project(folder, None, by="mia")
    assert database is not None
    return database.forget(THEIRS, subject="s1", receipt="r1")


def test_what_is_theirs_is_counted_and_named_by_every_id(store: Store, tmp_path: Path) -> None:
    database = AnnotationDatabase(database_url(tmp_path, None))
    assert database.count(THEIRS) == Annotated(items=2, answers=2)
    assert database.count(frozenset({id_digest("p-3")})) == Annotated(items=0, answers=0)
    assert {record["id"] for record in database.records()} == {"zq-first", "zq-second", "n0"}


def test_nothing_of_them_is_left_in_any_file_and_the_chain_holds(store: Store, tmp_path: Path) -> None:
    before = store.head()
    assert traces(tmp_path) == list(TRACES)
    head = forget(tmp_path)
    store.close()
    assert traces(tmp_path) == []
    reopened = open_store(tmp_path)
    assert reopened.verify() > 5
    reopened.check_holds(before)
    reopened.check_holds(head)
    [event] = [event for event in reopened.events() if event["action"] == "subject erased"]
    assert event["who"] == "mia" and event["details"]["receipt"] == "r1" and len(event["details"]["erased"]) == 2


def test_the_others_stay_with_their_answers(store: Store, tmp_path: Path) -> None:
    forget(tmp_path)
    assert [record["id"] for record in AnnotationDatabase(database_url(tmp_path, None)).records()] == ["n0"]
    assert next_item(store, TASK, "ann") is None


def test_what_was_suggested_for_their_items_and_shown_to_whom_goes_with_them(store: Store, tmp_path: Path) -> None:
    forget(tmp_path)
    with store.read() as connection:
        assert connection.scalars(select(suggestions.c.item)).all() == ["n0"]
        assert connection.scalars(select(exposures.c.item)).all() == ["n0"]


def test_forgetting_again_changes_nothing(store: Store, tmp_path: Path) -> None:
    assert forget(tmp_path) == forget(tmp_path)


def test_an_answer_sent_again_to_an_item_that_went_is_one_sentence(store: Store, tmp_path: Path) -> None:
    forget(tmp_path)
    with pytest.raises(DataError, match="There is no item zq-first"):
        answer(store, "ann", "zq-first", "low", token="late")


def test_without_a_database_there_is_nothing_to_search(tmp_path: Path) -> None:
    assert AnnotationDatabase.of_project(tmp_path, None) is None
    (tmp_path / "annotation.db").touch()
    assert AnnotationDatabase.of_project(tmp_path, None) is None


def test_a_damaged_database_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "annotation.db").write_bytes(b"no database at all" * 1000)
    database = AnnotationDatabase.of_project(tmp_path, None)
    assert database is not None
    with pytest.raises(WorkspaceError, match=r"annotation\.db is damaged"):
        database.count(THEIRS)
