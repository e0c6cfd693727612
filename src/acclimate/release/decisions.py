"""What people decide on a release: signed beside the bundle, about the digest of its statement and so of all it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from acclimate.core.atomic import json_bytes, read_json, write_bytes
from acclimate.core.errors import ConfigError, WorkspaceError
from acclimate.project.audit import account_name
from acclimate.project.signing import SigningKey
from acclimate.release.bundle import digest_of, recheck, sign
from acclimate.release.config import Approver, Policy
from acclimate.release.evidence import PASS
from acclimate.release.verify_bundle import (
    APPROVE,
    CLOSE,
    DECISION_TYPE,
    DECISIONS,
    ENVELOPE,
    FINDING,
    FORMAT,
    OVERRIDE,
    PREDICATE_TYPE,
    REFUSE,
    STATEMENT_TYPE,
    WRONG,
    Decision,
    bars,
    key_id,
    read_statement,
    standing,
)

KINDS = (APPROVE, REFUSE, OVERRIDE, FINDING, CLOSE)
_NEED_A_REASON = (REFUSE, OVERRIDE, FINDING, CLOSE)
_WITH_AN_END = (APPROVE, OVERRIDE)


@dataclass(frozen=True)
class Said:
    """What somebody decides. `until` is the day on which an approval or override ends, `owner` who must close a finding,
    and `of` the finding that is closed."""

    kind: str
    reason: str = ""
    conditions: Sequence[str] = ()
    until: date | None = None
    owner: str = ""
    of: str = ""


def decide(folder: Path, said: Said, key: SigningKey, *, today: date) -> str:
    """Signs a decision on a bundle and puts it into its folder; its name.

    Raises ConfigError for a decision that lacks something, and WorkspaceError where the bundle does not hold or the
    person may not decide on it.
    """
    wrong = [check for check in recheck(folder, None) if check.state == WRONG]
    if wrong:
        raise WorkspaceError(
            f"The bundle {folder} does not hold: {wrong[0].what}: {wrong[0].said}.", hint="decide on a sound one"
        )
    release, status = read_json(folder / "release.json"), read_json(folder / "verdict.json")["status"]
    policy = Policy.model_validate(release["policy"]) if release.get("policy") else None
    before = standing(folder, approvers=[key.public], today=today).decisions
    _check_said(said, status, before)
    _check_person(folder, key, policy)
    payload, _ = read_statement(folder / ENVELOPE, PREDICATE_TYPE)
    approver = _approver(key, policy)
    predicate = {
        "format": FORMAT,
        "kind": said.kind,
        "by": approver.name if approver else key.name,
        "account": account_name(),
        "at": datetime.now(UTC).isoformat(timespec="microseconds"),
        "reason": said.reason,
        "conditions": list(said.conditions),
        "until": _until(said, policy, today),
        "owner": said.owner,
        "of": said.of,
        "before": [one.name for one in before],
    }
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": ENVELOPE, "digest": {"sha256": digest_of(payload)}}],
        "predicateType": DECISION_TYPE,
        "predicate": predicate,
    }
    return _write(folder, json_bytes(statement), key)


def _write(folder: Path, payload: bytes, key: SigningKey) -> str:
    name = digest_of(payload)[:16]
    (folder / DECISIONS).mkdir(exist_ok=True)
    write_bytes(folder / DECISIONS / f"{name}.json", json_bytes(sign(payload, key)))
    return name


def _check_said(said: Said, status: str, before: Sequence[Decision]) -> None:
    if said.kind in _NEED_A_REASON and not said.reason.strip():
        raise ConfigError(f"{said.kind}: nothing says why.", hint="give it with --reason")
    if said.kind == APPROVE and status != PASS:
        raise ConfigError(
            f"approve: the verdict is {status}, so there is nothing to approve.",
            hint="to release it all the same: override, with --reason and --until",
        )
    if said.kind == OVERRIDE and status == PASS:
        raise ConfigError("override: the verdict is pass, so there is nothing to override.", hint="use approve")
    if said.kind == OVERRIDE and said.until is None:
        raise ConfigError("override: nothing says when it ends.", hint="give the day with --until")
    if said.kind == FINDING and not said.owner:
        raise ConfigError("finding: nobody is named who must close it.", hint="give them with --owner")
    if said.kind == CLOSE and said.of not in {one.name for one in before if one.kind == FINDING}:
        raise ConfigError(f"close: {said.of!r} is no finding of this bundle.", hint="acclimate verify lists them")
    for name, given, kinds in (
        ("--until", said.until, _WITH_AN_END),
        ("--condition", said.conditions, _WITH_AN_END),
        ("--owner", said.owner, (FINDING,)),
        ("--of", said.of, (CLOSE,)),
    ):
        if given and said.kind not in kinds:
            raise ConfigError(f"{said.kind} takes no {name}.", hint=f"it goes with {' and '.join(kinds)}")


def _check_person(folder: Path, key: SigningKey, policy: Policy | None) -> None:
    approver = _approver(key, policy)
    if policy and policy.approvers and approver is None:
        raise WorkspaceError(
            f"The key {key.name} is not one of those that the policy of {policy.organisation} names.",
            hint="let one of its approvers decide",
        )
    because = bars(folder, key_id(key.public), (approver.name, *approver.accounts) if approver else (account_name(),))
    if because:
        raise WorkspaceError(f"{key.name} {because}, and duties are separated.", hint="let somebody else decide")


def _approver(key: SigningKey, policy: Policy | None) -> Approver | None:
    named = policy.approvers if policy else ()
    return next((one for one in named if key_id(one.key.encode()) == key_id(key.public)), None)


def _until(said: Said, policy: Policy | None, today: date) -> str | None:
    """The day on which it ends: by itself the last that the policy allows."""
    if said.kind not in _WITH_AN_END:
        return None
    days = policy.valid_days if policy else Policy.model_fields["valid_days"].default
    last = today + timedelta(days=days)
    until = said.until or last
    if not today <= until <= last:
        raise ConfigError(
            f"--until {until} is {'past' if until < today else f'more than {days} days away'}.",
            hint=f"give a day from {today} to {last}",
        )
    return until.isoformat()
