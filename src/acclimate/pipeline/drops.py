"""What every step dropped, by rule: how much, which records, and how often people found that a rule was right.

Every look at dropped records of the restricted zone is an audit event.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from acclimate.core.errors import ConfigError
from acclimate.core.exact_bounds import greatest_share, least_share
from acclimate.core.hash_order import hash_rank
from acclimate.core.reinclusion import id_digest, kept_digests
from acclimate.core.schema import task_text
from acclimate.core.stage import Zone
from acclimate.core.statistics import Bounds
from acclimate.pipeline.config import ProjectConfig
from acclimate.project.judgements import Judgement, read_judgements
from acclimate.project.kept_records import kept_records
from acclimate.project.manifests import State
from acclimate.project.workspace import Finished, Workspace

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Precision:
    """How many of the judged drops of a rule people found right; what was judged is a random sample of its drops.

    `unmarked` counts records that come before the last judged one in the order of the draw and bear no mark. Many of
    them, and the sample is no longer a random one: perhaps the hard cases were left out.
    """

    judged: int
    right: int
    bounds: Bounds
    unmarked: int

    @property
    def share(self) -> float:
        """The estimate."""
        return self.right / self.judged


@dataclass(frozen=True)
class RuleDrops:
    """What one rule of one step dropped; `share` is of the records that went into the step."""

    step: str
    rule: str
    dropped: int
    share: float
    reincluded: int
    precision: Precision | None = None
    """None where nobody has judged a drop."""


@dataclass(frozen=True)
class DroppedRecord:
    """A dropped record and what its rule measured."""

    step: str
    rule: str
    id: str
    value: str
    threshold: str | None
    text: str


class StepDrops:
    """What the newest artifact of one step dropped. `by` says in the audit log who looks."""

    def __init__(self, workspace: Workspace, finished: Finished, *, by: str) -> None:
        self._workspace, self._finished, self._by = workspace, finished, by
        self.step = finished.manifest.step
        self.zone = Zone(finished.manifest.zone)

    def rules(self) -> list[RuleDrops]:
        """A row for each rule that dropped a record, or would have; the records themselves are read only if judged."""
        report = self._finished.artifact.report()
        reincluded = Counter(report.metrics.get("reincluded", {}))
        dropped = Counter(report.counts.dropped)
        entered = report.counts.inputs + report.counts.created
        rows = [
            RuleDrops(self.step, rule, dropped[rule], dropped[rule] / entered, reincluded[rule])
            for rule in sorted(dropped | reincluded)
        ]
        marks = _marks(read_judgements(self._workspace), self.step)
        return [replace(row, precision=self._precision(row.rule, marks.get(row.rule, {}))) for row in rows]

    def draw(self, rule: str, n: int, *, but: Collection[str] = ()) -> list[DroppedRecord]:
        """The first `n` drops of a rule in the order of the draw, but for those with the given digests.

        The order is that of a hash of the ids: later draws go on where earlier ones ended, and together they are one
        random sample.
        """
        names = [name for name in self._order(rule) if id_digest(name) not in but][:n]
        return sorted(self.find(names), key=lambda record: names.index(record.id))

    def find(self, names: Collection[str]) -> list[DroppedRecord]:
        """The dropped records with these ids, or with these digests of ids."""
        wanted = [name for name in self._ids if name in names or id_digest(name) in names]
        file = self._finished.artifact.path / "dropped.parquet"
        rows = pq.read_table(file, filters=pc.field("id").isin(wanted)).to_pylist() if wanted else []
        return [_record(self.step, row) for row in rows]

    @cached_property
    def _ids(self) -> dict[str, str]:
        """The rule that dropped each record, by id."""
        if self.zone is Zone.RESTRICTED:
            key = self._finished.manifest.key
            self._workspace.audit.append("restricted read", by=self._by, step=self.step, key=key, rows="dropped")
        table: pa.Table = self._finished.artifact.dropped().select(["id", "reason"])
        return dict(zip(table["id"].to_pylist(), table["reason"].to_pylist(), strict=True))

    def _order(self, rule: str) -> list[str]:
        return sorted((name for name, reason in self._ids.items() if reason == rule), key=hash_rank)

    def _precision(self, rule: str, marks: Mapping[str, bool]) -> Precision | None:
        """The estimate from the marks of what the rule drops, and of what it would drop had nobody re-included it.

        Without the latter, to re-include the wrong drops of a sample would make the rule look right.
        """
        order = [id_digest(name) for name in self._order(rule)] if marks else []
        judged = [place for place, digest in enumerate(order) if digest in marks]
        back = (kept_digests(kept_records(self._workspace, self.step)) & marks.keys()).difference(order)
        if not judged and not back:
            return None
        right = sum(marks[order[place]] for place in judged) + sum(marks[digest] for digest in back)
        unmarked = judged[-1] + 1 - len(judged) if judged else 0
        bounds = _share_bounds(right, len(judged) + len(back))
        return Precision(len(judged) + len(back), right, bounds, unmarked)


def step_drops(workspace: Workspace, config: ProjectConfig, *, step: str | None, by: str) -> list[StepDrops]:
    """The steps that dropped anything, in order, or the one that is named; fails where that was not run."""
    names = [one.name for one in config.steps]
    if step is not None and step not in names:
        raise ConfigError(f"There is no step {step!r} in this project.", hint=f"its steps are: {', '.join(names)}")
    if step is not None:
        return [StepDrops(workspace, workspace.readable(step), by=by)]
    latest = (workspace.latest(name) for name in names)
    present = [finished for finished in latest if finished and finished.manifest.state is State.COMPLETE]
    return [StepDrops(workspace, finished, by=by) for finished in present]


def rules_of(drops: Collection[StepDrops], *, rule: str | None) -> Iterator[tuple[StepDrops, RuleDrops]]:
    """Each rule with its step; only the named one, which must have dropped something, where one is named."""
    rows = [(one, row) for one in drops for row in one.rules()]
    wanted = [(one, row) for one, row in rows if rule in (None, row.rule)]
    if rule is not None and not wanted:
        there = ", ".join(sorted({row.rule for _, row in rows})) or "none"
        raise ConfigError(f"No rule {rule!r} has dropped a record.", hint=f"rules that have: {there}")
    return iter(wanted)


def _marks(judgements: Collection[Judgement], step: str) -> dict[str, dict[str, bool]]:
    """Whether each judged record was rightly dropped, by rule."""
    marks: dict[str, dict[str, bool]] = {}
    for one in judgements:
        if one.step == step:
            marks.setdefault(one.rule, {})[one.record] = one.rightly_dropped
    return marks


def _share_bounds(right: int, judged: int) -> Bounds:
    """The exact two-sided interval of a share (Clopper and Pearson 1934).

    >>> bounds = _share_bounds(20, 20)
    >>> round(bounds.low, 3), bounds.high
    (0.832, 1.0)
    """
    one_sided = (1 + CONFIDENCE) / 2
    return Bounds(least_share(right, judged, confidence=one_sided), greatest_share(right, judged, confidence=one_sided))


def _record(step: str, row: Mapping[str, Any]) -> DroppedRecord:
    return DroppedRecord(step, row["reason"], row["id"], row["value"] or "", row.get("threshold"), task_text(row))
