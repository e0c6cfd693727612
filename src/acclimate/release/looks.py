"""Every look at the test set, kept in the audit log before it is taken: how often, and under which gates the first was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

OPENED = "test set opened"


@dataclass(frozen=True)
class Looks:
    """`evaluations` counts the evaluations of the test set so far; `first` and `gates` are the moment of the first one
    and the digest of the gates that stood then, None where the log does not tell."""

    evaluations: int = 0
    first: str | None = None
    gates: str | None = None


def read_looks(events: Iterable[Mapping[str, Any]], *, area: str) -> Looks:
    """The looks that an audit log tells of; one that was begun again after a kill counts once."""
    opened = [event for event in events if event["action"] == OPENED and event["area"] == area]
    if not opened:
        return Looks()
    return Looks(len({event["key"] for event in opened}), opened[0]["at"], opened[0]["gates"])
