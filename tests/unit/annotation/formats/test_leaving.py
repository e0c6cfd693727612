from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from tests.unit.annotation.project_of_four import TASK, notes, open_store, read_all, start_task, urgency_schema

from acclimate.annotation.formats.leaving import export_annotations
from acclimate.annotation.people import RefusedError
from acclimate.annotation.relabelling import rename_label, set_gold
from acclimate.annotation.schema import Choice, LabelSchema, Option, Spans, Text
from acclimate.annotation.store import Store
from acclimate.annotation.tasks import NewItem
from acclimate.core.errors import ConfigError, DataError

LABELS = {"ann": {"n0": "low", "n1": "low", "n2": "high"}, "bob": {"n0": "low", "n1": "high", "n2": "high"}}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def rows(folder: Path) -> dict[str, list[str]]:
    found = [json.loads(line) for line in (folder / "data.jsonl").read_text().splitlines()]
    return {row["id"]: row["label"] for row in found}


def test_everybodys_answers_leave_under_the_newest_names_of_labels(store: Store, tmp_path: Path) -> None:
    start_task(store, notes(3))
    read_all(store, LABELS)
    rename_label(store, TASK, "urgency", old="low", new="calm", by="mia")
    done = export_annotations(store, TASK, "prodigy", tmp_path / "out", by="mia")
    found = [json.loads(line) for line in (done.folder / "data.jsonl").read_text().splitlines()]
    assert [(row["meta"]["id"], row["_annotator_id"], row["accept"]) for row in found[:4]] == [
        ("n0", "ann", ["calm"]),
        ("n0", "bob", ["calm"]),
        ("n1", "ann", ["calm"]),
        ("n1", "bob", ["high"]),
    ]
    assert (done.items, done.answers, dict(done.lost)) == (3, 6, {})


def test_a_format_of_one_answer_gets_what_counts_and_says_what_it_leaves(store: Store, tmp_path: Path) -> None:
    start_task(store, notes(3))
    read_all(store, LABELS)
    done = export_annotations(store, TASK, "doccano", tmp_path / "out", by="mia")
    assert rows(done.folder) == {"n0": ["low"], "n1": [], "n2": ["high"]}
    assert done.lost == {
        "items whose readers differ without a decision": 1,
        "single answers, of which only what counts is written": 6,
    }


def test_one_persons_answers_leave_alone(store: Store, tmp_path: Path) -> None:
    start_task(store, notes(3))
    read_all(store, LABELS)
    done = export_annotations(store, TASK, "doccano", tmp_path / "out", annotator="bob", by="mia")
    assert rows(done.folder) == {item: [label] for item, label in LABELS["bob"].items()}


def test_gold_and_what_a_source_says_of_the_person_stay_here(store: Store, tmp_path: Path) -> None:
    about = {"identifiers": [{"name": "mrn", "value": "4711"}], "split": "test"}
    named = NewItem({"id": "n0", "text": "note", **about})
    start_task(store, [named, *notes(2)[1:]])
    set_gold(store, TASK, "n1", {"urgency": "low"}, by="mia")
    done = export_annotations(store, TASK, "label-studio", tmp_path / "out", by="mia")
    content = (done.folder / "tasks.json").read_text()
    assert "4711" not in content and "note 1" not in content
    assert done.lost == {"identifiers of the record, which stays here": 1, "split of the record, which stays here": 1}


def test_a_format_says_which_questions_it_does_not_hold(store: Store, tmp_path: Path) -> None:
    option = (Option(name="a"),)
    questions = (Choice(name="kind", options=option), Spans(name="marks", options=option), Text(name="why"))
    start_task(store, notes(1), schema=LabelSchema(questions=questions))
    with pytest.raises(ConfigError, match="holds one question") as caught:
        export_annotations(store, TASK, "doccano", tmp_path / "out", by="mia")
    assert "kind, marks, why" in caught.value.hint
    with pytest.raises(ConfigError, match=r"holds no answer to kind \(choice\)"):
        export_annotations(store, TASK, "conll", tmp_path / "out", question="kind", by="mia")
    assert not list(tmp_path.glob("*out*"))
    assert export_annotations(store, TASK, "brat", tmp_path / "out", by="mia").items == 1


def test_an_export_is_an_event_readable_by_its_owner_alone_and_replaces_nothing(store: Store, tmp_path: Path) -> None:
    start_task(store, notes(1))
    folder = export_annotations(store, TASK, "hf", tmp_path / "out", by="mia").folder
    assert list(store.events())[-1]["action"] == "annotations exported"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    with pytest.raises(DataError, match="replaces nothing"):
        export_annotations(store, TASK, "hf", tmp_path / "out", by="mia")


def test_readers_may_not_export(store: Store, tmp_path: Path) -> None:
    start_task(store, notes(1), schema=urgency_schema())
    with pytest.raises(RefusedError):
        export_annotations(store, TASK, "hf", tmp_path / "out", by="ann")
    assert not list(tmp_path.glob("*out*"))


def test_an_annotator_who_is_not_there_is_named(store: Store, tmp_path: Path) -> None:
    start_task(store, notes(1))
    with pytest.raises(DataError, match="nobody called 'zoe'"):
        export_annotations(store, TASK, "hf", tmp_path / "out", annotator="zoe", by="mia")
