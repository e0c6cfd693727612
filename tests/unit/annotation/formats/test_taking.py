from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.annotation.formats.exchanged import everything, form, items, written
from tests.unit.annotation.formats.published import HIGH, LOW, annotation, json_lines, label_studio, task
from tests.unit.annotation.project_of_four import TASK, answer, notes, open_store, start_task

from acclimate.annotation.assignments import SkipReason
from acclimate.annotation.export import label_readings
from acclimate.annotation.formats.exchange import ExchangeItem, ReadOptions
from acclimate.annotation.formats.leaving import export_annotations
from acclimate.annotation.formats.reconciliation import REASONS, Reconciliation
from acclimate.annotation.formats.taking import ImportSource, import_annotations, preview_import
from acclimate.annotation.people import Person, RefusedError, Role, remove_person, save_person
from acclimate.annotation.queue import next_item, skip
from acclimate.annotation.relabelling import rename_label
from acclimate.annotation.review import answers_to, progress
from acclimate.annotation.schema_history import standing_answers
from acclimate.annotation.store import Store
from acclimate.annotation.suggestions.exposure import proposals_for
from acclimate.core.errors import DataError, SourceError


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def outcomes(account: Reconciliation) -> dict[str, dict[str, int]]:
    return {person: dict(counts) for person, counts in account.people.items()}


def doccano(folder: Path, labels: Mapping[str, str], *, annotator: str = "ann", text: str = "note {}") -> ImportSource:
    """One person's labels for the notes of the project of four."""
    rows = [{"id": item, "text": text.format(item[1:]), "label": [label]} for item, label in labels.items()]
    path = json_lines(folder / f"{annotator}.jsonl", rows)
    return ImportSource("doccano", path, ReadOptions(annotator=annotator, question="urgency"))


def standing(store: Store, task: str = TASK) -> list[tuple[str, str, Any]]:
    with store.read() as connection:
        return [(one.item, one.person, one.content) for one in standing_answers(connection, task)]


def test_imported_answers_are_readings_by_the_people_who_gave_them(store: Store, tmp_path: Path) -> None:
    tasks = (task(1, "a", annotation("zoe@x.org", LOW), annotation("ann", HIGH)), task(2, "b", annotation("ann", LOW)))
    source = ImportSource("label-studio", label_studio(tmp_path, *tasks))
    account = import_annotations(store, "new", source, by="mia")
    assert outcomes(account) == {"zoe@x.org": {"taken": 1}, "ann": {"taken": 2}}
    assert (account.made_task, account.made_people, account.items["new"]) == (True, ["zoe@x.org"], 2)
    readings = label_readings(store, "new", "urgency", by="mia")
    assert (readings.items, readings.annotators) == (("1", "2"), ("ann", "zoe@x.org"))
    assert progress(store, "new", by="mia").disputed == 1
    assert store.verify() > 0


def test_importing_again_adds_nothing(store: Store, tmp_path: Path) -> None:
    source = ImportSource("label-studio", label_studio(tmp_path, task(1, "a", annotation("zoe", LOW))))
    import_annotations(store, "new", source, by="mia")
    head = store.head()
    again = import_annotations(store, "new", source, by="mia")
    assert outcomes(again) == {"zoe": {"there": 1}}
    assert store.head() == head


def test_every_imported_answer_is_an_event_that_names_who_brought_it_in(store: Store, tmp_path: Path) -> None:
    start_task(store, notes(2))
    import_annotations(store, TASK, doccano(tmp_path, {"n0": "low"}), by="mia")
    event = next(event for event in store.events() if event["action"] == "answered")
    assert event["who"] == "mia"
    assert (event["details"]["person"], event["details"]["imported"]) == ("ann", "doccano")
    assert "note 0" not in str(list(store.events()))


def test_each_answer_that_is_set_aside_has_its_reason_and_the_table_adds_up(store: Store, tmp_path: Path) -> None:
    start_task(store, notes(6), readings=3)
    held = next_item(store, TASK, "ann")
    assert held is not None and held.item == "n0"
    answer(store, "ann", "n0", "low")
    assert next_item(store, TASK, "ann") is not None  # n1 is open on a page
    labels = {"n0": "high", "n1": "low", "n2": "low", "n3": "maybe", "n9": "low"}
    account = import_annotations(store, TASK, doccano(tmp_path, labels), by="mia")
    assert outcomes(account)["ann"] == {"another_answer": 1, "being_read": 1, "taken": 2, "not_valid": 1}
    assert account.first_faults["not_valid"] == "item n3: urgency: 'maybe' is not one of the 2 labels."
    [row] = account.rows()
    assert row["came"] == row["taken"] + row["there"] + sum(row["aside"].values()) == 5
    assert set(row["aside"]) <= set(REASONS)


def test_nobody_is_put_in_the_place_of_somebody_who_may_not(store: Store, tmp_path: Path) -> None:
    start_task(store, notes(3), readings=3)
    remove_person(store, "cem", by="mia")
    assert next_item(store, TASK, "bob") is not None
    skip(store, TASK, "n0", "bob", reason=SkipReason.UNCLEAR)
    answers_to(store, TASK, "n1", "rae")
    labels = {"n0": "low", "n1": "low"}
    found = {
        name: outcomes(import_annotations(store, TASK, doccano(tmp_path, labels, annotator=name), by="mia"))[name]
        for name in ("cem", "mia", "bob", "rae", "acclimate")
    }
    assert found == {
        "cem": {"removed": 2},
        "mia": {"may_not": 2},
        "bob": {"skipped_here": 1, "taken": 1},
        "rae": {"taken": 1, "saw_others": 1},
        "acclimate": {"nameless": 2},
    }


def test_people_of_the_file_can_be_given_the_names_they_have_here(store: Store, tmp_path: Path) -> None:
    folder = label_studio(tmp_path, task(1, "a", annotation(7, LOW)))
    source = ImportSource("label-studio", folder, people={"user-7": "bob"})
    account = import_annotations(store, "new", source, by="mia")
    assert (outcomes(account), account.made_people) == ({"bob": {"taken": 1}}, [])


def test_an_answer_to_another_text_is_no_answer_to_the_item(store: Store, tmp_path: Path) -> None:
    start_task(store, notes(1))
    account = import_annotations(store, TASK, doccano(tmp_path, {"n0": "low"}, text="another {}"), by="mia")
    assert outcomes(account)["ann"] == {"other_text": 1}
    assert not standing(store)


def test_the_ground_truth_of_another_tool_is_a_decision_that_counts_alone(store: Store, tmp_path: Path) -> None:
    votes = (annotation("ann", LOW), annotation("bob", HIGH), annotation("eve", HIGH, ground_truth=True))
    source = ImportSource("label-studio", label_studio(tmp_path, task(1, "a", *votes)))
    import_annotations(store, "new", source, by="mia")
    assert progress(store, "new", by="mia").decided == 1
    with store.read() as connection:
        assert {one.person: one.purpose for one in standing_answers(connection, "new")}["eve"] == "adjudication"


def test_what_was_taken_back_here_does_not_come_back_with_the_file(store: Store, tmp_path: Path) -> None:
    start_task(store, notes(1))
    source = doccano(tmp_path, {"n0": "low"})
    import_annotations(store, TASK, source, by="mia")
    rename_label(store, TASK, "urgency", old="low", new="calm", by="mia")
    account = import_annotations(store, TASK, source, by="mia")
    assert outcomes(account)["ann"] == {"there": 1}
    assert [content for _, _, content in standing(store)] == [{"urgency": "calm"}]


def test_suggestions_stay_with_their_items_and_are_nobodys_reading(store: Store, tmp_path: Path) -> None:
    predicted = {"model_version": "m1", "score": 0.9, "result": [HIGH]}
    wrong = {"model_version": "m1", "result": [{**HIGH, "value": {"choices": ["nonsense"]}}]}
    folder = label_studio(tmp_path, task(1, "a", annotation("ann", LOW), predictions=[predicted, wrong]))
    account = import_annotations(store, "new", ImportSource("label-studio", folder), by="mia")
    assert account.suggestions == 1
    assert account.lost["suggestions that the label schema does not allow"] == 1
    lease = next_item(store, "new", "bob")
    assert lease is None  # one reading is enough
    import_annotations(store, "more", ImportSource("label-studio", folder, readings=2), by="mia")
    lease = next_item(store, "more", "bob")
    assert lease is not None
    assert "extra" not in lease.record and lease.suggestion is None
    with store.read() as connection:
        [proposal] = proposals_for(connection, "more", ["1"])["1"]
    assert (proposal.source, proposal.version, proposal.answer) == ("m1", "label-studio", {"urgency": "high"})
    assert (
        import_annotations(store, "more", ImportSource("label-studio", folder, readings=2), by="mia").suggestions == 0
    )


def test_an_annotator_may_neither_import_nor_preview(store: Store, tmp_path: Path) -> None:
    source = ImportSource("label-studio", label_studio(tmp_path, task(1, "a", annotation("ann", LOW))))
    for refused in (import_annotations, preview_import):
        with pytest.raises(RefusedError):
            refused(store, "new", source, by="ann")


def test_a_file_that_breaks_off_changes_nothing(store: Store, tmp_path: Path) -> None:
    folder = label_studio(tmp_path, task(1, "a", annotation("zoe", LOW)))
    whole = (folder / "tasks.json").read_text()
    (folder / "tasks.json").write_text(whole[:-1] + ", {")
    head = store.head()
    with pytest.raises(SourceError, match=r"Record 2 of tasks\.json is not whole"):
        import_annotations(store, "new", ImportSource("label-studio", folder), by="mia")
    assert store.head() == head


def test_a_file_in_which_nobody_answers_does_not_say_what_the_task_asks(store: Store, tmp_path: Path) -> None:
    path = json_lines(tmp_path / "a.jsonl", [{"text": "x", "label": []}])
    with pytest.raises(DataError, match="Nobody answers"):
        import_annotations(store, "new", ImportSource("doccano", path), by="mia")


def test_a_preview_is_the_account_of_the_import_and_changes_nothing(store: Store, tmp_path: Path) -> None:
    rows = [
        {"text": "a", "label": "low", "answer": "accept", "_annotator_id": "zoe", "meta": {"id": "i1"}},
        {"text": "a", "label": "high", "answer": "accept", "_annotator_id": "zoe", "meta": {"id": "i1"}},
        {"text": "b", "label": "high", "answer": "accept", "_annotator_id": "ann", "meta": {"id": "i1"}},
        {"text": "c", "label": "high", "answer": "ignore", "_annotator_id": "ann", "meta": {"id": "i2"}},
    ]
    source = ImportSource("prodigy", json_lines(tmp_path / "a.jsonl", rows))
    head = store.head()
    preview = preview_import(store, "new", source, by="mia")
    assert store.head() == head
    account = import_annotations(store, "new", source, by="mia")
    assert account.to_json() == preview.to_json()
    assert outcomes(account) == {"zoe": {"taken": 1, "another_answer": 1}, "ann": {"other_text": 1, "skipped": 1}}


@settings(max_examples=8, deadline=None)
@given(st.lists(items(), min_size=1, max_size=4, unique_by=lambda item: item.id))
def test_export_then_import_gives_equal_readings(given: list[ExchangeItem]) -> None:
    given = [replace(item, record={**item.record, "id": f"i{n}"}) for n, item in enumerate(given)]
    with TemporaryDirectory() as name:
        folder = Path(name)
        store = open_store(folder)
        (folder / "in").mkdir()
        written("hf", given, everything(), folder / "in")
        import_annotations(store, "first", ImportSource("hf", folder / "in"), by="mia")
        for name in ("label-studio", "hf"):
            export_annotations(store, "first", name, folder / name, by="mia")
            import_annotations(store, name, ImportSource(name, folder / name), by="mia")
            assert _said(store, name) == _said(store, "first")
        assert store.verify() > 0
        store.close()


def _said(store: Store, task: str) -> list[Any]:
    with store.read() as connection:
        found = [
            (one.item, one.person, one.purpose, one.seconds, form(everything(), one.content))
            for one in standing_answers(connection, task)
        ]
    return sorted(found, key=str)


def test_a_person_who_decides_needs_the_role_here(store: Store, tmp_path: Path) -> None:
    save_person(store, Person("eve", (Role.ANNOTATOR,)), by="mia")
    votes = (annotation("ann", LOW), annotation("eve", HIGH, ground_truth=True))
    folder = label_studio(tmp_path, task(1, "a", *votes))
    account = import_annotations(store, "new", ImportSource("label-studio", folder), by="mia")
    assert outcomes(account)["eve"] == {"may_not": 1}
