"""Digests of the database's chain in the project's audit log: what is cut off at the chain's end shows there.

After a backup was put back, which the log says, only what was noted since has to stand.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from acclimate.annotation.store import ANCHORED, NO_EVENT, Store
from acclimate.core.errors import AcclimateError, WorkspaceError
from acclimate.project.audit import AuditLog

RESTORED = "annotation restored"
EVERY_SECONDS = 600.0


@dataclass(frozen=True)
class Verified:
    """What was found whole: events of the database, and the anchors in the audit log that stand in it.

    `restored` is how often a backup was put back; anchors before the last time are not counted. `unproved` counts the
    events after the last that an anchor names: nothing but the database speaks for these.
    """

    events: int
    anchors: int
    unproved: int
    restored: int
    head: str


def verify_anchored(store: Store, log: AuditLog) -> Verified:
    """Checks both chains, every answer against its event, and that the digests noted in the log stand in the database.

    Raises WorkspaceError for the first fault.
    """
    noted: list[Mapping[str, Any]] = []
    restored = 0
    for event in log.events():
        if event["action"] == RESTORED:
            noted, restored = [], restored + 1
        if event["action"] in (ANCHORED, RESTORED):
            noted.append(event)
    events = store.verify()
    numbers = {NO_EVENT: 0, **{event["digest"]: event["number"] for event in store.events()}}
    if any(one["head"] not in numbers for one in noted):
        raise _not_held(noted, numbers)
    proved = max((numbers[one["head"]] for one in noted), default=0)
    return Verified(events, len(noted), events - proved, restored, store.head())


def _not_held(noted: Sequence[Mapping[str, Any]], numbers: Mapping[str, int]) -> WorkspaceError:
    """Says which noted events the database lacks: all from one on where it is older, or its end was cut off."""
    missing = [place for place, one in enumerate(noted) if one["head"] not in numbers]
    first = noted[missing[0]]
    said = (
        f"The audit log noted annotation event {first['head'][:16]}… on {first['at']}, which the database does not hold"
    )
    hint = "restore the database from a backup made after that digest was noted"
    held = noted[: missing[0]]
    if held and len(missing) == len(noted) - len(held):
        return WorkspaceError(
            f"{said}: it is an older database, or its end was cut off."
            f" It ends with event {len(numbers) - 1}; the last digest it holds was noted on {held[-1]['at']}.",
            hint=f"{hint}; where an older one is meant to stand, put it back with `acclimate annotate restore`",
        )
    return WorkspaceError(f"{said}: events were changed, or it is another database.", hint=hint)


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
