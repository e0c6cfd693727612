"""Whether gates ask for what the project's task measures, and settings are within the policy: told before the test set is
looked at, after which neither can be mended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from acclimate.core.errors import ConfigError
from acclimate.core.labels import SEVERAL, SINGLE
from acclimate.core.stage import StageConfig
from acclimate.release.config import AnyGate, GainGate, GroupsGate, Policy, ReleaseConfig, SupportGate
from acclimate.stages.evaluate import label_items, label_metrics, label_set_metrics, pair_items
from acclimate.stages.evaluate.arms import ARMS, LIKELIHOOD, METRICS
from acclimate.stages.evaluate.support.check import KINDS

MEASURED: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "generation": (METRICS, ARMS),
    "pretraining": ((LIKELIHOOD,), ARMS),
    SINGLE: (tuple(label_metrics.METRICS), label_items.LABEL_ARMS),
    SEVERAL: (tuple(label_set_metrics.SET_METRICS), label_items.LABEL_ARMS),
    "preference": (pair_items.PAIR_METRICS, pair_items.PAIR_ARMS),
}
"""By task the metrics, and what the adapted model is compared with."""
MEASURED_BY_GROUP = ("generation", "pretraining")
"""The tasks for which evaluate measures gaps between groups."""


def check_gates(release: ReleaseConfig, task: str) -> None:
    """Raises ConfigError for a gate whose metric or comparison the task has not, or whose kind of statement is none."""
    for number, gate in enumerate(release.asked, 1):
        for name, value, known in _named(gate, task):
            if value not in known:
                raise ConfigError(
                    f"release.gates, gate {number}: {name} {value!r} is not measured for the task {task}.",
                    hint=f"use one of: {', '.join(known)}",
                )


def _named(gate: AnyGate, task: str) -> Iterator[tuple[str, str, Sequence[str]]]:
    """What a gate names by name, and what it can be."""
    metrics, arms = MEASURED[task]
    if isinstance(gate, GainGate):
        yield "metric", gate.metric, metrics
        yield "against", gate.against, [arm for arm in arms if arm != "adapted"]
    if isinstance(gate, GroupsGate):
        if task not in MEASURED_BY_GROUP:
            raise ConfigError(
                f"release.gates: a gate on groups asks for what is not measured for the task {task}.",
                hint=f"remove it: gaps between groups are measured for {' and '.join(MEASURED_BY_GROUP)}",
            )
        yield "metric", gate.metric, metrics
    if isinstance(gate, SupportGate) and gate.kind is not None:
        yield "kind", gate.kind, KINDS


def check_limits(policy: Policy, evaluate: StageConfig) -> None:
    """Raises ConfigError for a setting of evaluate that is laxer than the policy allows."""
    for name, limit in policy.limits.model_dump(exclude_none=True).items():
        value, is_least = getattr(evaluate, name), name in ("confidence", "min_clusters")
        if value < limit if is_least else value > limit:
            raise ConfigError(
                f"evaluate.{name} is {value}, and the policy of {policy.organisation} allows"
                f" {limit} at {'least' if is_least else 'most'}.",
                hint=f"set it to {limit}, or stricter",
            )
