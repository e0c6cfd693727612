"""Answers survive kills, and readers who work at once lose and double nothing."""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select
from tests.postgres_server import GIVEN, postgres_programs, postgres_url
from tests.unit.annotation.older_databases import drop_suggestions, say_version
from tests.unit.annotation.project_of_four import READERS, TASK, answer, notes, open_store, read_all, start_task

from acclimate.annotation import tables
from acclimate.annotation.beside import open_beside
from acclimate.annotation.formats.leaving import export_annotations
from acclimate.annotation.formats.taking import ImportSource, import_annotations
from acclimate.annotation.queue import next_item
from acclimate.annotation.store import Store, database_url
from acclimate.annotation.suggestions.bulk import Threshold, accept_in_bulk, withdraw_bulk
from acclimate.annotation.suggestions.influence import anchoring
from acclimate.annotation.suggestions.proposals import Source, Suggested, open_records, save_suggestions, sources_of
from acclimate.annotation.tasks import NewItem, TaskSettings, change_settings
from acclimate.core.atomic import file_digest
from acclimate.core.reinclusion import id_digest
from acclimate.project.manifests import Manifest, damage
from acclimate.testing.forks import Forks

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    with Forks("tests.integration.annotating", environment=ENVIRONMENT, folder=ROOT) as started:
        yield started


def kept_answers(store: Store) -> Counter[tuple[str, str]]:
    """How often each person's answer to each item is kept."""
    with store.read() as connection:
        rows = connection.execute(select(tables.answers.c.person, tables.answers.c.item)).all()
    return Counter((row.person, row.item) for row in rows)


def acknowledged(folder: Path, person: str) -> set[str]:
    """The items whose answers a reader was told are kept."""
    receipts = folder / f"{person}.receipts"
    lines = receipts.read_text().splitlines() if receipts.exists() else []
    return {line.split()[1] for line in lines}


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not (os.environ.get(GIVEN) or postgres_programs()):
        pytest.skip("no PostgreSQL: neither initdb and postgres on the path, nor a database in the environment")
    with postgres_url(tmp_path_factory.mktemp("pg")) as url:
        yield url


@pytest.fixture
def empty_postgres(postgres: str) -> str:
    """The URL of a PostgreSQL database without tables."""
    engine = create_engine(postgres.replace("postgresql://", "postgresql+pg8000://"))
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    engine.dispose()
    return postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str | None:
    """No URL, which is SQLite, and that of an empty PostgreSQL database."""
    return None if request.param == "sqlite" else request.getfixturevalue("empty_postgres")


def test_readers_at_once_lose_and_double_nothing(tmp_path: Path, url: str | None) -> None:
    store = open_store(tmp_path, url=url)
    start_task(store, notes(30), readings=2)
    command = [sys.executable, "-m", "tests.integration.annotating", str(tmp_path)]
    readers = [subprocess.Popen([*command, person, url or ""], cwd=ROOT, env=ENVIRONMENT) for person in READERS]
    assert [reader.wait(120) for reader in readers] == [0, 0, 0]
    kept = kept_answers(store)
    assert set(kept.values()) == {1}
    assert Counter(item for _, item in kept) == {f"n{number}": 2 for number in range(30)}
    assert {pair for person in READERS for pair in ((person, item) for item in acknowledged(tmp_path, person))} == set(
        kept
    )
    with store.read() as connection:
        assert {row.read for row in connection.execute(select(tables.items.c.read))} == {2}
    store.verify()


def test_a_reader_killed_at_every_crash_point_finds_each_acknowledged_answer_once(tmp_path: Path, forks: Forks) -> None:
    store = open_store(tmp_path)
    start_task(store, notes(3), readings=1)
    kills = 0
    for visit in range(1, 40):
        if forks.run({"folder": str(tmp_path), "person": "ann", "fatal_visit": visit % 9 + 1}) == 0:
            break
        kills += 1
        told = acknowledged(tmp_path, "ann")
        kept = kept_answers(store)
        assert {("ann", item) for item in told} <= set(kept)
        store.verify()
    assert kills > 5
    assert kept_answers(store) == {("ann", f"n{number}"): 1 for number in range(3)}


@pytest.mark.slow
def test_readers_killed_at_random_moments_lose_and_double_nothing(tmp_path: Path, forks: Forks) -> None:
    store = open_store(tmp_path)
    start_task(store, notes(200), readings=1)
    moments, kills = random.Random(0), 0
    while forks.run({"folder": str(tmp_path), "person": "ann"}, kill_after=moments.uniform(0.02, 0.2)) != 0:
        kills += 1
        assert {("ann", item) for item in acknowledged(tmp_path, "ann")} <= set(kept_answers(store))
    assert kills > 5
    assert kept_answers(store) == {("ann", f"n{number}"): 1 for number in range(200)}
    store.verify()


def test_an_export_killed_at_every_crash_point_ends_as_an_undisturbed_one(tmp_path: Path, forks: Forks) -> None:
    store = open_store(tmp_path)
    start_task(store, notes(3), readings=1)
    assert forks.run({"folder": str(tmp_path), "person": "ann"}) == 0
    visit = 1
    while (code := forks.run({"folder": str(tmp_path), "fatal_visit": visit})) == -signal.SIGKILL:
        for folder in (tmp_path / "out").glob("[!.]*"):
            assert damage(folder, Manifest.read(folder), by_content=True) is None
        visit += 1
    assert (code, visit > 6) == (0, True)
    (made,) = (tmp_path / "out").glob("[!.]*")
    digests = {file.name: file_digest(file) for file in made.iterdir() if file.name != "run.json"}
    assert forks.run({"folder": str(tmp_path)}) == 0
    assert digests == {file.name: file_digest(file) for file in made.iterdir() if file.name != "run.json"}
    store.verify()


def test_a_ranking_killed_at_any_crash_point_is_done_again_and_ends_as_an_undisturbed_one(
    tmp_path: Path, forks: Forks
) -> None:
    begun = tmp_path / "begun"
    begun.mkdir()
    store = open_store(begun)
    start_task(store, notes(60), readings=1, settings=TaskSettings(active=True, rank_every=20))
    store.close()
    wanted, visit, code = choices_after(shutil.copytree(begun, tmp_path / "whole"), forks), 0, -signal.SIGKILL
    while code == -signal.SIGKILL:
        visit += 1
        folder = shutil.copytree(begun, tmp_path / f"killed-{visit}")
        code = forks.run({"folder": str(folder), "rank_at": 0, "fatal_visit": visit})
        assert choices_after(folder, forks) == wanted
    assert (code, len(wanted), visit > 6) == (0, 50, True)


def choices_after(folder: Path, forks: Forks) -> list[tuple[str, int]]:
    """What is chosen once the next server has looked, more than a minute after the last."""
    assert forks.run({"folder": str(folder), "rank_at": 2}) == 0
    store = Store.open(database_url(folder, None))
    assert store.verify() > 0
    with store.read() as connection:
        [ended] = connection.scalars(select(tables.jobs.c.said))
        rows = connection.execute(select(tables.choices).order_by(tables.choices.c.place)).all()
    store.close()
    assert ended["picked"] == 50
    return [(row.item, row.place) for row in rows]


def prodigy_rows(count: int) -> list[dict[str, str]]:
    """One answer of one person to each note."""
    return [
        {"text": f"note {n}", "label": "low", "answer": "accept", "_annotator_id": f"p{n % 2}"} for n in range(count)
    ]


def test_an_import_killed_at_crash_points_takes_each_answer_once(tmp_path: Path, forks: Forks) -> None:
    store = open_store(tmp_path)
    source = tmp_path / "db-out.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in prodigy_rows(300)))
    kills = 0
    while forks.run({"folder": str(tmp_path), "source": str(source), "fatal_visit": 2 * kills + 4}) != 0:
        kills += 1
        assert set(kept_answers(store).values()) <= {1}
        store.verify()
    assert kills > 3
    assert Counter(person for person, _ in kept_answers(store).elements()) == {"p0": 150, "p1": 150}
    store.verify()


def test_what_is_imported_leaves_again_from_either_database(tmp_path: Path, url: str | None) -> None:
    store = open_store(tmp_path, url=url)
    source = tmp_path / "db-out.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in prodigy_rows(5)))
    for expected in (5, 0):
        assert import_annotations(store, "new", ImportSource("prodigy", source), by="mia").taken == expected
    done = export_annotations(store, "new", "prodigy", tmp_path / "out", by="mia")
    back = [json.loads(line) for line in (done.folder / "data.jsonl").read_text().splitlines()]
    assert sorted((row["text"], row["accept"], row["_annotator_id"]) for row in back) == sorted(
        (row["text"], ["low"], row["_annotator_id"]) for row in prodigy_rows(5)
    )
    store.verify()


def test_killed_at_any_crash_point_a_person_is_forgotten_once_and_wholly(tmp_path: Path, forks: Forks) -> None:
    names = ["letter 0", "note 1"]
    for visit in itertools.count(1):
        folder = tmp_path / str(visit)
        folder.mkdir()
        store = open_store(folder)
        start_task(store, [NewItem({"id": name, "subject_id": name, "text": f"about {name}"}) for name in names])
        read_all(store, {"ann": dict.fromkeys(names, "low")})
        store.close()
        request = {"folder": str(folder), "forget": [id_digest("letter 0")]}
        code = forks.run({**request, "fatal_visit": visit})
        assert forks.run(request) == 0
        assert b"letter 0" not in b"".join(file.read_bytes() for file in folder.glob("annotation.db*"))
        left = open_store(folder)
        assert kept_answers(left) == {("ann", "note 1"): 1}
        assert [event["action"] for event in left.events()].count("subject erased") == 1
        left.verify()
        left.close()
        if code != -signal.SIGKILL:
            break
    assert code == 0 and visit > 4


def test_suggestions_bulk_acceptance_and_records_beside_work_on_both_databases_also_on_one_brought_up_to_date(
    tmp_path: Path, url: str | None
) -> None:
    store = open_store(tmp_path, url=url)
    records = [
        {"id": f"n{n}", "text": "a visit", "subject_id": "p1", "collected_at": f"2024-01-0{9 - n}"} for n in range(5)
    ]
    start_task(store, [NewItem(record) for record in records], readings=2)
    with store.write() as transaction:
        drop_suggestions(transaction.connection)
        say_version(transaction.connection, 3)
    store.close()
    store = open_store(tmp_path, url=url)
    change_settings(store, TASK, TaskSettings(suggestions="randomised", beside=True), by="mia")
    given = [Suggested(f"n{n}", {"urgency": "low"}, n / 4) for n in range(5)]
    assert save_suggestions(store, TASK, Source("m", "1"), given, by="mia").kept == 5
    lease = next_item(store, TASK, "ann")
    assert lease is not None and [one.id for one in lease.beside] == ["n4", "n3", "n2", "n1", "n0"]
    assert open_beside(store, TASK, "n0", "n4", "ann")["id"] == "n4"
    answer(store, "ann", "n0", "low")
    assert list(open_records(store, TASK, by="mia", without=Source("m", "1"))) == []
    found = accept_in_bulk(store, TASK, Threshold(0.75), by="mia")
    assert found.outcomes == {"accepted": 2, "below": 2}
    assert withdraw_bulk(store, TASK, found.number, by="mia") == 2
    measured = anchoring(store, TASK, by="mia")
    assert (measured.shown + measured.hidden, measured.shown_kept + measured.hidden_kept) == (1, 1)
    assert [one.count for one in sources_of(store, TASK, by="mia")] == [5]
    store.verify()
