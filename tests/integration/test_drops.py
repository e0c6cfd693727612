"""From a dropped record to a judged rule and a record that is kept after all, on the small project."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from acclimate.api import Project
from acclimate.core.errors import ConfigError, WorkspaceError
from acclimate.core.reinclusion import id_digest
from acclimate.pipeline.drop_samples import read_marks, write_sample
from acclimate.pipeline.drops import RuleDrops, rules_of, step_drops
from acclimate.pipeline.reinclusion import keep_records, undo_keep
from acclimate.project.judgements import add_judgements
from acclimate.project.kept_records import kept_records

SPANISH = "El paciente acude por dolor lumbar de dos semanas de evolución, sin fiebre y sin otros síntomas."


@pytest.fixture
def opened(project: Path) -> Project:
    """The small project with six records in another language, run until dedup."""
    rows = [{"id": f"es{n}", "patient": f"es-p{n}", "dialogue": f"{SPANISH} {n}", "note": SPANISH} for n in range(6)]
    with (project / "data/north.jsonl").open("a") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    opened = Project.open(project)
    opened.run(until="dedup")
    return opened


def language(project: Project) -> RuleDrops:
    drops = step_drops(project.workspace, project.config, step="clean", by="test")
    return next(row for _, row in rules_of(drops, rule="language"))


def mark_all(project: Project, file: Path, marks: list[str]) -> None:
    """Draws as many dropped records as there are marks and judges them so."""
    (drops,) = step_drops(project.workspace, project.config, step="clean", by="test")
    write_sample(file, drops.draw("language", len(marks)))
    rows = list(csv.DictReader(file.open(newline="")))
    with file.open("w", newline="") as written:
        writer = csv.DictWriter(written, rows[0])
        writer.writeheader()
        writer.writerows({**row, "rightly_dropped": mark} for row, mark in zip(rows, marks, strict=True))
    add_judgements(project.workspace, read_marks(file).judgements)


def acclimate(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-c",
        "from acclimate.cli.main import main; main()",
        *arguments,
        "--project",
        str(folder),
    ]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_marks_of_a_sample_become_the_precision_of_its_rule(opened: Project, tmp_path: Path) -> None:
    assert (language(opened).dropped, language(opened).precision) == (6, None)
    mark_all(opened, tmp_path / "sample.csv", ["yes", "YES", "no", ""])
    found = language(opened).precision
    assert found is not None
    assert (found.judged, found.right, found.unmarked) == (3, 2, 0)
    assert (round(found.bounds.low, 3), round(found.bounds.high, 3)) == (0.094, 0.992)


def test_a_re_included_record_is_kept_and_counted_and_comes_off_the_list_again(opened: Project) -> None:
    keep_records(opened.workspace, opened.config, ["north:es0", id_digest("north:es1")])
    opened.run(until="clean")
    counts = opened.report("clean").counts
    assert {"north:es0", "north:es1"} <= set(opened.table("clean")["id"].to_pylist())
    assert (language(opened).dropped, language(opened).reincluded) == (4, 2)
    assert counts.inputs + counts.created == counts.kept + sum(counts.dropped.values())
    undo_keep(opened.workspace, ["north:es0", "north:es1"])
    opened.run(until="clean")
    assert (language(opened).dropped, kept_records(opened.workspace, "clean")) == (6, None)


def test_re_including_what_was_wrongly_dropped_does_not_make_the_rule_look_right(
    opened: Project, tmp_path: Path
) -> None:
    mark_all(opened, tmp_path / "sample.csv", ["no", "no", "yes", "yes"])
    before = language(opened).precision
    wrong = [mark.record for mark in read_marks(tmp_path / "sample.csv").judgements if not mark.rightly_dropped]
    keep_records(opened.workspace, opened.config, wrong)
    assert language(opened).precision == before
    opened.run(until="clean")
    after = language(opened).precision
    assert before is not None and after is not None
    assert (after.judged, after.right) == (before.judged, before.right) == (4, 2)


def test_a_whole_rule_is_overruled_in_the_configuration(opened: Project) -> None:
    overruled = Project.open(opened.workspace.folder, overrides=["clean.keep_rules=[language]"])
    overruled.run(until="clean")
    assert (language(overruled).dropped, language(overruled).reincluded) == (0, 6)


def test_what_is_not_there_is_named_and_changes_nothing(opened: Project) -> None:
    with pytest.raises(WorkspaceError, match="No record 'north:nobody' is dropped by clean or dedup"):
        keep_records(opened.workspace, opened.config, ["north:es0", "north:nobody"])
    assert kept_records(opened.workspace, "clean") is None
    with pytest.raises(WorkspaceError, match="was not re-included"):
        undo_keep(opened.workspace, ["north:es0"])
    with pytest.raises(ConfigError, match="No rule 'langage'"):
        rules_of(step_drops(opened.workspace, opened.config, step="clean", by="test"), rule="langage")
    with pytest.raises(ConfigError, match="There is no step 'cleen'"):
        step_drops(opened.workspace, opened.config, step="cleen", by="test")


def test_the_command_shows_no_text_of_the_restricted_zone_unless_asked(opened: Project) -> None:
    shown = acclimate(opened.workspace.folder, "drops", "--step", "clean", "--samples", "2")
    assert (shown.returncode, "not judged" in shown.stdout, "paciente" in shown.stdout) == (0, True, False)
    rows = json.loads(acclimate(opened.workspace.folder, "drops", "--samples", "1", "--show-text", "--json").stdout)
    (row,) = [row for row in rows if row["rule"] == "language"]
    assert (row["dropped"], "paciente" in row["samples"][0]["text"]) == (6, True)
    events = [event for event in opened.workspace.audit.events() if event.get("rows") == "dropped"]
    assert {event["by"] for event in events} == {"drops"}


def test_the_command_samples_judges_and_keeps(opened: Project) -> None:
    path = Path(acclimate(opened.workspace.folder, "drops", "sample", "--n", "2", "--rule", "language").stdout.strip())
    assert path.stat().st_mode & 0o077 == 0
    again = acclimate(opened.workspace.folder, "drops", "sample", "--n", "2")
    assert (again.returncode, "is there already" in again.stderr) == (2, True)
    judged = acclimate(opened.workspace.folder, "drops", "judge", str(path))
    assert judged.stdout == "0 judged, 0 of them rightly dropped; 2 left open\n"
    kept = acclimate(opened.workspace.folder, "drops", "keep", "north:es3")
    assert (kept.returncode, kept.stdout.split()[:3]) == (0, ["clean", "language", "north:es3"])
    missing = acclimate(opened.workspace.folder, "drops", "judge", "nothing.csv")
    assert (missing.returncode, "Traceback" in missing.stderr) == (2, False)
