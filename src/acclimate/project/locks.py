"""One writer a project: a lock that the operating system releases when its holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from acclimate.core.errors import WorkspaceError


@contextmanager
def run_lock(path: Path) -> Iterator[None]:
    """Holds the project's run lock; a second process is refused, a dead holder's lock is simply free again."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 64).decode(errors="replace").strip() or "unknown"
            raise WorkspaceError(
                f"Another acclimate process (number {holder}) is working in {path.parent}.",
                hint="wait until it has ended, or stop it; nothing is lost either way",
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)
