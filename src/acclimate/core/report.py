"""What a stage says about its run: counts that add up, metrics, warnings, and which classes of equality hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from acclimate.core.errors import ContractError


@dataclass(frozen=True)
class Counts:
    """Exact accounting of one stage: `inputs + created = kept + Σ dropped`."""

    inputs: int
    kept: int
    created: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    unit: str = "records"

    def check(self) -> None:
        """Fails when the counts do not add up, which means that the stage lost or invented something."""
        gone = sum(self.dropped.values())
        if self.inputs + self.created != self.kept + gone:
            raise ContractError(
                f"counts do not add up: {self.inputs} in + {self.created} created"
                f" != {self.kept} kept + {gone} dropped ({self.unit})"
            )


@dataclass(frozen=True)
class Report:
    """The report of one stage run; written as report.json beside its data.

    `metrics` is plain JSON. It holds no clock time and nothing of the machine, so that equal runs give equal reports.
    """

    stage: str
    counts: Counts
    metrics: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON in the form that scripts may rely on."""
        return {**asdict(self), "warnings": list(self.warnings)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Report:
        """The report that `to_json` wrote."""
        return cls(value["stage"], Counts(**value["counts"]), value["metrics"], tuple(value["warnings"]))
