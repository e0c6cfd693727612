"""The project's audit log: one JSON event a line, each holding the digest of the line before it.

Events hold ids and digests, never record text. A line is durable before the action it records is reported as done.
The chain shows a line that was changed, added or removed, unless it was the last one or all lines after it went too:
against that, someone else must keep the newest digest (`acclimate audit` prints it) and ask whether it still stands.
"""

from __future__ import annotations

import fcntl
import getpass
import hashlib
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from acclimate.core.atomic import named_disk_errors
from acclimate.core.crash_points import crash_point
from acclimate.core.errors import WorkspaceError

_START = "0" * 64


class AuditLog:
    """Appends events and checks the chain."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, action: str, **details: Any) -> None:
        """Adds one event durably. A last line torn by a kill was never acknowledged and is cut off first."""
        with named_disk_errors(self.path), self.path.open("a+b") as file:
            # The annotation server writes here too, while a run does: each must see the other's last line.
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            content = file.read()
            whole = content[: content.rfind(b"\n") + 1]
            if len(whole) != len(content):
                file.truncate(len(whole))
            previous = _digest(whole.splitlines()[-1]) if whole else _START
            event = {
                "at": datetime.now(UTC).isoformat(timespec="seconds"),
                "who": account_name(),
                "action": action,
                **details,
            }
            file.write(json.dumps({**event, "previous": previous}, sort_keys=True, ensure_ascii=False).encode() + b"\n")
            file.flush()
            crash_point("audit.before_sync")
            os.fsync(file.fileno())

    def head(self) -> str:
        """The digest of the newest event: kept elsewhere, it proves later that nothing up to it was changed or cut."""
        return [_START, *(digest for digest, _ in self._chain())][-1]

    def check_holds(self, digest: str) -> None:
        """Fails unless an event with this digest, noted earlier from `head`, still stands in the chain."""
        if digest not in {held for held, _ in self._chain()}:
            raise WorkspaceError(
                f"No event of {self.path.name} has the digest {digest[:16]}…: it, or one before it, was changed or removed.",
                hint="restore the file from a copy made after that digest was noted",
            )

    def content(self) -> bytes:
        """The lines of all events as they are; what a kill left of one is none."""
        content = self.path.read_bytes() if self.path.exists() else b""
        return content[: content.rfind(b"\n") + 1]

    def events(self) -> Iterator[dict[str, Any]]:
        """All events, oldest first; fails at the first one that does not fit the chain."""
        return (event for _, event in self._chain())

    def _chain(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Each event with its digest."""
        previous = _START
        for number, line in enumerate(self.content().splitlines(), start=1):
            event = _event(line)
            if event.get("previous") != previous:
                raise WorkspaceError(
                    f"{self.path.name}, line {number}, does not follow from the line before it:"
                    " a line was changed, added or removed.",
                    hint="restore the file from a copy; events after this line prove nothing",
                )
            previous = _digest(line)
            yield previous, event


def _event(line: bytes) -> dict[str, Any]:
    """A line's event; empty where the line is none, so that it does not fit the chain."""
    try:
        event = json.loads(line)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def account_name() -> str:
    """The name of this machine's account that acts, or its number where it has none."""
    try:
        return getpass.getuser()
    except OSError:
        return str(os.getuid())
