"""From a drawn sample to a verdict on the small project: bound to its rows, honest where nobody read, gone with other data."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from acclimate.api import Project
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
