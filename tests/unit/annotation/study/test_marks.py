from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.unit.annotation.project_of_four import open_store
from tests.unit.annotation.study.test_study import ANSWERED, PLAN

from acclimate.annotation.answering import Submission, submit
from acclimate.annotation.people import SYSTEM, Person, RefusedError, Role, save_person
from acclimate.annotation.queue import next_item
from acclimate.annotation.store import Store
from acclimate.annotation.study.confirmed import export_confirmed
from acclimate.annotation.study.protocol import Protocol, read_protocol
from acclimate.annotation.study.running import found_at, look, open_study
from acclimate.core.artifacts import Artifact
from acclimate.core.atomic import json_digest
from acclimate.core.errors import ConfigError

MARKED = Protocol(
    name="review",
    arms=("adapted", "base", "reference"),
    items=12,
    readings=2,
    readers=2,
    repeats=0.25,
    known_bad=0.1,
    marks="errors_and_omissions",
)


def mark(output: str, start: int, quote: str, **more: str) -> dict[str, Any]:
    place = {"output": output, "start": start, "end": start + len(quote), "quote": quote}
    return {**place, "kind": "error", "severity": "minor", **more}


def read_and_mark(store: Store, person: str, words: str, severity: str) -> None:
    """The person marks these words of every output of the base; Ann alone marks the question as left out, and true 3."""
    while (lease := next_item(store, "review", person)) is not None:
        poor = [one for one in lease.candidates if one.text.startswith("poor")]
        marks = [mark(one.key, one.text.index(words), words, severity=severity) for one in poor]
        if person == "ann":
            marks += [mark(one.key, 0, "Question", field="prompt", kind="omission") for one in poor]
        marks += [mark(one.key, 0, "true") for one in lease.candidates if one.text == "true 3"]
        content = {"better": [[one.key] for one in lease.candidates], **({"marks": marks} if marks else {})}
        submit(store, Submission("review", lease.item, person, f"{person}-{lease.item}", content, 3.0))


@pytest.fixture
def closed(tmp_path: Path) -> Store:
    return closed_study(tmp_path)


def closed_study(folder: Path) -> Store:
    """A study that was read to its end, in which both readers marked what the base said, and the reference of one record."""
    store = open_store(folder)
    open_study(store, MARKED, ANSWERED, outputs={"base": "b1"}, by="mia")
    read_and_mark(store, "ann", "poor", "major")
    read_and_mark(store, "bob", "oor", "critical")
    look(store, "review", by="mia")
    return store


def test_marks_are_counted_for_each_arm_with_an_interval_and_confirmed_by_a_second_reader(closed: Store) -> None:
    _, findings = found_at(closed, "review", 1, by="mia")
    rows = {(one.arm, one.kind, one.severity): one for one in findings.marked.arms}
    assert len(rows) == 3 * 2 * 4
    errors, left_out = rows["base", "error", "any"], rows["base", "omission", "any"]
    assert (errors.readings, errors.marks, errors.confirmed, errors.per_output.value) == (24, 24, 24, 1.0)
    assert [rows["base", "error", severity].marks for severity in ("minor", "major", "critical")] == [0, 12, 12]
    assert (left_out.marks, left_out.confirmed, left_out.per_output.value) == (12, 0, 0.5)
    assert rows["adapted", "error", "any"].marks == 0
    faulty = rows["reference", "error", "any"]
    assert (faulty.marks, faulty.confirmed) == (2, 2)
    assert faulty.per_output.low < 2 / 24 < faulty.per_output.high
    differences = {(one.kind, one.arm, one.other): one.difference.value for one in findings.marked.differences}
    assert differences["error", "adapted", "base"] == -1.0


def test_confirmed_marks_leave_as_regression_cases_and_candidates_with_their_origin(
    closed: Store, tmp_path: Path
) -> None:
    made = export_confirmed(closed, "review", tmp_path / "out", records=ANSWERED, by="mia")
    assert (made.cases, made.candidates, made.without_candidate) == (13, 11, {"reference_marked": 1})
    cases = [json.loads(line) for line in (made.folder / "regression-cases.jsonl").read_text().splitlines()]
    of_base = next(case for case in cases if case["prompt"] == "Question 5?")
    assert (of_base["rejected"], of_base["arm"], of_base["predictions"]) == ("poor 5", "base", "b1")
    assert (of_base["protocol"], of_base["parents"], of_base["subject_id"]) == (MARKED.digest, ["r5"], "p5")
    said = {(one["reader"], one["quote"], one["severity"], *one["confirmed_by"]) for one in of_base["marks"]}
    assert said == {("ann", "poor", "major", "bob"), ("bob", "oor", "critical", "ann")}
    rows = {row["prompt"]: row for row in Artifact(made.folder).table().to_pylist()}
    candidate = rows["Question 5?"]
    assert (candidate["completion"], candidate["subject_id"], candidate["parents"]) == ("true 5", "p5", ["r5"])
    assert json.loads(candidate["extra"])["because"][0]["arm"] == "base"
    assert len(rows) == 11
    # What erasure looks a person up by.
    assert "p5" in pq.read_table(made.folder / "regression-cases.parquet")["subject_id"].to_pylist()
    again = export_confirmed(closed, "review", tmp_path / "again", records=ANSWERED[::-1], by="mia")
    assert again.folder.name == made.folder.name
    gone = export_confirmed(closed, "review", tmp_path / "gone", records=(), by="mia")
    assert (gone.cases, gone.candidates) == (13, 0)


def test_nothing_is_exported_before_the_study_is_closed_nor_to_whom_a_site_is_closed(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    open_study(store, MARKED, ANSWERED, by="mia")
    with pytest.raises(RefusedError, match="not closed"):
        export_confirmed(store, "review", tmp_path / "out", records=ANSWERED, by="mia")
    save_person(store, Person("nora", (Role.MANAGER,), sites=("north",)), by=SYSTEM)
    for person in ("nora", "ann"):
        with pytest.raises(RefusedError):
            export_confirmed(store, "review", tmp_path / "out", records=ANSWERED, by=person)


def test_a_plan_without_marks_has_the_digest_it_always_had() -> None:
    assert PLAN.digest == json_digest(PLAN.model_dump(mode="json", exclude={"marks"}))
    assert PLAN.model_copy(update={"marks": "errors_and_omissions"}).digest != PLAN.digest


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"marks": []}, "marks"),
        ({"marks": [{"name": "dose"}, {"name": "dose"}]}, "named twice"),
        ({"marks": [{"name": "dose, wrong"}]}, "marks"),
        ({"marks": "errors_and_omissions", "axes": [{"name": "marks"}]}, "cannot be called marks"),
    ],
)
def test_plans_say_what_is_wrong_with_their_marks(content: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_protocol({"name": "a", **content})
