"""What a verdict rests on, and what it says of each thing that a gate asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from acclimate.release.looks import Looks
from acclimate.release.measure import Measure

PASS, FAIL, INSUFFICIENT, NOT_TESTED = "pass", "fail", "insufficient evidence", "not tested"


@dataclass(frozen=True)
class Evidence:
    """What is judged, all of it from reports. `evaluation` is the key of the artifact of evaluate.

    `evaluate` are its metrics; `split` has its `overlaps` and what it `dropped` by reason, `identifiers` the `status` of
    the records that were learnt and tested on and how many `more_spans` their certificate needs, each None where the
    project has no such step. `studies` are the last looks of the blind studies of these very answers, `rules` the digest
    of the gates and of what else the figures are held to, `outdated` the steps that were run again since, `is_trial`
    whether this is the quick trial of the project.
    """

    evaluation: str
    evaluate: Mapping[str, Any]
    min_clusters: int
    split: Mapping[str, Any] | None
    identifiers: Mapping[str, Any] | None
    studies: Sequence[Mapping[str, Any]]
    looks: Looks
    rules: str
    outdated: Sequence[str] = ()
    is_trial: bool = False

    @property
    def paid_looks(self) -> int:
        """By how many looks the levels are divided."""
        return max(1, self.looks.evaluations)


@dataclass(frozen=True)
class Finding:
    """One thing that a gate asks for. `value` with `low` and `high` must lie above `required`, or below it where
    `is_ceiling`; all are None where nothing is measured or the evidence is no number.

    `needed` counts what is still needed, in `unit`; None where that is not known.
    """

    gate: str
    measured: str
    status: str
    set_by: str
    why: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    required: float | None = None
    is_ceiling: bool = False
    needed: int | None = None
    unit: str = ""


Judged = tuple[Finding, Measure | None]
"""A finding, and where it is a figure under a margin, that: its status is then given when all are known."""
