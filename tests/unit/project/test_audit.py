from __future__ import annotations

from pathlib import Path

import pytest

from acclimate.core.errors import WorkspaceError
from acclimate.project.audit import AuditLog


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    log = AuditLog(tmp_path / "audit.jsonl")
    for number in range(3):
        log.append("did", number=number)
    return log


def test_events_come_back_in_order(log: AuditLog) -> None:
    assert [event["number"] for event in log.events()] == [0, 1, 2]


@pytest.mark.parametrize("line", [0, 1])
def test_a_changed_line_is_named(log: AuditLog, line: int) -> None:
    lines = log.path.read_text().splitlines(keepends=True)
    lines[line] = lines[line].replace("did", "did not")
    log.path.write_text("".join(lines))
    with pytest.raises(WorkspaceError, match=f"line {line + 2}"):
        list(log.events())


def test_a_removed_line_is_noticed(log: AuditLog) -> None:
    lines = log.path.read_text().splitlines(keepends=True)
    log.path.write_text(lines[0] + lines[2])
    with pytest.raises(WorkspaceError, match="line 2"):
        list(log.events())


def test_a_line_that_is_no_json_is_named(log: AuditLog) -> None:
    lines = log.path.read_text().splitlines(keepends=True)
    log.path.write_text(lines[0] + "no json\n" + lines[2])
    with pytest.raises(WorkspaceError, match="line 2"):
        list(log.events())


def test_a_digest_noted_elsewhere_shows_that_the_end_was_cut_off(log: AuditLog) -> None:
    noted = log.head()
    log.append("did", number=3)
    log.check_holds(noted)
    log.path.write_text("".join(log.path.read_text().splitlines(keepends=True)[:2]))
    assert len(list(log.events())) == 2
    with pytest.raises(WorkspaceError, match=noted[:16]):
        log.check_holds(noted)


def test_a_line_torn_by_a_kill_is_cut_off_by_the_next_append(log: AuditLog) -> None:
    with log.path.open("ab") as file:
        file.write(b'{"action": "torn')
    assert len(list(log.events())) == 3
    log.append("did", number=3)
    assert [event["number"] for event in log.events()] == [0, 1, 2, 3]
