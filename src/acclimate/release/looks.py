"""Every look at the test set, kept in the audit log before it is taken: how often, and under which rules the first was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

OPENED = "test set opened"
OPENERS = ("predict.adapted", "evaluate")
"""The steps whose reports tell how an adapted model does on the test set."""


@dataclass(frozen=True)
class Looks:
    """`evaluations` counts the looks at the test set so far, and `is_logged` says whether the evaluation that is judged is
    among them; `first` and `rules` are the moment of the first one and the digest of the rules that stood then."""

    evaluations: int = 0
    is_logged: bool = False
    first: str | None = None
    rules: str | None = None


def read_looks(events: Iterable[Mapping[str, Any]], *, area: str, evaluation: str) -> Looks:
    """The looks that an audit log tells of.

    Predictions are one, and each evaluation of the same predictions beyond the first is one more. What was begun again
    after a kill counts once.
    """
    opened = [event for event in events if event["action"] == OPENED and event["area"] == area]
    if not opened:
        return Looks()
    evaluations: dict[str, set[str]] = {event["predictions"]: set() for event in opened}
    for event in opened:
        if event["step"] == "evaluate":
            evaluations[event["predictions"]].add(event["key"])
    looks = sum(max(1, len(keys)) for keys in evaluations.values())
    is_logged = any(evaluation in keys for keys in evaluations.values())
    return Looks(looks, is_logged, opened[0]["at"], opened[0]["rules"])
