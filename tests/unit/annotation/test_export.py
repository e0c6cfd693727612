from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.unit.annotation.project_of_four import TASK, answer, notes, open_store, read_all, start_task, urgency_schema
from tests.unit.stages.ingest.conftest import ingest_files

from acclimate.annotation.agreement import percent_agreement
from acclimate.annotation.export import export_snapshot, label_readings, span_readings
from acclimate.annotation.people import SYSTEM, Person, RefusedError, Role, save_person
from acclimate.annotation.queue import next_item
from acclimate.annotation.relabelling import merge_labels, rename_label, revise_guideline, set_gold, split_label
from acclimate.annotation.review import next_dispute, progress
from acclimate.annotation.schema import Choice, LabelSchema, Option, Ranking, Spans, Text
from acclimate.annotation.store import Store
from acclimate.annotation.tasks import NewItem, current_schema
from acclimate.core.artifacts import Artifact
from acclimate.core.errors import DataError, WorkspaceError
from acclimate.core.stage import Zone
from acclimate.project.annotation_snapshots import ANNOTATION_SNAPSHOTS
from acclimate.project.cleanup import removable
from acclimate.project.locks import run_lock
from acclimate.project.manifests import Manifest, damage
from acclimate.project.workspace import Workspace

LABELS = {"ann": {"n0": "low", "n1": "low", "n2": "high"}, "bob": {"n0": "low", "n1": "high", "n2": "high"}}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def rows(folder: Path) -> dict[str, dict[str, Any]]:
    """The snapshot's records by parent."""
    return {row["parents"][0]: row for row in Artifact(folder).rows()}


def files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.name != "run.json"}


def test_readings_go_to_the_statistics(store: Store) -> None:
    start_task(store, notes(3))
    read_all(store, LABELS)
    readings = label_readings(store, TASK, "urgency", by="mia")
    assert readings.labels == ("low", "high")
    assert percent_agreement(readings).value == pytest.approx(2 / 3)


def test_readers_may_not_export(store: Store, tmp_path: Path) -> None:
    start_task(store, notes(1))
    with pytest.raises(RefusedError):
        export_snapshot(store, TASK, tmp_path / "out", by="ann")


def test_a_snapshot_holds_what_is_settled_and_sets_the_rest_aside(store: Store, tmp_path: Path) -> None:
    start_task(store, notes(4))
    read_all(store, {person: {**given, "n3": "low"} for person, given in LABELS.items() if person == "ann"})
    for _ in range(3):
        lease = next_item(store, TASK, "bob")
        assert lease is not None
        answer(store, "bob", lease.item, LABELS["bob"][lease.item])
    snapshot = export_snapshot(store, TASK, tmp_path / "out", by="mia")
    assert {parent: row["label"] for parent, row in rows(snapshot.folder).items()} == {"n0": "low", "n2": "high"}
    assert snapshot.counts.dropped == {"not_read": 1, "undecided": 1}
    assert damage(snapshot.folder, Manifest.read(snapshot.folder), by_content=True) is None


def test_a_decision_counts_alone(store: Store, tmp_path: Path) -> None:
    start_task(store, notes(3))
    read_all(store, LABELS)
    assert next_dispute(store, TASK, "rae") is not None
    answer(store, "rae", "n1", "high")
    found = rows(export_snapshot(store, TASK, tmp_path / "out", by="mia").folder)["n1"]
    assert (found["label"], found["label_weights"]) == ("high", [{"label": "high", "weight": 1.0}])


def test_a_majority_of_three_gives_the_label_and_the_shares_its_weights(store: Store, tmp_path: Path) -> None:
    start_task(store, notes(1), readings=3)
    read_all(store, {"ann": {"n0": "low"}, "bob": {"n0": "high"}, "cem": {"n0": "high"}})
    found = rows(export_snapshot(store, TASK, tmp_path / "out", by="mia").folder)["n0"]
    assert found["label"] == "high"
    assert {weight["label"]: weight["weight"] for weight in found["label_weights"]} == pytest.approx(
        {"low": 1 / 3, "high": 2 / 3}
    )


def test_several_labels_give_the_share_of_readers_of_each_and_none_an_empty_list(store: Store, tmp_path: Path) -> None:
    options = tuple(Option(name=label) for label in ("low", "high", "odd"))
    schema = LabelSchema(questions=(Choice(name="urgency", options=options, multiple=True, required=False),))
    start_task(store, notes(3), schema=schema, readings=3)
    given = {
        "ann": {"n0": ["low", "odd"], "n1": [], "n2": ["low"]},
        "bob": {"n0": ["odd", "low"], "n1": [], "n2": ["odd"]},
        "cem": {"n0": ["low"], "n1": [], "n2": ["high"]},
    }
    answers = {who: {item: {"urgency": labels} for item, labels in said.items()} for who, said in given.items()}
    read_all(store, answers)
    snapshot = export_snapshot(store, TASK, tmp_path / "out", by="mia")
    found = {parent: (row["label"], row["label_weights"]) for parent, row in rows(snapshot.folder).items()}
    assert found == {
        "n0": (None, [{"label": "low", "weight": 1.0}, {"label": "odd", "weight": pytest.approx(2 / 3)}]),
        "n1": (None, []),
    }
    assert snapshot.counts.dropped == {"undecided": 1}
    read = ingest_files(tmp_path, {}, {"path": str(next(snapshot.folder.glob("data-*.parquet")))})
    assert {one["text"]: one["label_weights"] for one in read.records} == {
        "note 0": found["n0"][1],
        "note 1": [],
    }


def test_a_question_for_one_label_comes_before_one_for_several(store: Store, tmp_path: Path) -> None:
    options = tuple(Option(name=label) for label in ("low", "high"))
    several = Choice(name="signs", options=options, multiple=True)
    schema = LabelSchema(questions=(several, *urgency_schema().questions))
    start_task(store, notes(1), schema=schema, readings=1)
    read_all(store, {"ann": {"n0": {"signs": ["low", "high"], "urgency": "high"}}})
    found = rows(export_snapshot(store, TASK, tmp_path / "out", by="mia").folder)["n0"]
    assert (found["label"], found["label_weights"]) == ("high", [{"label": "high", "weight": 1.0}])


def test_equal_annotations_give_equal_bytes_whoever_came_first(tmp_path: Path) -> None:
    found = []
    for place, order in enumerate((("ann", "bob"), ("bob", "ann"))):
        (tmp_path / str(place)).mkdir()
        store = open_store(tmp_path / str(place))
        save_person(store, Person("aud", (Role.AUDITOR,)), by=SYSTEM)
        start_task(store, notes(3))
        read_all(store, {person: LABELS[person] for person in order})
        first = export_snapshot(store, TASK, tmp_path / str(place) / "out", by="mia")
        again = export_snapshot(store, TASK, tmp_path / str(place) / "again", by="aud")
        found += [files(first.folder), files(again.folder)]
    assert all(other == found[0] for other in found)


def test_spans_that_more_than_half_marked_are_settled(store: Store, tmp_path: Path) -> None:
    schema = LabelSchema(questions=(Spans(name="drugs", options=(Option(name="drug"),), compared=False),))
    start_task(store, [NewItem({"id": "n0", "text": "aspirin and ibuprofen"})], readings=3, schema=schema)
    aspirin = {"start": 0, "end": 7, "label": "drug", "quote": "aspirin"}
    ibuprofen = {"start": 12, "end": 21, "label": "drug"}
    marked = {"ann": [aspirin, ibuprofen], "bob": [aspirin], "cem": []}
    for person, spans in marked.items():
        next_item(store, TASK, person)
        answer(store, person, "n0", {"drugs": {"spans": spans}})
    found = rows(export_snapshot(store, TASK, tmp_path / "out", by="mia").folder)["n0"]
    assert found["spans"] == [{"field": "text", "start": 0, "end": 7, "label": "drug"}]
    readings = span_readings(store, TASK, "drugs", by="mia")
    assert (readings.readings.height, readings.spans.height) == (3, 3)


def test_a_ranking_and_an_edited_answer_fill_their_columns(store: Store, tmp_path: Path) -> None:
    schema = LabelSchema(questions=(Ranking(name="better"), Text(name="mended", edits="completion")))
    record = {"id": "n0", "prompt": "q", "completion": "answr"}
    start_task(store, [NewItem(record, candidates={"base": "bad", "tuned": "good"})], readings=1, schema=schema)
    lease = next_item(store, TASK, "ann")
    assert lease is not None
    keys = {candidate.text: candidate.key for candidate in lease.candidates}
    answer(store, "ann", "n0", {"better": [[keys["good"]], [keys["bad"]]], "mended": "answer"})
    found = rows(export_snapshot(store, TASK, tmp_path / "out", by="mia").folder)["n0"]
    assert (found["chosen"], found["rejected"], found["completion"]) == ("good", "bad", "answer")


def test_a_renamed_label_counts_under_its_new_name(store: Store, tmp_path: Path) -> None:
    start_task(store, notes(3))
    read_all(store, LABELS)
    rename_label(store, TASK, "urgency", old="high", new="urgent", by="mia")
    found = rows(export_snapshot(store, TASK, tmp_path / "out", by="mia").folder)
    assert found["n2"]["label"] == "urgent"
    store.verify()


def test_merged_labels_end_the_disputes_between_them(store: Store) -> None:
    start_task(store, notes(3))
    read_all(store, LABELS)
    merge_labels(store, TASK, "urgency", labels=["low", "high"], into="any", by="mia")
    assert (progress(store, TASK, by="mia").disputed, progress(store, TASK, by="mia").agreed) == (0, 3)
    assert label_readings(store, TASK, "urgency", by="mia").labels == ("any",)


def test_a_split_label_sends_what_used_it_back_to_its_readers(store: Store) -> None:
    start_task(store, notes(3))
    read_all(store, LABELS)
    parts = [Option(name="today"), Option(name="now")]
    touched = split_label(store, TASK, "urgency", label="high", into=parts, by="mia")
    assert {item: len(numbers) for item, numbers in touched.items()} == {"n1": 1, "n2": 2}
    read_all(store, {"ann": {"n2": "now"}, "bob": {"n1": "low", "n2": "now"}})
    assert progress(store, TASK, by="mia").agreed == 3
    store.verify()


def test_a_changed_meaning_sends_back_what_it_touches_and_its_decisions(store: Store) -> None:
    start_task(store, notes(3))
    read_all(store, LABELS)
    next_dispute(store, TASK, "rae")
    answer(store, "rae", "n1", "high")
    touched = revise_guideline(store, TASK, "Low is never.", changes_meaning_of={"urgency": ["low"]}, by="mia")
    assert {item: len(numbers) for item, numbers in touched.items()} == {"n0": 2, "n1": 2}
    assert (progress(store, TASK, by="mia").decided, progress(store, TASK, by="mia").agreed) == (0, 1)


def test_a_label_cannot_take_a_name_that_is_used(store: Store) -> None:
    start_task(store, notes(1), schema=urgency_schema("low", "middle", "high"))
    with pytest.raises(DataError, match="has the label high already"):
        rename_label(store, TASK, "urgency", old="middle", new="high", by="mia")


def test_merging_keeps_the_hierarchy(store: Store) -> None:
    start_task(store, notes(1), schema=urgency_schema("low", "middle", "high"))
    merge_labels(store, TASK, "urgency", labels=["middle", "high"], into="high", by="mia")
    with store.read() as connection:
        assert current_schema(connection, TASK) == urgency_schema("low", "high").model_copy(update={"version": 2})


def test_a_label_merged_into_the_one_above_it_leaves_that_in_its_place(store: Store) -> None:
    options = (Option(name="stroke", parent="heart"), Option(name="heart", parent="body"), Option(name="body"))
    start_task(store, notes(1), schema=LabelSchema(questions=(Choice(name="where", options=options),)))
    merged = merge_labels(store, TASK, "where", labels=["stroke", "heart"], into="heart", by="mia")
    assert merged.questions[0] == Choice(name="where", options=options[1:])


def test_two_exports_into_one_folder_take_turns(store: Store, tmp_path: Path) -> None:
    start_task(store, notes(1))
    (tmp_path / "out").mkdir()
    with run_lock(tmp_path / "out" / ".lock"), pytest.raises(WorkspaceError, match="Another acclimate process"):
        export_snapshot(store, TASK, tmp_path / "out", by="mia")


def test_a_split_label_must_get_new_names(store: Store) -> None:
    start_task(store, notes(1))
    with pytest.raises(DataError, match="has the label high already"):
        split_label(store, TASK, "urgency", label="high", into=[Option(name="high"), Option(name="now")], by="mia")


def test_a_label_of_a_gold_item_is_split_once_it_is_no_gold_any_more(store: Store) -> None:
    start_task(store, notes(1))
    set_gold(store, TASK, "n0", {"urgency": "high"}, by="mia")
    with pytest.raises(DataError, match="1 gold items have the label high"):
        split_label(store, TASK, "urgency", label="high", into=[Option(name="now")], by="mia")
    set_gold(store, TASK, "n0", None, by="mia")
    split_label(store, TASK, "urgency", label="high", into=[Option(name="now")], by="mia")
    assert progress(store, TASK, by="mia").waiting == 1


def test_an_item_that_was_read_does_not_become_gold(store: Store) -> None:
    start_task(store, notes(1))
    read_all(store, {"ann": {"n0": "low"}})
    with pytest.raises(DataError, match="was read before"):
        set_gold(store, TASK, "n0", {"urgency": "high"}, by="mia")


def test_a_snapshot_is_of_the_restricted_zone_and_cleaning_up_leaves_the_newest_alone(
    store: Store, tmp_path: Path
) -> None:
    start_task(store, notes(1), readings=1)
    workspace = Workspace(tmp_path)
    made = export_snapshot(store, TASK, tmp_path / ANNOTATION_SNAPSHOTS / TASK, by="mia")
    assert Manifest.read(made.folder).zone == Zone.RESTRICTED
    assert removable(workspace, needed=()) == []
