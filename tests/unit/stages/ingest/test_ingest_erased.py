"""Whoever is on the list of erased subjects does not come in again, whatever their row looks like."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acclimate.core.erased import ErasedSubject, Refusals, add_erased, erased_identity, read_erased
from acclimate.core.errors import WorkspaceError
from acclimate.core.surrogates import record_hash, subject_hash

KEY = bytes(32)
COLUMNS = {"id": "id", "text": "text", "subject_id": "patient", "weight": "w"}


@pytest.fixture
def ingest_without(ingest: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """`ingest_without(["p1"], rows)`: those rows, with some subjects on the list."""

    def run(subjects: list[str], rows: list[Mapping[str, Any] | str], **settings: Any) -> Any:
        for subject in subjects:
            add_erased(tmp_path, ErasedSubject(subject_hash(KEY, subject), "surrogates", "f"))
        lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        files = {"notes.jsonl": "\n".join(lines) + "\n"}
        columns = {part: name for part, name in COLUMNS.items() if f'"{name}": ' in files["notes.jsonl"]}
        source = {"path": "notes.jsonl", "columns": columns}
        return ingest(files, source, erased=tmp_path, secrets={"surrogates": KEY}, on_error="set_aside", **settings)

    return run


def test_the_rows_of_an_erased_subject_are_dropped_and_counted(ingest_without) -> None:
    rows = [{"id": str(number), "text": "a", "patient": f"p{number % 2}"} for number in range(4)]
    came = ingest_without(["p1"], rows)
    assert [record["id"] for record in came.records] == ["notes:0", "notes:2"]
    assert came.report.counts.dropped == {"erased_subject": 2}
    assert came.report.metrics["sources"]["notes"]["refused"] == 2
    assert "2 of 4 rows are of erased subjects" in came.report.warnings[0]


def test_a_number_as_a_subject_id_is_refused_as_the_text_it_becomes(ingest_without) -> None:
    assert ingest_without(["17"], [{"id": "a", "text": "a", "patient": 17}]).reasons == ["erased_subject"]


def test_a_record_without_a_subject_is_refused_by_its_own_id(ingest_without) -> None:
    came = ingest_without(["notes:a"], [{"id": "a", "text": "a"}, {"id": "b", "text": "b"}])
    assert [record["id"] for record in came.records] == ["notes:b"]


def test_a_damaged_row_that_names_an_erased_subject_is_refused_and_not_kept(ingest_without) -> None:
    came = ingest_without(["p1"], [{"id": "a", "text": "secret", "patient": "p1", "w": "heavy"}])
    assert came.reasons == ["erased_subject"]
    assert "secret" not in json.dumps(came.dropped, default=str)


def test_a_subject_that_is_no_text_is_on_no_list_and_one_damaged_row(ingest_without) -> None:
    assert ingest_without(["p1"], ['{"id": "a", "text": "a", "patient": "\\ud800"}']).reasons == ["bad_unicode"]


def test_once_anybody_was_erased_damaged_rows_are_set_aside_without_content(ingest_without) -> None:
    damaged: list[Any] = ['{"id": "a", "text": "sec', {"id": "b", "text": "secret", "w": "heavy"}]
    assert "sec" in json.dumps(ingest_without([], damaged).dropped, default=str)
    came = ingest_without(["p1"], damaged)
    assert came.reasons == ["bad_json", "bad_number"]
    assert all(word not in json.dumps(came.dropped, default=str) for word in ("sec", "heavy"))


def test_a_refused_row_tells_no_column_of_its_own(ingest_without) -> None:
    came = ingest_without(["p1"], [{"id": "a", "text": "a"}, {"id": "b", "text": "b", "patient": "p1", "Ruth": 1}])
    assert came.report.metrics["sources"]["notes"]["columns_unused"] == []


@given(st.sets(st.text(min_size=1, max_size=8), max_size=6), st.text(min_size=1, max_size=8))
def test_exactly_those_on_the_list_are_refused(listed: set[str], subject: str) -> None:
    refusals = Refusals([ErasedSubject(subject_hash(KEY, one), "k", "f") for one in listed], {"k": KEY})
    assert (refusals.of(subject, "r1") is not None) == (subject in listed)
    refusal = refusals.of(subject, "r1")
    assert refusal is None or refusal.record == record_hash(KEY, "r1")


def test_the_list_is_added_to_once_and_its_order_means_nothing(tmp_path: Path) -> None:
    people = [ErasedSubject(name, "k", "f") for name in ("s1", "s2")]
    for person in (*people, people[0]):
        add_erased(tmp_path / "one", person)
    for person in reversed(people):
        add_erased(tmp_path / "two", person)
    assert read_erased(tmp_path / "one") == tuple(people)
    assert erased_identity(read_erased(tmp_path / "one")) == erased_identity(read_erased(tmp_path / "two"))


@pytest.mark.parametrize("content", ["{", "[]\n", '{"subject": "s1"}\n'])
def test_a_damaged_list_is_named_and_never_read_as_an_empty_one(tmp_path: Path, content: str) -> None:
    (tmp_path / "subjects.jsonl").write_text(content)
    with pytest.raises(WorkspaceError, match="who must not be taken in again is not known"):
        read_erased(tmp_path)
