"""Every look at the test set, kept in the audit log before it is taken: how often, and under which rules the first was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

OPENED = "test set opened"


@dataclass(frozen=True)
class Looks:
    """`evaluations` counts the evaluations of the test set so far, and `is_logged` says whether the one that is judged is
    among them; `first` and `rules` are the moment of the first one and the digest of the rules that stood then."""

    evaluations: int = 0
    is_logged: bool = False
    first: str | None = None
    rules: str | None = None


def read_looks(events: Iterable[Mapping[str, Any]], *, area: str, evaluation: str) -> Looks:
    """The looks that an audit log tells of; one that was begun again after a kill counts once."""
    opened = [event for event in events if event["action"] == OPENED and event["area"] == area]
    if not opened:
        return Looks()
    keys = {event["key"] for event in opened}
    return Looks(len(keys), evaluation in keys, opened[0]["at"], opened[0]["rules"])
