"""The verdict on a model: a pure function of gates, reports and the log of looks, the same on every machine.

Every gate must pass (an intersection-union test, Berger 1982): so the chance that a model passes which truly misses one
is at most that gate's own level, however many there are. A gate passes where the whole interval lies on its side. It
fails where the evidence against it stands after Holm's correction over all that is judged, so that a model without any
fault seldom fails however many gates there are; all between is insufficient evidence, with what is still needed.
Each look at the test set divides the level of every figure (Bonferroni), since the best of several looks is chosen.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from acclimate.core.statistics import holm
from acclimate.release.asked import ask
from acclimate.release.config import KINDS, ReleaseConfig
from acclimate.release.evidence import FAIL, INSUFFICIENT, PASS, Evidence, Finding, Judged
from acclimate.release.looks import Looks

VERDICT_FILE = "verdict.json"
_FAIL_LEVEL = 0.05
"""Chance at most that any of the gates of a faultless model fails."""


@dataclass(frozen=True)
class Verdict:
    """`reasons` say in words why it is not a pass, where the findings do not; `no_gate` names what nothing was asked of."""

    evaluation: str
    status: str
    findings: Sequence[Finding]
    reasons: Sequence[str]
    no_gate: Sequence[str]
    looks: Looks
    rules: str
    """The digest of the gates and of what else the figures are held to."""

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def judge(config: ReleaseConfig, evidence: Evidence) -> Verdict:
    """The verdict under these gates. Raises ConfigError for a gate that asks for what evaluate does not measure."""
    judged = [one for number, gate in enumerate(config.asked, 1) for one in ask(gate, evidence, number)]
    findings = _after_holm(judged)
    reasons = list(_reasons(config, evidence))
    asked = {gate.gate for gate in config.asked}
    no_gate = [kind for kind in KINDS if kind not in asked]
    status = _status(findings, reasons)
    return Verdict(evidence.evaluation, status, findings, reasons, no_gate, evidence.looks, evidence.rules)


def _status(findings: Sequence[Finding], reasons: Sequence[str]) -> str:
    statuses = {finding.status for finding in findings}
    if FAIL in statuses:
        return FAIL
    return PASS if statuses == {PASS} and not reasons else INSUFFICIENT


def _reasons(config: ReleaseConfig, evidence: Evidence) -> Iterator[str]:
    looks = evidence.looks
    if not config.asked:
        yield "no gates are set: nothing was asked of the model"
    elif not looks.is_logged:
        yield "the audit log does not tell of this evaluation, so whether the gates were set before is not known"
    elif looks.rules != evidence.rules:
        yield (
            "the gates, or settings of evaluate or certificate that they are held to, are not those that stood when the"
            f" test set was first looked at ({looks.first}): what they would let through was known when they were changed"
        )
    if evidence.is_trial:
        yield "this is a quick trial, whose model nobody should use"
    if evidence.outdated:
        yield f"{', '.join(evidence.outdated)} was run again since this evaluation, which does not know the newer result"


def _after_holm(judged: Sequence[Judged]) -> list[Finding]:
    adjusted = holm([measure.p_missed if measure else math.nan for _, measure in judged])
    found = []
    for (finding, measure), p_value in zip(judged, adjusted, strict=True):
        if measure is None:
            found.append(finding)
        elif measure.passes:
            found.append(replace(finding, status=PASS))
        elif p_value < _FAIL_LEVEL:
            found.append(replace(finding, status=FAIL))
        else:
            found.append(replace(finding, status=INSUFFICIENT, needed=measure.items_missing, unit="items"))
    return found
