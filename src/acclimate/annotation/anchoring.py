"""Digests of the database's chain in the project's audit log: what is cut off at the chain's end shows there.

After a backup was put back, which the log says, only what was noted since has to stand.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from acclimate.annotation.store import ANCHORED, NO_EVENT, Store
from acclimate.core.errors import AcclimateError, WorkspaceError
from acclimate.project.audit import AuditLog

RESTORED = "annotation restored"
EVERY_SECONDS = 600.0


@dataclass(frozen=True)
class Verified:
    """What was found whole: events of the database, and the anchors in the audit log that stand in it.

    `restored` is how often a backup was put back; anchors before the last time are not counted.
    """

    events: int
    anchors: int
    restored: int
    head: str


def verify_anchored(store: Store, log: AuditLog) -> Verified:
    """Checks both chains, every answer against its event, and that the digests noted in the log stand in the database.

    Raises WorkspaceError for the first fault.
    """
    noted: list[str] = []
    restored = 0
    for event in log.events():
        if event["action"] == RESTORED:
            noted, restored = [], restored + 1
        if event["action"] in (ANCHORED, RESTORED):
            noted.append(event["head"])
    events = store.verify()
    standing = {event["digest"] for event in store.events()} | {NO_EVENT}
    for head in noted:
        if head not in standing:
            raise WorkspaceError(
                f"The audit log notes annotation event {head[:16]}…, which the database does not hold:"
                " events were cut off or changed, or it is another database.",
                hint="restore the database from a backup made after that digest was noted",
            )
    return Verified(events, len(noted), restored, store.head())


@contextmanager
def anchored(store: Store, log: AuditLog, *, every: float = EVERY_SECONDS) -> Iterator[None]:
    """Notes the newest digest in the log when this begins, when it ends and in between, where there is a new one."""
    ended = threading.Event()
    noted = [""]

    def note() -> None:
        if store.head() != noted[0]:
            noted[0] = store.anchor(log)

    def keep_noting() -> None:
        while not ended.wait(every):
            try:
                note()
            except (AcclimateError, OSError):
                # A full disk or a database that is away must not end the serving; the next round notes it.
                continue

    note()
    thread = threading.Thread(target=keep_noting, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        note()
