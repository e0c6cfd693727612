"""Checks the evidence bundle of a release, and judges it anew from its reports.

One file without acclimate: it needs Python and, for the signature, the package `cryptography`. It reads what
docs/reference/bundle.md describes and was written apart from what makes bundles and verdicts, so that an error in those
is not repeated here.

    python verify_bundle.py releases/1.0 --key signer.pub

Exits with 0 where everything holds, with 3 where something does not or is unproved, and with 2 where there is no bundle.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import NormalDist
from typing import Any

ENVELOPE = "bundle.json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "acclimate:release/v1"
DECISION_TYPE = "acclimate:decision/v1"
DECISIONS = "decisions"
APPROVE, REFUSE, OVERRIDE, FINDING, CLOSE = "approve", "refuse", "override", "finding", "close"
FORMAT = 1
HOLDS, WRONG, UNPROVED = "holds", "does not hold", "unproved"
_START = "0" * 64
_ONE_SIDED = 0.05
_TRAINERS = ("pretrain", "train", "sweep", "dial")
"""The steps that make the model; whoever ran one of them trained it."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: whether it `holds`, `does not hold` or is `unproved`, and what was found."""

    what: str
    state: str
    said: str


def check_bundle(
    folder: Path, key: bytes | None, *, approvers: Sequence[bytes] = (), today: date | None = None
) -> list[Check]:
    """Everything that can be checked from the bundle alone; `key` is the public key (PEM) that must have signed it, and
    `approvers` those of people who may decide on it where no policy names them.

    What rests on something that does not hold is not looked at: the last check then names it.
    """
    done: list[Check] = []
    try:
        for check in _checks(folder, key, approvers, today or datetime.now(UTC).date()):
            done.append(check)
            if check.state == WRONG:
                break
    except (KeyError, TypeError, ValueError, AttributeError, OSError, ArithmeticError) as error:
        last = done[-1].what if done else "bundle"
        done.append(Check("bundle", WRONG, f"what follows {last} is not as the format says ({type(error).__name__})"))
    return done


def read_statement(path: Path, kind: str) -> tuple[bytes, dict[str, Any]]:
    """The signed bytes of an envelope, and the in-toto statement of that kind which they are; ValueError where it is none
    that is known here."""
    envelope = json.loads(path.read_bytes())
    payload = base64.b64decode(envelope["payload"], validate=True)
    statement: dict[str, Any] = json.loads(payload)
    found = (envelope["payloadType"], statement["_type"], statement["predicateType"], statement["predicate"]["format"])
    if found != (PAYLOAD_TYPE, STATEMENT_TYPE, kind, FORMAT):
        raise ValueError("it is of another type or format")
    return payload, statement


def signed_bytes(payload: bytes) -> bytes:
    """What a signature of DSSE is over: the pre-authentication encoding of the payload and its type."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def _checks(folder: Path, key: bytes | None, approvers: Sequence[bytes], today: date) -> Iterator[Check]:
    try:
        payload, statement = read_statement(folder / ENVELOPE, PREDICATE_TYPE)
    except (ValueError, KeyError, TypeError):
        yield Check("statement", WRONG, f"{ENVELOPE} is no signed statement of format {FORMAT}")
        return
    predicate = statement["predicate"]
    if any(Path(name).is_absolute() or ".." in Path(name).parts for name in (*predicate["files"], *predicate["annex"])):
        yield Check("statement", WRONG, "it names a file outside the bundle")
    yield _signature(folder, payload, key)
    yield from _files(folder, predicate)
    yield _audit(folder, predicate["audit"])
    steps = _read_steps(folder)
    events = _read_events(folder)
    yield from _steps(steps, events)
    yield _subject(statement["subject"], steps)
    yield from _beside(folder, steps, events)
    yield from _policy(_json(folder / "release.json"), steps)
    yield _verdict(folder, steps, events)
    yield from _decided(folder, payload, approvers, today)


def _signature(folder: Path, payload: bytes, key: bytes | None) -> Check:
    signatures = json.loads((folder / ENVELOPE).read_bytes()).get("signatures", [])
    if not signatures:
        return Check("signature", UNPROVED, "nobody signed it")
    names = ", ".join(str(one.get("keyid", "?")) for one in signatures)
    if key is None:
        return Check("signature", UNPROVED, f"no public key was given; it says it is signed with {names}")
    try:
        is_own = any(_is_signed(payload, one, key) for one in signatures)
    except ValueError as error:
        return Check("signature", WRONG, f"the key given is {error}")
    if is_own:
        return Check("signature", HOLDS, f"signed with {key_id(key)}, the key given")
    return Check("signature", WRONG, f"none of its signatures ({names}) is of the key given, {key_id(key)}")


def _is_signed(payload: bytes, signature: Mapping[str, Any], key: bytes) -> bool:
    """Whether a signature is of that public key (PEM); ValueError where the key is none."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        public = load_pem_public_key(key)
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("no public key in PEM") from None
    if not isinstance(public, Ed25519PublicKey):
        raise ValueError("not one of Ed25519")
    try:
        public.verify(base64.b64decode(signature["sig"]), signed_bytes(payload))
    except (InvalidSignature, ValueError, KeyError):
        return False
    return True


def key_id(public: bytes) -> str:
    """The name of a public key: the first 16 hex digits of the digest of its PEM text, less white space at its ends."""
    return hashlib.sha256(public.strip()).hexdigest()[:16]


def _files(folder: Path, predicate: Mapping[str, Any]) -> Iterator[Check]:
    for name, digest in sorted(predicate["files"].items()):
        path = folder / name
        if not path.is_file():
            yield Check("files", WRONG, f"{name} is missing")
        elif _digest(path.read_bytes()) != digest:
            yield Check("files", WRONG, f"{name} is not what was signed")
    annex = predicate["annex"]
    known = {ENVELOPE, *predicate["files"], *annex}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.parent == folder / DECISIONS and path.suffix == ".json" and not path.is_symlink():
            continue
        if path.is_symlink() or (path.is_file() and name not in known):
            yield Check("files", WRONG, f"{name} does not belong to the bundle")
    yield Check("files", HOLDS, f"{len(predicate['files'])} files are what was signed, and there are no others")
    there = [name for name in sorted(annex) if (folder / name).is_file()]
    for name in there:
        if _digest((folder / name).read_bytes()) != annex[name]:
            yield Check("annex", WRONG, f"{name} is not what was signed")
    yield Check("annex", HOLDS, f"{len(there)} of {len(annex)} files with example texts are attached")


def _audit(folder: Path, told: Mapping[str, Any]) -> Check:
    previous, count = _START, 0
    for line in (folder / "audit.jsonl").read_bytes().splitlines():
        count += 1
        if json.loads(line).get("previous") != previous:
            return Check("audit log", WRONG, f"line {count} does not follow from the line before it")
        previous = _digest(line)
    if (count, previous) != (told["events"], told["head"]):
        return Check("audit log", WRONG, f"it ends after {count} events, and {told['events']} were signed")
    return Check("audit log", HOLDS, f"{count} events, the chain holds; newest digest {previous}")


def _read_events(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "audit.jsonl").read_bytes().splitlines()]


def _read_steps(folder: Path) -> dict[str, dict[str, Any]]:
    """By step its manifest, its report, and the digest of the report's file."""
    steps = {}
    for path in sorted((folder / "steps").iterdir()):
        report = (path / "report.json").read_bytes()
        manifest = json.loads((path / "manifest.json").read_bytes())
        steps[path.name] = {"manifest": manifest, "report": json.loads(report), "digest": _digest(report)}
    return steps


def _steps(steps: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> Iterator[Check]:
    """Every step is named by what decided it, was told of in the log when it was made, and fits those it was made from."""
    published = {
        (event["step"], event["key"], event["identity"]) for event in events if event["action"] == "artifact published"
    }
    for name, step in steps.items():
        manifest = step["manifest"]
        if manifest["step"] != name or manifest["key"] != _artifact_key(manifest):
            yield Check("steps", WRONG, f"{name}: its key is not the digest of its configuration and inputs")
        if manifest["files"]["report.json"]["sha256"] != step["digest"]:
            yield Check("steps", WRONG, f"{name}: its report is not the one that its manifest names")
        if (name, manifest["key"], manifest["identity"]) not in published:
            yield Check("steps", WRONG, f"{name}: the audit log does not tell that it was made")
        for used in manifest["inputs"].values():
            other = steps.get(used["step"], {}).get("manifest")
            if other is not None and other["key"] == used["key"] and other["identity"] != used["identity"]:
                yield Check("steps", WRONG, f"{name}: what it was made from is not the {used['step']} of this bundle")
    for role, used in steps["evaluate"]["manifest"]["inputs"].items():
        if used["step"] in steps and steps[used["step"]]["manifest"]["key"] != used["key"]:
            yield Check("steps", WRONG, f"evaluate was made from another {role} than that of this bundle")
    yield Check("steps", HOLDS, f"{len(steps)} steps fit their configurations, inputs, reports and the audit log")


def _artifact_key(manifest: Mapping[str, Any]) -> str:
    identities = {role: used["identity"] for role, used in sorted(manifest["inputs"].items())}
    decides = [manifest["format"], manifest["stage"], manifest["code"], manifest["config"], identities]
    return _json_digest([*decides, manifest["secrets"]])[:16]


def _subject(subject: Sequence[Mapping[str, Any]], steps: Mapping[str, Any]) -> Check:
    """The files that the release is about are those of the model whose predictions were judged."""
    named = {one["name"]: one["digest"]["sha256"] for one in subject}
    if named != released_files({name: step["manifest"] for name, step in steps.items()}):
        return Check("model", WRONG, "the files that were signed are not those of the model that was judged")
    return Check("model", HOLDS, f"{len(named)} files, which are those that gave the predictions")


def released_files(manifests: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The digest of each file of the model that predict.adapted used, from the manifests of the steps; where it was
    trained elsewhere, of its predictions."""
    predicted = manifests["predict.adapted"]
    found: dict[str, str] = {}
    for used in predicted["inputs"].values():
        files = manifests.get(used["step"], {}).get("files", {})
        found |= {f"{used['step']}/{name}": file["sha256"] for name, file in files.items() if name.startswith("model/")}
    return found or {"predict.adapted": predicted["identity"]}


def _beside(folder: Path, steps: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> Iterator[Check]:
    """The certificate and the findings of studies: what the audit log noted of them when they were made."""
    certificate = _json(folder / "certificate.json")
    if certificate is not None:
        noted = {event["certificate"] for event in events if event["action"] == "certificate judged"}
        if _json_digest(certificate) in noted:
            yield Check("certificate", HOLDS, "it is one that the audit log notes")
        else:
            yield Check("certificate", WRONG, "the audit log notes no such certificate")
    noted = {event["digest"] for event in events if event["action"] == "study findings kept"}
    for study in _studies(folder):
        told = f"study {study['study']}"
        others = [arm for arm, identity in study["outputs"].items() if _identity(steps, f"predict.{arm}") != identity]
        if others:
            yield Check("studies", WRONG, f"{told} is of other answers than those that were judged")
        elif _json_digest(study) in noted:
            yield Check("studies", HOLDS, f"{told} found what the audit log notes")
        else:
            yield Check("studies", UNPROVED, f"{told}: the audit log notes no such findings")


def _identity(steps: Mapping[str, Any], name: str) -> str | None:
    return steps[name]["manifest"]["identity"] if name in steps else None


def _studies(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_bytes()) for path in sorted((folder / "studies").glob("*.json"))]


def _verdict(folder: Path, steps: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> Check:
    """Judges anew, and compares with verdict.json: status, and of each finding its status, figures and what is needed."""
    release, told = _json(folder / "release.json"), _json(folder / "verdict.json")
    certificate = _json(folder / "certificate.json")
    mine = _Judge(release, steps, certificate, _studies(folder), events).verdict()
    for name in ("status", "evaluation", "rules"):
        if mine[name] != told[name]:
            return Check("verdict", WRONG, f"its {name} is {told[name]!r}, and comes out as {mine[name]!r}")
    if mine["looks"] != told["looks"]["evaluations"] or mine["reasons"] != len(told["reasons"]):
        return Check("verdict", WRONG, "the looks at the test set, or what follows from them, come out otherwise")
    if len(mine["findings"]) != len(told["findings"]):
        return Check(
            "verdict", WRONG, f"it judges {len(told['findings'])} things, and {len(mine['findings'])} were asked"
        )
    for number, (own, its) in enumerate(zip(mine["findings"], told["findings"], strict=True), 1):
        for name, value in own.items():
            if not _same(value, its[name]):
                return Check(
                    "verdict",
                    WRONG,
                    f"finding {number} ({its['measured']}): its {name} is {its[name]}, and comes out as {value}",
                )
    return Check("verdict", HOLDS, f"{told['status']}: {len(told['findings'])} findings come out the same")


def _same(value: Any, other: Any) -> bool:
    if isinstance(value, float) and isinstance(other, (int, float)):
        return math.isclose(value, other, rel_tol=1e-9, abs_tol=1e-12)
    return bool(value == other)


def _json(path: Path) -> Any:
    return json.loads(path.read_bytes()) if path.is_file() else None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _json_digest(value: Any) -> str:
    return _digest(json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())


def _policy(release: Mapping[str, Any], steps: Mapping[str, Any]) -> Iterator[Check]:
    """The settings of the evaluation are not laxer than the policy allows; its gates are judged with the others."""
    policy = release.get("policy")
    if not policy:
        return
    config = steps["evaluate"]["manifest"]["config"]
    for name, limit in policy["limits"].items():
        laxer = limit is not None and (
            config[name] < limit if name in ("confidence", "min_clusters") else config[name] > limit
        )
        if laxer:
            yield Check("policy", WRONG, f"evaluate.{name} is {config[name]}, which is laxer than its {limit}")
    said = (
        f"that of {policy['organisation']}, digest {_json_digest(policy)[:16]}: its gates are judged, its limits kept"
    )
    yield Check("policy", HOLDS, said)


# From here on: what people decided on the release.


@dataclass(frozen=True)
class Decision:
    """What somebody signed about a release. `name` is the digest of what they signed, 16 hex digits, and `key` the one
    that it says it is signed with; `is_proven` says whether that is a known one of somebody who may decide. `owner` is who
    must close a finding, `of` the finding that is closed, and `before` names the decisions that were there already."""

    name: str
    key: str
    is_proven: bool
    kind: str
    by: str
    account: str
    at: str
    reason: str
    conditions: Sequence[str]
    until: str | None
    owner: str
    of: str
    before: Sequence[str]


@dataclass(frozen=True)
class Standing:
    """Whether a release may be used: with `state` released, released by override or not released, and why."""

    state: str
    said: str
    decisions: Sequence[Decision]

    @property
    def is_released(self) -> bool:
        """Whether it may be used."""
        return self.state != NOT_RELEASED


RELEASED, BY_OVERRIDE, NOT_RELEASED = "released", "released by override", "not released"


def standing(folder: Path, *, approvers: Sequence[bytes] = (), today: date) -> Standing:
    """Whether a sound bundle is released, from what was decided on it. Raises ValueError for a decision that is none, or
    that is about another bundle or not signed as it says."""
    payload, _ = read_statement(folder / ENVELOPE, PREDICATE_TYPE)
    release, told = _json(folder / "release.json"), _json(folder / "verdict.json")
    policy = release.get("policy") or {}
    known = {key_id(one): one for one in (*approvers, *(one["key"].encode() for one in policy.get("approvers", ())))}
    accounts = {key_id(one["key"].encode()): one["accounts"] for one in policy.get("approvers", ())}
    decisions = sorted(
        (_decision(path, payload, known) for path in (folder / DECISIONS).glob("*.json")),
        key=lambda one: (one.at, one.name),
    )
    there = {one.name for one in decisions}
    gone = [name for one in decisions for name in one.before if name not in there]
    if gone:
        raise ValueError(f"decision {gone[0]} is missing, which a later one names")
    may = [one for one in decisions if one.is_proven and not bars(folder, one.key, _accounts(one, accounts))]
    latest = {one.key: one for one in may if one.kind in (APPROVE, REFUSE, OVERRIDE)}
    in_force = [one for one in latest.values() if one.until is None or date.fromisoformat(one.until) >= today]
    closed = {one.of for one in decisions if one.kind == CLOSE and one.is_proven}
    findings = [one for one in decisions if one.kind == FINDING and one.name not in closed]
    needed = policy.get("approvals", 1)
    approved = [one for one in in_force if one.kind == APPROVE]
    overridden = [one for one in in_force if one.kind == OVERRIDE]
    refused = [one for one in latest.values() if one.kind == REFUSE]
    if refused:
        return Standing(NOT_RELEASED, f"refused by {_people(refused)}", decisions)
    if overridden:
        return Standing(BY_OVERRIDE, f"by {_people(overridden)} although the verdict is {told['status']}", decisions)
    if told["status"] != "pass":
        return Standing(
            NOT_RELEASED, f"the verdict is {told['status']}, and nobody who may has overridden it", decisions
        )
    if findings:
        return Standing(NOT_RELEASED, f"open findings: {', '.join(one.name for one in findings)}", decisions)
    if len(approved) < needed:
        lapsed = len([one for one in latest.values() if one.kind == APPROVE]) - len(approved)
        barred = len([one for one in decisions if one.kind == APPROVE and one not in may])
        said = f"{len(approved)} of {needed} approvals that are needed"
        said += f"; {lapsed} lapsed" if lapsed else ""
        said += f"; {barred} not of somebody who may approve" if barred else ""
        return Standing(NOT_RELEASED, said, decisions)
    return Standing(RELEASED, f"approved by {_people(approved)}", decisions)


def _people(decisions: Sequence[Decision]) -> str:
    told = []
    for one in decisions:
        until = f" until {one.until}" if one.until else ""
        told.append(f"{one.by}{until}" + "".join(f", if {condition}" for condition in one.conditions))
    return "; ".join(told)


def _accounts(one: Decision, of_policy: Mapping[str, Sequence[str]]) -> list[str]:
    """By what somebody may stand in the log: what a policy tells of them, else the account that they decided under."""
    return [one.by, *of_policy.get(one.key, [one.account])]


def bars(folder: Path, key: str, accounts: Iterable[str]) -> str:
    """Why somebody with this key and these accounts may not decide on a bundle, "" where they may."""
    signatures = json.loads((folder / ENVELOPE).read_bytes()).get("signatures", [])
    if key in {one.get("keyid") for one in signatures}:
        return "signed the bundle"
    return "trained the model" if set(accounts) & _trained(folder) else ""


def _trained(folder: Path) -> set[str]:
    """The accounts that made the model, as the log tells."""
    keys = {(name, step["manifest"]["key"]) for name, step in _read_steps(folder).items() if name in _TRAINERS}
    return {
        event["who"]
        for event in _read_events(folder)
        if event["action"] == "artifact published" and (event["step"], event["key"]) in keys
    }


def _decision(path: Path, bundle: bytes, known: Mapping[str, bytes]) -> Decision:
    payload, statement = read_statement(path, DECISION_TYPE)
    [signature] = json.loads(path.read_bytes())["signatures"]
    key, name = signature["keyid"], _digest(payload)[:16]
    if path.stem != name:
        raise ValueError(f"{path.name} is not named after its content")
    if [one["digest"]["sha256"] for one in statement["subject"]] != [_digest(bundle)]:
        raise ValueError(f"{path.name} is about another bundle")
    if key in known and not _is_signed(payload, signature, known[key]):
        raise ValueError(f"{path.name} is not signed with {key}, as it says")
    said = statement["predicate"]
    fields = ("kind", "by", "account", "at", "reason", "conditions", "until", "owner", "of", "before")
    return Decision(name, key, key in known, **{field: said[field] for field in fields})


def _decided(folder: Path, payload: bytes, approvers: Sequence[bytes], today: date) -> Iterator[Check]:
    """What was decided, one by one, and where anything was or a policy asks for it, what follows."""
    try:
        found = standing(folder, approvers=approvers, today=today)
    except ValueError as error:
        yield Check("decision", WRONG, str(error))
        return
    for one in found.decisions:
        said = f"{one.kind} by {_people([one])}" + (f": {one.reason}" if one.reason else "")
        unknown = "" if one.is_proven else f"; its key {one.key} is of nobody who is known to decide"
        yield Check("decision", HOLDS if one.is_proven else UNPROVED, said + unknown)
    if found.decisions or _json(folder / "release.json").get("policy"):
        state = HOLDS if found.is_released else UNPROVED
        yield Check("release", state, f"{found.state}: {found.said}")


# From here on: the verdict, with the arithmetic that it needs.


@dataclass(frozen=True)
class _Measure:
    """A figure of which more is better, with the lower bound and the standard error by which it is judged."""

    value: float
    low: float
    error: float
    margin: float
    level: float
    looks: int
    items: int


_Found = tuple[dict[str, Any], _Measure | None]


@dataclass(frozen=True)
class _Judge:
    """Judges as docs/guides/releasing.md says."""

    release: Mapping[str, Any]
    steps: Mapping[str, Any]
    certificate: Mapping[str, Any] | None
    studies: Sequence[Mapping[str, Any]]
    events: Sequence[Mapping[str, Any]]

    def verdict(self) -> dict[str, Any]:
        """Status, findings, how many looks were taken and how many reasons stand against a pass."""
        found = [one for gate in self._gates for one in self._asked(gate)]
        findings = _after_holm(found)
        looks, reasons = self._looks(), self._reasons()
        statuses = {finding["status"] for finding in findings}
        status = "pass" if statuses == {"pass"} and not reasons else "insufficient evidence"
        status = "fail" if "fail" in statuses else status
        key = self._manifest("evaluate")["key"]
        return {
            "status": status,
            "evaluation": key,
            "rules": self._rules(),
            "looks": looks,
            "reasons": reasons,
            "findings": findings,
        }

    @property
    def _gates(self) -> list[Any]:
        return [*self.release["gates"], *(self.release.get("policy") or {}).get("gates", ())]

    def _manifest(self, step: str) -> Any:
        return self.steps[step]["manifest"]

    @property
    def _evaluate(self) -> Any:
        return self.steps["evaluate"]["report"]["metrics"]

    def _rules(self) -> str:
        split, general = self.steps.get("split"), self.steps.get("general")
        held_to = {
            "evaluate": self._manifest("evaluate")["config"],
            "predict": self._manifest("predict.adapted")["config"],
            "shared_passages_from": split["manifest"]["config"]["shared_passages_from"] if split else None,
            "general": general["manifest"]["identity"] if general else None,
            "certificate": self.certificate["requirements"] if self.certificate else self.release["requirements"],
        }
        rules = {"gates": self._gates, "held_to": held_to}
        if self.release.get("policy"):
            rules["policy"] = self.release["policy"]
        return _digest(json.dumps(rules, sort_keys=True).encode())

    def _opened(self) -> list[Mapping[str, Any]]:
        return [event for event in self.events if event["action"] == "test set opened" and event["area"] == ""]

    def _looks(self) -> int:
        keys: dict[str, set[str]] = {event["predictions"]: set() for event in self._opened()}
        for event in self._opened():
            if event["step"] == "evaluate":
                keys[event["predictions"]].add(event["key"])
        return sum(max(1, len(found)) for found in keys.values())

    def _reasons(self) -> int:
        opened, key = self._opened(), self._manifest("evaluate")["key"]
        if not self._gates or not any(one["key"] == key and one["step"] == "evaluate" for one in opened):
            return 1
        return int(opened[0]["rules"] != self._rules())

    def _asked(self, gate: Mapping[str, Any]) -> Iterator[_Found]:
        asked = {
            "gain": self._gain,
            "retention": self._retention,
            "support": self._support,
            "groups": self._groups,
            "leaks": self._leaks,
            "membership": self._membership,
            "identifiers": self._identifiers,
            "people": self._people,
        }
        said = {name: gate[name] for name in ("gate", "set_by", "why")}
        for shown, measure in asked[gate["gate"]](gate):
            yield {**said, **shown}, measure

    def _gain(self, gate: Mapping[str, Any]) -> Iterator[_Found]:
        rows = self._evaluate["comparisons"]
        if gate["each_site"]:
            rows = [row for row in self._evaluate["slices"] if row["group"] == "site"]
        rows = [row for row in rows if (row["arm"], row["metric"]) == (gate["against"], gate["metric"])]
        for row in rows:
            sign = -1 if row["lower_is_better"] else 1
            yield self._bootstrapped(row, "difference", sign, gate["margin"], required=gate["margin"], is_ceiling=False)
        if gate["each_site"] and "split" in self.steps:
            measured = {row["value"] for row in rows}
            sites = self.steps["split"]["report"]["metrics"]["records_by_site"]
            for site in sites:
                if site and site not in measured:
                    yield {"status": "not tested", "required": gate["margin"]}, None

    def _retention(self, gate: Mapping[str, Any]) -> Iterator[_Found]:
        kept = self._evaluate["retention"]
        general = kept["general"]
        if general is None:
            yield {"status": "not tested"}, None
        else:
            of = {"confidence": general["confidence"], "clusters": general["items"]}
            budget = general["budget"]
            yield self._bootstrapped(general, "value", -1, -budget, required=budget, is_ceiling=True, **of)
        if not kept["abilities"]:
            yield {"status": "not tested"}, None
        for row in kept["abilities"]:
            level = _ONE_SIDED / self._paid
            low = _tango_low(row["won"], row["lost"], row["items"], NormalDist().inv_cdf(1 - level))
            error = (row["high"] - row["difference"]) / NormalDist().inv_cdf(1 - _ONE_SIDED)
            measure = _Measure(row["difference"], low, error, row["budget"], level, self._paid, row["items"])
            yield _shown(row, "difference", required=row["budget"], is_ceiling=False), measure

    @property
    def _paid(self) -> int:
        return max(1, self._looks())

    def _bootstrapped(
        self,
        row: Mapping[str, Any],
        name: str,
        sign: int,
        margin: float,
        *,
        required: float,
        is_ceiling: bool,
        confidence: float | None = None,
        clusters: int | None = None,
    ) -> _Found:
        """A figure with a bootstrap interval; `sign` turns it so that more is better."""
        shown = _shown(row, name, required=required, is_ceiling=is_ceiling, sign=1 if is_ceiling else sign)
        few = 0 if clusters else self._manifest("evaluate")["config"]["min_clusters"] - row["clusters"]
        if few > 0 or row["low"] is None or row["low"] == row["high"]:
            return {**shown, "status": "insufficient evidence", "needed": few if few > 0 else None}, None
        level = (1 - (confidence or self._evaluate["task"]["confidence"])) / 2
        value, (low, high) = sign * row[name], sorted((sign * row["low"], sign * row["high"]))
        freedom = (clusters or row["clusters"]) - 1
        widened = _t_quantile(1 - level / self._paid, freedom) / _t_quantile(1 - level, freedom)
        error = (high - value) / NormalDist().inv_cdf(1 - level)
        low = value - (value - low) * widened
        return shown, _Measure(value, low, error, margin, level / self._paid, self._paid, row["items"])

    def _support(self, gate: Mapping[str, Any]) -> Iterator[_Found]:
        found = self._evaluate.get("support")
        row = found["arms"].get("adapted") if found and found["is_grounded"] else None
        if row is not None and gate.get("kind") is not None:
            row = row["kinds"].get(gate["kind"])
        asks: dict[str, Any] = {"required": gate["at_most"], "is_ceiling": True}
        if row is None or row.get("share") is None:
            yield {"status": "not tested", **asks}, None
            return
        if row["low"] is not None and row["clusters"] >= self._manifest("evaluate")["config"]["min_clusters"]:
            alpha = (1 - self._evaluate["task"]["confidence"]) / 2 / self._paid
            least = 1 - alpha ** (1 / row["clusters"])
            low = max(0.0, min(row["low"], row["share"] - least))
            row = {**row, "low": low, "high": min(1.0, max(row["high"], row["share"] + least))}
        yield self._bootstrapped(row, "share", -1, -gate["at_most"], **asks)

    def _groups(self, gate: Mapping[str, Any]) -> Iterator[_Found]:
        wanted = (gate["attribute"], gate["metric"])
        rows = [row for row in self._evaluate.get("gaps", ()) if (row["group"], row["metric"]) == wanted]
        asks: dict[str, Any] = {"required": gate["at_most"], "is_ceiling": True}
        for row in rows:
            yield self._bootstrapped(row, "worse_by", -1, -gate["at_most"], **asks)
        if len(rows) < 2:
            yield {"status": "not tested", **asks}, None

    def _leaks(self, gate: Mapping[str, Any]) -> Iterator[_Found]:
        report = self.steps["split"]["report"] if "split" in self.steps else None
        overlaps = report["metrics"]["overlaps"].values() if report else ()
        asks: dict[str, Any] = {"required": gate["at_most"], "is_ceiling": True}
        if sum(row["items"] for row in overlaps) == sum(row["items_without_passage"] for row in overlaps):
            yield {"status": "not tested", **asks}, None
            return
        dropped = report["counts"]["dropped"].get("leak_passage") if report else None
        left = 0 if dropped else sum(row["records"] for row in overlaps)
        yield {"status": "pass" if left <= gate["at_most"] else "fail", "value": left, **asks}, None

    def _membership(self, gate: Mapping[str, Any]) -> Iterator[_Found]:
        row = (self._evaluate.get("leakage") or {}).get("membership")
        asks: dict[str, Any] = {"required": gate["at_most"], "is_ceiling": True}
        if row is None:
            yield {"status": "not tested", **asks}, None
        else:
            yield self._bootstrapped(row, "auc", -1, -gate["at_most"], **asks)

    def _identifiers(self, gate: Mapping[str, Any]) -> Iterator[_Found]:
        if "deidentify" not in self.steps or self.certificate is None:
            yield {"status": "not tested"}, None
            return
        if self.certificate["dataset"]["identity"] != self._manifest("deidentify")["identity"]:
            yield {"status": "not tested", "needed": self._more_spans()}, None
            return
        statuses = {"passed": "pass", "failed": "fail", "insufficient": "insufficient evidence"}
        yield {"status": statuses.get(self.certificate["verdict"], "not tested"), "needed": self._more_spans()}, None

    def _more_spans(self) -> int | None:
        return sum(row["more_spans"] for row in self.certificate["classes"]) or None if self.certificate else None

    def _people(self, gate: Mapping[str, Any]) -> Iterator[_Found]:
        about = [study for study in self.studies if gate["study"] in ("", study["study"])]
        about = [one for one in about if "adapted" in (one["preferences"][0]["arm"], one["preferences"][0]["other"])]
        if not about:
            yield {"status": "not tested"}, None
        for study in about:
            first = study["preferences"][0]
            if not study["look"]["last"]:
                yield {"status": "insufficient evidence", "required": 0.0}, None
                continue
            sign = 1 if first["arm"] == "adapted" else -1
            wins = {1: "better", -1: "worse"}
            by_verdict = {wins[sign]: "pass", wins[-sign]: "fail", "no difference shown": "fail"}
            status = by_verdict.get(first["verdict"], "insufficient evidence")
            net = first["net"]
            shown = _shown(net, "value", required=0.0, is_ceiling=False, sign=sign)
            needed = None
            if status == "insufficient evidence" and net["value"] and net["standard_error"] is not None:
                needed = (
                    _items_needed(net["items"], net["standard_error"], abs(net["value"]), _ONE_SIDED) - net["items"]
                )
            yield {**shown, "status": status, "needed": needed}, None


def _shown(row: Mapping[str, Any], name: str, *, required: float, is_ceiling: bool, sign: int = 1) -> dict[str, Any]:
    figures = [row[name], *((row["low"], row["high"]) if sign > 0 else (row["high"], row["low"]))]
    value, low, high = (None if figure is None else sign * figure for figure in figures)
    return {"value": value, "low": low, "high": high, "required": required, "is_ceiling": is_ceiling}


def _after_holm(found: Iterable[_Found]) -> list[dict[str, Any]]:
    """Findings with their status: passed by the lower bound, failed where the p-value stands after Holm's correction."""
    found = list(found)
    missed = sorted((_p_missed(measure), place) for place, (_, measure) in enumerate(found) if measure is not None)
    adjusted, highest = {}, 0.0
    for rank, (p, place) in enumerate(missed):
        highest = max(highest, min(1.0, (len(missed) - rank) * p))
        adjusted[place] = highest
    findings = []
    for place, (shown, measure) in enumerate(found):
        if measure is None:
            findings.append(shown)
        elif measure.low > measure.margin:
            findings.append({**shown, "status": "pass", "needed": None})
        elif adjusted[place] < _ONE_SIDED:
            findings.append({**shown, "status": "fail", "needed": None})
        else:
            findings.append({**shown, "status": "insufficient evidence", "needed": _items_missing(measure)})
    return findings


def _p_missed(measure: _Measure) -> float:
    """How likely a figure this low is where the true one is on the margin, times the looks."""
    if not measure.error:
        return 1.0
    return min(1.0, measure.looks * NormalDist().cdf((measure.value - measure.margin) / measure.error))


def _items_missing(measure: _Measure) -> int | None:
    distance = abs(measure.value - measure.margin)
    below = (measure.value - measure.low) / NormalDist().inv_cdf(1 - measure.level)
    error = below if measure.value > measure.margin else measure.error
    return _items_needed(measure.items, error, distance, measure.level) - measure.items if distance else None


def _items_needed(items: int, error: float, distance: float, level: float) -> int:
    """How many items tell a distance at this one-sided level with 80 % power."""
    z = NormalDist().inv_cdf(1 - level) + NormalDist().inv_cdf(0.8)
    return max(items + 1, math.ceil(items * (z * error / distance) ** 2))


def _tango_low(won: int, lost: int, items: int, z: float) -> float:
    """The lower bound of Tango's score interval (1998) for the difference of two paired shares."""

    def statistic(difference: float) -> float:
        b = -won - lost + (2 * items - won + lost) * difference
        c = -lost * difference * (1 - difference)
        loss = (math.sqrt(max(0.0, b * b - 8 * items * c)) - b) / (4 * items)
        variance = items * (2 * loss + difference * (1 - difference))
        gap = won - lost - items * difference
        if variance <= 0:
            return math.copysign(math.inf, gap) if gap else 0.0
        return gap / math.sqrt(variance)

    low, high = -1 + 1e-12, (won - lost) / items
    if statistic(low) <= z:
        return -1.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if statistic(middle) > z else (low, middle)
    return (low + high) / 2


def _t_quantile(share: float, freedom: int) -> float:
    """The quantile of Student's t, above one half, by bisection of its upper tail."""
    low, high = 0.0, 1.0
    while _t_tail(high, freedom) > 1 - share:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if _t_tail(middle, freedom) > 1 - share else (low, middle)
    return (low + high) / 2


def _t_tail(t: float, freedom: int) -> float:
    """How often Student's t lies above `t`: half the regularised incomplete beta function of ν/2 and 1/2."""
    return _incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t)) / 2


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function, by its continued fraction (Lentz; Abramowitz and Stegun 26.5.8)."""
    if x >= (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, 1 - x) if x < 1 else 1.0
    if x <= 0:
        return 0.0
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    tiny, c = 1e-300, 1.0
    d = 1 / (1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, 1000):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d, c = 1 / ((1 + step * d) or tiny), (1 + step / c) or tiny
            value *= d * c
        if abs(d * c - 1) < 1e-16:
            break
    return front * value / a


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path, help="the folder of the bundle")
    parser.add_argument("--key", type=Path, help="the public key that must have signed it, PEM")
    parser.add_argument(
        "--approver", type=Path, action="append", default=[], help="the public key of one who may approve it"
    )
    arguments = parser.parse_args()
    if not (arguments.bundle / ENVELOPE).is_file():
        print(f"{arguments.bundle} holds no {ENVELOPE}, so it is no evidence bundle.", file=sys.stderr)
        return 2
    approvers = [path.read_bytes() for path in arguments.approver]
    checks = check_bundle(arguments.bundle, arguments.key.read_bytes() if arguments.key else None, approvers=approvers)
    for check in checks:
        print(f"{check.state}: {check.what}: {check.said}")
    return 0 if all(check.state == HOLDS for check in checks) else 3


if __name__ == "__main__":
    sys.exit(main())
