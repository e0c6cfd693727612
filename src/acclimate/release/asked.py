"""What each gate asks of the evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from scipy.stats import norm

from acclimate.core.errors import ConfigError
from acclimate.core.exact_bounds import greatest_share
from acclimate.core.retention import ONE_SIDED
from acclimate.core.statistics import items_needed, paired_share_bounds
from acclimate.release.config import (
    AnyGate,
    GainGate,
    GroupsGate,
    IdentifiersGate,
    LeaksGate,
    MembershipGate,
    PeopleGate,
    RetentionGate,
    SupportGate,
)
from acclimate.release.evidence import FAIL, INSUFFICIENT, NOT_TESTED, PASS, Evidence, Finding, Judged
from acclimate.release.measure import Measure, from_interval

ADAPTED = "adapted"
_OF_CERTIFICATES = {"passed": PASS, "failed": FAIL, "insufficient": INSUFFICIENT}


def ask(gate: AnyGate, evidence: Evidence, number: int) -> Iterator[Judged]:
    """What the `number`th gate asks for, each with its status or with the figure that decides it.

    Raises ConfigError for a gate that asks for what evaluate does not measure.
    """
    match gate:
        case GainGate():
            yield from _gain(gate, evidence, number)
        case RetentionGate():
            yield from _retention(gate, evidence)
        case SupportGate():
            yield _support(gate, evidence)
        case GroupsGate():
            yield from _groups(gate, evidence)
        case LeaksGate():
            yield _leaks(gate, evidence.split)
        case MembershipGate():
            yield _membership(gate, evidence)
        case IdentifiersGate():
            yield _identifiers(gate, evidence.identifiers)
        case PeopleGate():
            yield from _people(gate, evidence)


def _finding(gate: AnyGate, measured: str, status: str, **figures: Any) -> Finding:
    return Finding(gate=gate.gate, measured=measured, status=status, set_by=gate.set_by, why=gate.why, **figures)


def _gain(gate: GainGate, evidence: Evidence, number: int) -> Iterator[Judged]:
    found = evidence.evaluate["comparisons"]
    if gate.each_site:
        found = [row for row in evidence.evaluate["slices"] if row["group"] == "site"]
    rows = [row for row in found if (row["arm"], row["metric"]) == (gate.against, gate.metric)]
    by_site = " by site" if gate.each_site else ""
    if not rows:
        known = sorted({f"{row['metric']} against {row['arm']}" for row in found})
        raise ConfigError(
            f"release.gates, gate {number}: {gate.metric} against {gate.against}{by_site} is not measured.",
            hint=f"evaluate measures{by_site} {', '.join(known) or 'nothing here'}",
        )
    confidence = evidence.evaluate["task"]["confidence"]
    for row in rows:
        place = f" at site {row['value']}" if gate.each_site else ""
        figures = _turned(row, "difference") if row["lower_is_better"] else _figures(row, "difference")
        measured = f"by how much {gate.metric.replace('_', ' ')} is better than that of {gate.against}{place}"
        finding = _finding(gate, measured, INSUFFICIENT, **figures, required=gate.margin)
        missing = max(0, evidence.min_clusters - row["clusters"])
        if missing or figures["low"] is None or figures["low"] == figures["high"]:
            yield replace(finding, needed=missing or None, unit="subjects" if missing else ""), None
        else:
            of = {"confidence": confidence, "clusters": row["clusters"], "items": row["items"]}
            yield finding, from_interval(**figures, margin=gate.margin, looks=evidence.paid_looks, **of)
    for site in _sites_without(rows, evidence) if gate.each_site else ():
        yield _finding(gate, f"{gate.metric.replace('_', ' ')} at site {site}", NOT_TESTED, required=gate.margin), None


def _sites_without(rows: Sequence[Mapping[str, Any]], evidence: Evidence) -> list[str]:
    """Sites of the data at which nothing is measured."""
    measured = {row["value"] for row in rows}
    return [site for site in (evidence.split or {}).get("records_by_site", ()) if site not in measured and site]


def _retention(gate: RetentionGate, evidence: Evidence) -> Iterator[Judged]:
    """General text may rise by its budget, and an ability fall by its own; both must be measured."""
    kept, looks = evidence.evaluate["retention"], evidence.paid_looks
    general, abilities, because = kept["general"], kept["abilities"], kept.get("because", "nothing was measured")
    if general is None:
        yield _finding(gate, f"general text: {because}", NOT_TESTED), None
    else:
        measured = "rise of bits per byte on general text, as a share"
        of = {"confidence": general["confidence"], "clusters": general["items"], "looks": looks}
        yield _ceiling(gate, measured, general, "value", general["budget"], **of)
    if not abilities:
        yield _finding(gate, f"abilities: {because}", NOT_TESTED), None
    for row in abilities:
        measured = f"change of the share of probes right, {row['ability'].replace('_', ' ')}"
        finding = _finding(gate, measured, INSUFFICIENT, **_figures(row, "difference"), required=row["budget"])
        yield finding, _of_probes(row, looks)


def _of_probes(row: Mapping[str, Any], looks: int) -> Measure:
    """The difference of two shares on the same probes, with Tango's bounds at the level that the looks leave."""
    level = (1 - ONE_SIDED) / 2
    counts = {name: row[name] for name in ("won", "lost", "items")}
    paid = paired_share_bounds(**counts, confidence=1 - 2 * level / looks)
    error = (row["high"] - row["difference"]) / float(norm.ppf(1 - level))
    return Measure(row["difference"], paid.low, error, row["budget"], level / looks, looks, row["items"])


def _support(gate: SupportGate, evidence: Evidence) -> Judged:
    measured = (
        f"share of {'statements' if gate.kind is None else f'{gate.kind}s'} in answers that their source does not hold"
    )
    found = evidence.evaluate.get("support")
    row = found["arms"].get(ADAPTED) if found and found["is_grounded"] else None
    if row is not None and gate.kind is not None:
        row = row["kinds"].get(gate.kind)
    elif row is not None:
        measured += _kinds_in(row)
    if row is None or row.get("share") is None:
        return _finding(gate, measured, NOT_TESTED, required=gate.at_most, is_ceiling=True), None
    missing = max(0, evidence.min_clusters - row["clusters"])
    if missing or row["low"] is None:
        finding = _finding(
            gate, measured, INSUFFICIENT, **_figures(row, "share"), required=gate.at_most, is_ceiling=True
        )
        return replace(finding, needed=missing or None, unit="subjects" if missing else ""), None
    confidence, looks = evidence.evaluate["task"]["confidence"], evidence.paid_looks
    # No share is known better than one of zero is by so many subjects: a bootstrap of equal ones would claim certainty.
    least = greatest_share(0, row["clusters"], confidence=1 - (1 - confidence) / 2 / looks)
    row = {
        **row,
        "low": max(0.0, min(row["low"], row["share"] - least)),
        "high": min(1.0, max(row["high"], row["share"] + least)),
    }
    of = {"confidence": confidence, "clusters": row["clusters"], "looks": looks}
    return _ceiling(gate, measured, row, "share", gate.at_most, **of)


def _groups(gate: GroupsGate, evidence: Evidence) -> Iterator[Judged]:
    """Each value of the attribute, whose people may be worse off by no more than the margin."""
    rows = [
        row
        for row in evidence.evaluate.get("gaps", ())
        if (row["group"], row["metric"]) == (gate.attribute, gate.metric)
    ]
    worse = f"by how much {gate.metric.replace('_', ' ')} is worse than elsewhere"
    of = {"confidence": evidence.evaluate["task"]["confidence"], "looks": evidence.paid_looks}
    for row in rows:
        measured = f"{worse} for {gate.attribute} {row['value']}"
        finding, measure = _ceiling(gate, measured, row, "worse_by", gate.at_most, clusters=row["clusters"], **of)
        missing = max(0, evidence.min_clusters - row["clusters"])
        yield replace(finding, needed=missing or None, unit="subjects" if missing else ""), None if missing else measure
    if len(rows) < 2:
        measured = f"{worse} for {'another' if rows else 'any'} {gate.attribute}"
        yield _finding(gate, measured, NOT_TESTED, required=gate.at_most, is_ceiling=True), None


def _kinds_in(row: Mapping[str, Any]) -> str:
    """Of which kinds the statements are that nothing supports, those with most first: what to look for."""
    counts = sorted((-kind["unsupported"], name, kind["stated"]) for name, kind in row["kinds"].items())
    named = [f"{name} {-less} of {stated}" for less, name, stated in counts if less]
    return f" ({', '.join(named)})" if named else ""


def _ceiling(gate: AnyGate, measured: str, row: Mapping[str, Any], name: str, ceiling: float, **of: Any) -> Judged:
    """A figure that must lie below a ceiling; without an interval there is no measure of it."""
    finding = _finding(gate, measured, INSUFFICIENT, **_figures(row, name), required=ceiling, is_ceiling=True)
    if row["low"] is None or row["high"] is None or row["low"] == row["high"]:
        return finding, None
    return finding, from_interval(**_turned(row, name), margin=-ceiling, items=row["items"], **of)


def _figures(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {"value": row[name], "low": row["low"], "high": row["high"]}


def _turned(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The same of a figure of which less is better, as one of which more is."""
    turned = {"value": row[name], "low": row["high"], "high": row["low"]}
    return {each: None if figure is None else -figure for each, figure in turned.items()}


def _leaks(gate: LeaksGate, split: Mapping[str, Any] | None) -> Judged:
    """Counts what stands in what is learnt; items without a passage of their own could not be looked for."""
    measured = "records to learn from that hold held-out text"
    items = sum(row["items"] for row in split["overlaps"].values()) if split else 0
    short = sum(row["items_without_passage"] for row in split["overlaps"].values()) if split else 0
    if split is None or items == short:
        return _finding(gate, measured, NOT_TESTED, required=gate.at_most, is_ceiling=True), None
    unknown = short + split.get("earlier_test_texts_gone", 0)
    if unknown:
        measured += f" ({unknown} held-out items are too short or gone, and were not looked for)"
    was_dropped = bool(split["dropped"].get("leak_passage"))
    left = 0 if was_dropped else sum(row["records"] for row in split["overlaps"].values())
    status = PASS if left <= gate.at_most else FAIL
    return _finding(gate, measured, status, value=left, required=gate.at_most, is_ceiling=True), None


def _membership(gate: MembershipGate, evidence: Evidence) -> Judged:
    measured = "how surely training records are told from test records: AUC, 0.5 is chance"
    found = evidence.evaluate.get("leakage") or {"membership": None, "because": "this evaluation does not measure it"}
    row = found["membership"]
    if row is None:
        return _finding(
            gate, f"{measured} ({found['because']})", NOT_TESTED, required=gate.at_most, is_ceiling=True
        ), None
    if row["shift"]["is_shown"]:
        measured += f"; the base alone tells them apart at {row['shift']['auc']:.2f}: a part may be how they differ"
    missing = max(0, evidence.min_clusters - row["clusters"])
    if missing or row["low"] is None:
        shown = _finding(gate, measured, INSUFFICIENT, **_figures(row, "auc"), required=gate.at_most, is_ceiling=True)
        return replace(shown, needed=missing or None, unit="subjects" if missing else ""), None
    of = {"confidence": evidence.evaluate["task"]["confidence"], "clusters": row["clusters"]}
    return _ceiling(gate, measured, row, "auc", gate.at_most, looks=evidence.paid_looks, **of)


def _identifiers(gate: IdentifiersGate, standing: Mapping[str, Any] | None) -> Judged:
    measured = "identifiers replaced, by an audited sample"
    if standing is None:
        return _finding(gate, measured, NOT_TESTED), None
    status = _OF_CERTIFICATES.get(standing["status"], NOT_TESTED)
    if standing["status"] == "stale":
        measured += ": the certificate is of other records"
    spans = standing["more_spans"] or None
    return _finding(gate, measured, status, needed=spans, unit="spans" if spans else ""), None


def _people(gate: PeopleGate, evidence: Evidence) -> Iterator[Judged]:
    asked = [one for one in evidence.studies if gate.study in ("", one["study"])]
    about = [one for one in asked if ADAPTED in (one["preferences"][0]["arm"], one["preferences"][0]["other"])]
    if not about:
        yield (
            _finding(
                gate, f"{f'study {gate.study}' if gate.study else 'a study'} of these answers, closed", NOT_TESTED
            ),
            None,
        )
    for study in about:
        first = study["preferences"][0]
        is_first = first["arm"] == ADAPTED
        other = first["other"] if is_first else first["arm"]
        figures = _figures(first["net"], "value") if is_first else _turned(first["net"], "value")
        better, worse = ("better", "worse") if is_first else ("worse", "better")
        status = {better: PASS, worse: FAIL, "no difference shown": FAIL}.get(first["verdict"], INSUFFICIENT)
        if not study["look"]["last"]:
            yield _finding(gate, f"study {study['study']}, which is still open", INSUFFICIENT, required=0.0), None
            continue
        needed = _items_missing(first["net"]) if status == INSUFFICIENT else None
        measured = f"study {study['study']}: net share of readings that prefer it to {other}"
        finding = _finding(
            gate, measured, status, **figures, required=0.0, needed=needed, unit="items" if needed else ""
        )
        yield finding, None


def _items_missing(net: Mapping[str, Any]) -> int | None:
    """How many more items, read as often as these, would settle a preference, if it is as measured."""
    if net["value"] is None or net["standard_error"] is None:
        return None
    total = items_needed(items=net["items"], standard_error=net["standard_error"], value=net["value"], margin=0.0)
    return None if total is None else total - net["items"]
