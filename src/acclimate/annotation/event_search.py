"""What happened in the annotation database, for those who audit: its events by person, record, kind, task and time."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from acclimate.annotation.people import Role, require_every_site
from acclimate.annotation.store import Store, moment
from acclimate.core.errors import ConfigError
from acclimate.core.reinclusion import id_digest

AUDITING = (Role.OWNER, Role.MANAGER, Role.AUDITOR)
"""Who sees what everybody did: with these roles at every site, since an event does not tell its site."""


@dataclass(frozen=True)
class Wanted:
    """Which events are looked for; what is empty is not asked about."""

    person: str = ""
    """Who did it, or whom it names."""
    record: str = ""
    """The id of an item, which events hold as a digest."""
    kind: str = ""
    task: str = ""
    since: str = ""
    """A day or a moment in ISO 8601; without an offset in UTC."""


@dataclass(frozen=True)
class FoundEvents:
    """The newest matching events, oldest first, how many match, how many there are, and how many of each kind."""

    events: tuple[Mapping[str, Any], ...]
    matching: int
    all: int
    kinds: Mapping[str, int]
    head: str
    """The digest of the newest event of all; the whole chain up to it was checked."""


def find_events(store: Store, wanted: Wanted, *, at_most: int | None = None, by: str) -> FoundEvents:
    """The events that were wanted, of them the newest `at_most`; checks the chain of all events while it looks.

    Raises RefusedError for whoever may not audit every site, ConfigError for a time that cannot be read and for a kind
    that no event is of, WorkspaceError where the chain is broken.
    """
    with store.read() as connection:
        require_every_site(connection, by, *AUDITING)
    since = _moment(wanted.since) if wanted.since else ""
    record = id_digest(wanted.record) if wanted.record else ""
    kinds: Counter[str] = Counter()
    found: deque[Mapping[str, Any]] = deque(maxlen=at_most)
    matching, head = 0, ""
    for event in store.events():
        kinds[event["action"]] += 1
        head = event["digest"]
        if _matches(event, wanted, since=since, record=record):
            matching += 1
            found.append(event)
    if wanted.kind and wanted.kind not in kinds:
        raise ConfigError(
            f"No annotation event is of the kind {wanted.kind[:40]!r}.", hint=f"kinds here: {', '.join(sorted(kinds))}"
        )
    return FoundEvents(tuple(found), matching, kinds.total(), dict(sorted(kinds.items())), head)


def _matches(event: Mapping[str, Any], wanted: Wanted, *, since: str, record: str) -> bool:
    details = event["details"]
    if wanted.person and wanted.person not in (event["who"], details.get("person"), details.get("reader")):
        return False
    return (
        wanted.kind in ("", event["action"])
        and wanted.task in ("", details.get("task"))
        and event["at"] >= since
        and (not record or record in _texts(details))
    )


def _texts(value: Any) -> Iterator[str]:
    """All texts in the details of an event, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(one)


def _moment(given: str) -> str:
    try:
        read = datetime.fromisoformat(given)
    except ValueError:
        raise ConfigError(
            f"{given[:40]!r} is no day and no moment.", hint="write 2026-03-01 or 2026-03-01T08:00+01:00"
        ) from None
    return moment(read if read.tzinfo else read.replace(tzinfo=UTC))
