"""The certificate itself: recall of each class with its bound, what is left at most, and a verdict; a function of counts."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from acclimate.certificate.config import CertificateConfig
from acclimate.certificate.count import Spans
from acclimate.certificate.safe_harbor import SAFE_HARBOR
from acclimate.core.exact_bounds import effective_trials, greatest_rate, greatest_share, least_share, trials_needed

PASSED, FAILED, INSUFFICIENT, NOT_TESTED = "passed", "failed", "insufficient", "not tested"
FEWEST_SUBJECTS = 9
"""Eight degrees of freedom, below which the US National Center for Health Statistics does not trust a bound (Parker et
al. 2017, "Data presentation standards for proportions"): one person's notes tell nothing of other people's."""

_WORST_FIRST = (FAILED, INSUFFICIENT, PASSED)


@dataclass(frozen=True)
class ReadRecord:
    """A record that was read through: of which subject, and the identifiers in it."""

    subject: str
    spans: Spans


@dataclass(frozen=True)
class Population:
    """What the sample stands for and how much of it was drawn."""

    records: int
    subjects: int
    sampled: int


def judge(read: Sequence[ReadRecord], population: Population, config: CertificateConfig) -> dict[str, Any]:
    """The figures and verdicts as plain JSON. A sample of which a record was not read is insufficient, whatever it shows."""
    kinds = sorted({kind for record in read for kind in (*record.spans.found, *record.spans.missed)})
    classes = [_class(kind, read, config) for kind in kinds]
    verdicts = {row["class"]: row["verdict"] for row in classes}
    unread = population.sampled - len(read)
    overall = _worst([*verdicts.values(), *([INSUFFICIENT] if unread else [])])
    return {
        "verdict": INSUFFICIENT if overall == NOT_TESTED else overall,
        "because": _because(classes, unread),
        "requirements": config.model_dump(mode="json"),
        "read": {"records": len(read), "sampled": population.sampled, "of": population.records},
        "classes": classes,
        "safe_harbor": _safe_harbor(verdicts),
        "beyond": sorted(set(verdicts) - {kind for one in SAFE_HARBOR for kind in one.kinds}),
        "replaced": _replaced(read, config),
        "residual": _residual(read, population, config) if read else None,
    }


def _class(kind: str, read: Sequence[ReadRecord], config: CertificateConfig) -> dict[str, Any]:
    found, spans = Counter[str](), Counter[str]()
    for record in read:
        found[record.subject] += record.spans.found[kind]
        spans[record.subject] += record.spans.found[kind] + record.spans.missed[kind]
    subjects = sorted(subject for subject in spans if spans[subject])
    by_subject = [found[subject] for subject in subjects], [spans[subject] for subject in subjects]
    total, missed = sum(by_subject[1]), sum(by_subject[1]) - sum(by_subject[0])
    effective = effective_trials(*by_subject, confidence=config.confidence)
    recall, required = 1 - missed / total, config.required(kind)
    low = least_share(recall * effective, effective, confidence=config.confidence)
    high = greatest_share(recall * effective, effective, confidence=config.confidence)
    shown = low >= required
    verdict = FAILED if high < required else PASSED if shown and len(subjects) >= FEWEST_SUBJECTS else INSUFFICIENT
    more = 0 if shown or verdict == FAILED else _more_spans(total, missed, effective, config, required)
    return {
        "class": kind, "spans": total, "found": total - missed, "missed": missed, "subjects": len(subjects),
        "effective_spans": effective, "recall": recall, "lower": low, "upper": high, "required": required,
        "verdict": verdict, "more_spans": more,
        "more_subjects": max(0, FEWEST_SUBJECTS - len(subjects)) if verdict == INSUFFICIENT else 0,
    }  # fmt: skip


def _more_spans(total: int, missed: int, effective: float, config: CertificateConfig, required: float) -> int:
    """How many further spans, all of them found, would reach the bound; as much worth each as those so far."""
    worth = effective / total
    needed = trials_needed(math.ceil(missed * worth), required=required, confidence=config.confidence)
    return max(1, math.ceil(needed / worth) - total)


def _because(classes: Sequence[Mapping[str, Any]], unread: int) -> list[str]:
    reasons = [f"{unread} records of the sample are not marked as read"] if unread else []
    if not classes:
        reasons.append("no identifier of any class occurred in what was read")
    for row in classes:
        if row["verdict"] == FAILED:
            reasons.append(f"{row['class']}: at most {row['upper']:.3f} found, {row['required']:g} required")
        elif row["verdict"] == INSUFFICIENT:
            needed = [f"{row['more_spans']} more spans, all found"] if row["more_spans"] else []
            needed += [f"spans of {row['more_subjects']} more subjects"] if row["more_subjects"] else []
            reasons.append(f"{row['class']}: {' and '.join(needed)}, are needed")
    return reasons


def _safe_harbor(verdicts: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "paragraph": one.paragraph,
            "name": one.name,
            "classes": list(one.kinds),
            "not_tested": [kind for kind in one.kinds if kind not in verdicts],
            "verdict": _worst([verdicts[kind] for kind in one.kinds if kind in verdicts]),
            "remark": one.remark,
        }
        for one in SAFE_HARBOR
    ]


def _worst(verdicts: Sequence[str]) -> str:
    return next((verdict for verdict in _WORST_FIRST if verdict in verdicts), NOT_TESTED)


def _replaced(read: Sequence[ReadRecord], config: CertificateConfig) -> dict[str, Any]:
    """How many replaced stretches the reader found to be no identifier."""
    replaced, wrong = sum(record.spans.replaced for record in read), sum(record.spans.wrong for record in read)
    upper = greatest_share(wrong, replaced, confidence=config.confidence) if replaced else None
    return {"stretches": replaced, "wrong": wrong, "wrong_share_upper": upper}


def _residual(read: Sequence[ReadRecord], population: Population, config: CertificateConfig) -> dict[str, Any]:
    """Missed identifiers per record and per subject; the bound weighs all that one subject's records missed as one event."""
    missed: dict[str, int] = defaultdict(int)
    for record in read:
        missed[record.subject] += sum(record.spans.missed.values())
    rate = sum(missed.values()) / len(read)
    upper = greatest_rate([count for count in missed.values() if count], len(read), confidence=config.confidence)
    records_per_subject = population.records / population.subjects
    return {
        "per_1000_records": rate * 1000,
        "per_1000_records_upper": upper * 1000,
        "per_subject": rate * records_per_subject,
        "per_subject_upper": upper * records_per_subject,
        "method": "upper bound of a rate clustered by subject, Fay and Feuer 1997",
    }
