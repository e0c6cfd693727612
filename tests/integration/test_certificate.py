"""From a drawn sample to a verdict on the small project: bound to its rows, honest where nobody read, gone with other data."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from acclimate.annotation.answering import Submission, submit
from acclimate.annotation.people import EVERY_SITE, SYSTEM, Person, Role, save_person
from acclimate.annotation.queue import next_item
from acclimate.annotation.store import Store, database_url
from acclimate.annotation.suggestions.bulk import Threshold, accept_in_bulk
from acclimate.api import Project
from acclimate.certificate.certify import new_sample
from acclimate.certificate.task import QUESTION, SampleTask
from acclimate.core.errors import DataError, WorkspaceError

LENIENT = "\ncertificate: {recall: 0.9}\n"


def fill_in(marks: Path, *lines: str) -> Path:
    """All records read, and further lines."""
    marks.write_text(marks.read_text().replace(",no,", ",yes,") + "".join(f"{line}\n" for line in lines))
    return marks


def lenient(folder: Path) -> Project:
    """The project with a requirement that its few records can reach."""
    config = folder / "acclimate.yaml"
    config.write_text(config.read_text() + LENIENT)
    return Project.open(folder)


def acclimate(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from acclimate.cli.main import main; main()", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_faultless_reading_certifies_the_rows_and_other_rows_are_not_certified(finished: Path) -> None:
    project = lenient(finished)
    drawing = project.draw_audit_sample(48)
    certificate, _ = project.certify(fill_in(drawing.marks))
    assert (certificate["verdict"], project.certificate()[0]) == ("passed", "passed")
    assert {row["class"]: row["missed"] for row in certificate["classes"]} == {"name": 0}
    assert "Certified: in 48 records" in project.write_report().read_text()
    other = Project.open(finished, overrides=["ingest.limit=20"])
    other.run(until="deidentify")
    assert other.certificate()[0] == "stale"


def test_what_a_reader_finds_missed_is_counted_and_names_nobody_in_the_open_zone(finished: Path) -> None:
    project = lenient(finished)
    drawing = project.draw_audit_sample(20)
    records = drawing.sample.all_ids
    filled = fill_in(drawing.marks, *(f"{record},yes,missed,name,Doctor,,," for record in records))
    certificate, path = project.certify(filled)
    assert (certificate["verdict"], certificate["classes"][0]["missed"]) == ("failed", 20)
    assert "Doctor" not in path.read_text()
    assert "Not certified (failed)" in project.write_report().read_text()


def test_the_sheet_shows_originals_to_its_owner_alone_and_the_draw_is_an_audit_event(finished: Path) -> None:
    project = Project.open(finished)
    drawing = project.draw_audit_sample(48)
    sheet = drawing.sheet.read_text()
    assert "<mark>Ruth Vale<small>name</small></mark>" in sheet and "<script" not in sheet
    assert {path.stat().st_mode & 0o777 for path in (drawing.sheet, drawing.marks)} == {0o600}
    assert drawing.sheet.parent.stat().st_mode & 0o777 == 0o700
    actions = [event["action"] for event in project.workspace.audit.events()][-2:]
    assert actions == ["certificate sample drawn", "restricted read"]


def test_the_same_seed_draws_the_same_records_and_keeps_a_table_that_was_begun(finished: Path) -> None:
    project = Project.open(finished)
    drawing = project.draw_audit_sample(12, seed=3)
    fill_in(drawing.marks)
    again = project.draw_audit_sample(12, seed=3)
    assert again == drawing and ",yes," in again.marks.read_text()
    other = project.draw_audit_sample(12, seed=4)
    assert set(other.sample.all_ids) != set(drawing.sample.all_ids)
    certificate, _ = project.certify(drawing.marks, sample=drawing.sample.id)
    assert certificate["sample"]["samples_of_these_data"] == 2
    with pytest.raises(DataError, match="there is no record"):
        project.certify(drawing.marks)


def test_replacements_by_another_key_are_not_shown_as_those_of_the_data(finished: Path) -> None:
    from acclimate.certificate.certify import draw_sample

    with pytest.raises(WorkspaceError, match="replaces other words"):
        draw_sample(Project.open(finished).workspace, key=bytes(range(40)), size=5, seed=0)


def test_the_gate_leaves_with_three_until_the_data_are_certified(finished: Path) -> None:
    project = lenient(finished)
    nothing = acclimate(finished.parent, "certificate", "show", "--project", finished.name)
    assert (nothing.returncode, nothing.stdout) == (3, "de-identification: not certified (not tested)\n")
    marks = str(project.draw_audit_sample(48).marks)
    unread = acclimate(finished.parent, "certificate", "judge", marks, "--project", finished.name)
    assert unread.returncode == 3 and "48 records of the sample are not marked as read" in unread.stdout
    fill_in(Path(marks))
    assert acclimate(finished.parent, "certificate", "judge", marks, "--project", finished.name).returncode == 0
    assert acclimate(finished.parent, "certificate", "show", "--project", finished.name).returncode == 0


@pytest.fixture
def audit(finished: Path) -> SampleTask:
    """A task of a project whose annotations Mia manages and Ann gives."""
    store = Store.open(database_url(finished, None))
    for person in (Person("mia", (Role.OWNER, Role.MANAGER)), Person("ann", (Role.ANNOTATOR,), sites=(EVERY_SITE,))):
        save_person(store, person, by=SYSTEM)
    return SampleTask(store, "audit", "mia")


def read_items(audit: SampleTask, count: int, *, missed: str) -> None:
    """Ann takes over what is suggested, but its last mark, and marks a word besides."""
    for _ in range(count):
        lease = next_item(audit.store, audit.name, "ann")
        assert lease is not None
        text, suggested = lease.record["text"], (lease.suggestion or {QUESTION: {"spans": []}})[QUESTION]["spans"]
        start = text.index(missed)
        further = {"field": "text", "start": start, "end": start + len(missed), "label": "name"}
        answer: dict[str, Any] = {QUESTION: {"spans": [*suggested[:-1], further]}}
        submit(audit.store, Submission(audit.name, lease.item, "ann", lease.item, answer))


def without_binding(certificate: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in certificate.items() if name not in ("judged_at", "annotations")}


def test_a_task_gives_the_certificate_that_the_table_gives_for_the_same_spans(
    finished: Path, audit: SampleTask
) -> None:
    project = lenient(finished)
    drawing = project.draw_audit_sample(12)
    sample, added = project.put_audit_sample(audit, 12)
    assert (sample, added) == (drawing.sample, 12) and project.put_audit_sample(audit, 12) == (sample, 0)
    read_items(audit, 12, missed="Doctor")
    annotated, _ = project.certify_task(audit)
    lines = [f"{record},yes,missed,name,Doctor,,," for record in sample.all_ids]
    for record in new_sample(project.workspace, key=project._surrogate_key(), size=12, seed=0).records:
        for whole, edit in [(passage, edit) for passage in record.passages for edit in passage.edits][-1:]:
            quote = whole.text[edit.start : edit.end]
            lines.append(f"{record.id},,wrong,,{quote},{whole.place},{edit.start},{edit.end}")
    filed, _ = project.certify(fill_in(drawing.marks, *lines))
    assert without_binding(annotated) == without_binding(filed) and filed["replaced"]["wrong"] > 0
    snapshot = finished / "restricted/annotated/audit" / annotated["annotations"]["snapshot"]
    assert (snapshot / "manifest.json").exists()


def test_items_of_a_task_that_nobody_read_are_not_read_even_if_they_were_accepted_in_bulk(
    finished: Path, audit: SampleTask
) -> None:
    project = lenient(finished)
    project.put_audit_sample(audit, 12)
    read_items(audit, 5, missed="Doctor")
    accept_in_bulk(audit.store, audit.name, Threshold(), by="mia")
    certificate, _ = project.certify_task(audit)
    assert certificate["read"]["records"] == 5
    assert "7 records of the sample are not marked as read" in certificate["because"]


def test_the_commands_put_a_sample_into_a_task_and_judge_it(finished: Path) -> None:
    of_project = ("--project", finished.name, "--as", "mia")
    put = acclimate(finished.parent, "certificate", "sample", "--n", "5", "--task", "audit", *of_project)
    assert (put.returncode, put.stdout) == (0, "audit\n") and "5 new items" in put.stderr
    judged = acclimate(finished.parent, "certificate", "judge", "--task", "audit", *of_project)
    assert judged.returncode == 3 and "5 records of the sample are not marked as read" in judged.stdout
    neither = acclimate(finished.parent, "certificate", "judge", "--project", finished.name)
    assert neither.returncode == 2 and "not in both or neither" in neither.stderr
