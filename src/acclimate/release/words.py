"""A verdict in plain words."""

from __future__ import annotations

from collections import Counter

from acclimate.release.evidence import FAIL, INSUFFICIENT, NOT_TESTED, PASS, Finding
from acclimate.release.judge import Verdict

UNITS = {"items": "items", "subjects": "subjects", "spans": "spans read in the audited sample"}


def verdict_sentence(verdict: Verdict) -> str:
    """The verdict, and how what was asked fared."""
    looks = max(1, verdict.looks.evaluations)
    count = Counter(finding.status for finding in verdict.findings)
    told = [f"{count[status]} {status}" for status in (PASS, FAIL, INSUFFICIENT, NOT_TESTED) if count[status]]
    asked = f"of {len(verdict.findings)} things asked {', '.join(told)}" if told else "nothing was asked"
    paid = "" if looks == 1 else f"; the test set was looked at {looks} times, which the levels pay for"
    return f"Release verdict: {verdict.status} ({asked}{paid})."


def finding_cells(finding: Finding) -> tuple[str, str, str, str, str]:
    """Gate, what is asked, what is measured with its interval, what is required, and the status with what is needed."""
    measured = "" if finding.value is None else _figure(finding.value)
    if finding.low is not None and finding.high is not None:
        measured += f" ({_figure(finding.low)} to {_figure(finding.high)})"
    side = "at most" if finding.is_ceiling else "above"
    required = "" if finding.required is None else f"{side} {_figure(finding.required)}"
    needed = f", about {finding.needed} more {UNITS[finding.unit]} needed" if finding.needed else ""
    return finding.gate, finding.measured, measured, required, f"{finding.status}{needed}"


def _figure(value: float) -> str:
    """Four decimals at most, without zeros at their end."""
    return f"{round(value, 4) + 0.0:.4f}".rstrip("0").rstrip(".")
