"""The project's audit log: one JSON event a line, each holding the digest of the line before it.

Events hold ids and digests, never record text. A line is durable before the action it records is reported as done.
"""

from __future__ import annotations

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
            file.seek(0)
            content = file.read()
            whole = content[: content.rfind(b"\n") + 1]
            if len(whole) != len(content):
                file.truncate(len(whole))
            previous = _digest(whole.splitlines()[-1]) if whole else _START
            event = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "who": _user(), "action": action, **details}
            file.write(json.dumps({**event, "previous": previous}, sort_keys=True, ensure_ascii=False).encode() + b"\n")
            file.flush()
            crash_point("audit.before_sync")
            os.fsync(file.fileno())

    def events(self) -> Iterator[dict[str, Any]]:
        """All events, oldest first; fails at the first one that does not fit the chain."""
        if not self.path.exists():
            return
        previous = _START
        content = self.path.read_bytes()
        for number, line in enumerate(content[: content.rfind(b"\n") + 1].splitlines(), start=1):
            event: dict[str, Any] = json.loads(line)
            if event["previous"] != previous:
                raise WorkspaceError(
                    f"{self.path.name}, line {number}, does not follow from the line before it:"
                    " a line was changed, added or removed.",
                    hint="restore the file from a copy; events after this line prove nothing",
                )
            previous = _digest(line)
            yield event


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def _user() -> str:
    try:
        return getpass.getuser()
    except OSError:
        return str(os.getuid())
