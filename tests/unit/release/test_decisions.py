"""What people decide on a release counts where they may decide, covers these very files, and ends."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.unit.release.test_bundle import bundle, certificate_of, make, study_of
from tests.unit.release.test_judge import GATES, SET, evaluated

from acclimate.core.errors import AcclimateError, ConfigError, WorkspaceError
from acclimate.project.signing import SigningKey, load_signing_key, new_signing_key, public_file
from acclimate.release import verify_bundle
from acclimate.release.bundle import recheck, write_bundle
from acclimate.release.config import ReleaseConfig
from acclimate.release.decisions import Said, decide
from acclimate.release.verify_bundle import HOLDS, UNPROVED, WRONG, check_bundle, standing

TODAY = date(2026, 11, 27)
APPROVED = Said("approve")


@pytest.fixture(scope="module")
def keys(own_keys: Path) -> dict[str, SigningKey]:
    names = ("maker", "lind", "osei", "stranger")
    for name in names:
        new_signing_key(f"decides-{name}")
    return {name: load_signing_key(f"decides-{name}") for name in names}


def gates(keys: dict[str, SigningKey], **policy: Any) -> ReleaseConfig:
    approvers = [{"name": name, "key": keys[name].public.decode(), "accounts": [name]} for name in ("lind", "osei")]
    asked = {"organisation": "Lindental", "gates": [{**SET, "gate": "leaks"}], "approvers": approvers, "approvals": 2}
    own = [{**SET, **gate} for gate in GATES]
    return ReleaseConfig.model_validate({"gates": own, "policy": {**asked, **policy}})


def bundled(folder: Path, keys: dict[str, SigningKey], release: ReleaseConfig, *, leaks: int = 0) -> Path:
    made = make(folder / "made", evaluated(), leaks=leaks)
    contents = made.contents(release, certificate=certificate_of(made), studies=[study_of(made)])
    write_bundle(folder / "1.0", contents, keys["maker"])
    return folder / "1.0"


@pytest.fixture(scope="module")
def under_policy(keys: dict[str, SigningKey], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundled(tmp_path_factory.mktemp("policy"), keys, gates(keys))


@pytest.fixture
def release(under_policy: Path, tmp_path: Path) -> Path:
    return shutil.copytree(under_policy, tmp_path / "1.0")


def told(folder: Path, today: date = TODAY) -> tuple[str, str]:
    found = standing(folder, today=today)
    return found.state, found.said


def test_a_release_needs_as_many_approvals_as_the_policy_says(release: Path, keys: dict[str, SigningKey]) -> None:
    assert told(release) == ("not released", "0 of 2 approvals that are needed")
    assert {check.what: check.state for check in recheck(release, keys["maker"].public)}["release"] == UNPROVED
    decide(release, Said("approve", conditions=["only at north"]), keys["lind"], today=TODAY)
    decide(release, APPROVED, keys["lind"], today=TODAY)
    assert told(release) == ("not released", "1 of 2 approvals that are needed")
    decide(release, Said("approve", until=TODAY + timedelta(30)), keys["osei"], today=TODAY)
    assert told(release) == ("released", "approved by lind until 2027-11-27; osei until 2026-12-27")
    assert told(release, TODAY + timedelta(31)) == ("not released", "1 of 2 approvals that are needed; 1 lapsed")
    checks = recheck(release, keys["maker"].public, today=TODAY)
    assert {check.state for check in checks} == {HOLDS}
    assert "approve by lind until 2027-11-27, if only at north" in [check.said for check in checks]


def test_the_verifier_alone_reads_decisions(release: Path, keys: dict[str, SigningKey]) -> None:
    for name in ("lind", "osei"):
        decide(release, APPROVED, keys[name], today=date.today())
    public = str(public_file(keys["maker"].name))
    alone = [sys.executable, "-I", verify_bundle.__file__, str(release), "--key", public]
    ran = subprocess.run(alone, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "holds: policy: that of Lindental" in ran.stdout
    assert ran.stdout.splitlines()[-1].startswith("holds: release: released: approved by lind")


def test_whoever_trained_or_signed_the_bundle_cannot_decide(
    keys: dict[str, SigningKey], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = bundled(tmp_path, keys, ReleaseConfig.model_validate({"gates": [{**SET, **gate} for gate in GATES]}))
    for name, says in (("maker", "signed the bundle"), ("lind", "trained the model")):
        with pytest.raises(WorkspaceError, match=f"decides-{name} {says}, and duties are separated"):
            decide(release, APPROVED, keys[name], today=TODAY)
    monkeypatch.setenv("LOGNAME", "lind")
    decide(release, APPROVED, keys["lind"], today=TODAY)
    assert told(release)[0] == "not released"
    found = standing(release, approvers=[keys["lind"].public], today=TODAY)
    assert (found.state, found.said) == ("released", "approved by decides-lind until 2027-11-27")
    [decision] = [check for check in check_bundle(release, None, today=TODAY) if check.what == "decision"]
    assert decision.state == UNPROVED


def test_a_policy_tells_who_may_decide_and_as_what_they_trained(keys: dict[str, SigningKey], tmp_path: Path) -> None:
    accounts = [{"name": "lind", "key": keys["lind"].public.decode(), "accounts": [_account(tmp_path)]}]
    release = bundled(tmp_path, keys, gates(keys, approvers=accounts, approvals=1))
    with pytest.raises(WorkspaceError, match="lind trained the model"):
        decide(release, APPROVED, keys["lind"], today=TODAY)
    with pytest.raises(WorkspaceError, match="is not one of those that the policy of Lindental names"):
        decide(release, APPROVED, keys["stranger"], today=TODAY)


def _account(folder: Path) -> str:
    log = make(folder / "for-its-account", evaluated()).log
    return str(next(log.events())["who"])


def test_an_override_needs_a_reason_and_an_end_and_stays_visible(keys: dict[str, SigningKey], tmp_path: Path) -> None:
    release = bundled(tmp_path, keys, gates(keys), leaks=1)
    with pytest.raises(ConfigError, match="the verdict is fail, so there is nothing to approve"):
        decide(release, APPROVED, keys["lind"], today=TODAY)
    with pytest.raises(ConfigError, match="override: nothing says why"):
        decide(release, Said("override", until=TODAY), keys["lind"], today=TODAY)
    with pytest.raises(ConfigError, match="override: nothing says when it ends"):
        decide(release, Said("override", "urgent"), keys["lind"], today=TODAY)
    assert told(release) == ("not released", "the verdict is fail, and nobody who may has overridden it")
    decide(release, Said("override", "an outbreak", until=TODAY + timedelta(7)), keys["lind"], today=TODAY)
    assert told(release) == ("released by override", "by lind until 2026-12-04 although the verdict is fail")
    assert told(release, TODAY + timedelta(8))[0] == "not released"
    assert [one.kind for one in standing(release, today=TODAY + timedelta(8)).decisions] == ["override"]


def test_an_open_finding_or_a_refusal_holds_a_release_back(release: Path, keys: dict[str, SigningKey]) -> None:
    finding = decide(release, Said("finding", "no test at night", owner="osei"), keys["lind"], today=TODAY)
    for name in ("lind", "osei"):
        decide(release, APPROVED, keys[name], today=TODAY)
    assert told(release) == ("not released", f"open findings: {finding}")
    with pytest.raises(ConfigError, match="close: 'none' is no finding"):
        decide(release, Said("close", "done", of="none"), keys["osei"], today=TODAY)
    decide(release, Said("close", "tested at night", of=finding), keys["osei"], today=TODAY)
    assert told(release)[0] == "released"
    decide(release, Said("refuse", "it is too slow"), keys["osei"], today=TODAY)
    assert told(release) == ("not released", "refused by osei")


def test_a_decision_that_was_changed_moved_or_taken_away_is_named(release: Path, keys: dict[str, SigningKey]) -> None:
    first = decide(release, Said("finding", "no test at night", owner="osei"), keys["lind"], today=TODAY)
    second = decide(release, APPROVED, keys["osei"], today=TODAY)
    file = release / "decisions" / f"{first}.json"
    content = file.read_bytes()
    envelope = json.loads(content)
    said = json.loads(base64.b64decode(envelope["payload"]))
    said["predicate"]["kind"] = "approve"
    payload = json.dumps(said).encode()
    forged = release / "decisions" / f"{hashlib.sha256(payload).hexdigest()[:16]}.json"
    file.unlink()
    last = check_bundle(release, None, today=TODAY)[-1]
    assert (last.state, last.said) == (WRONG, f"decision {first} is missing, which a later one names")
    file.write_bytes(content)
    forged.write_text(json.dumps({**envelope, "payload": base64.b64encode(payload).decode()}))
    last = check_bundle(release, None, today=TODAY)[-1]
    assert (last.state, "is not signed with" in last.said) == (WRONG, True)
    forged.unlink()
    file.with_stem("0" * 16).write_bytes(content)
    assert check_bundle(release, None, today=TODAY)[-1].said.endswith("is not named after its content")
    other = bundle(release.parent / "other", keys["maker"])
    shutil.copytree(release / "decisions", other / "decisions")
    (other / "decisions" / f"{'0' * 16}.json").unlink()
    assert check_bundle(other, None, today=TODAY)[-1].said.endswith("is about another bundle")
    assert (release / "decisions" / f"{second}.json").is_file()


@pytest.mark.parametrize(
    ("said", "says"),
    [
        (Said("approve", until=TODAY - timedelta(1)), "--until 2026-11-26 is past"),
        (Said("approve", until=TODAY + timedelta(366)), "is more than 365 days away"),
        (Said("refuse"), "refuse: nothing says why"),
        (Said("finding", "it is slow"), "nobody is named who must close it"),
        (Said("refuse", "slow", owner="osei"), "refuse takes no --owner"),
        (Said("override", "urgent", until=TODAY), "the verdict is pass"),
    ],
)
def test_a_decision_that_lacks_something_is_refused(
    said: Said, says: str, under_policy: Path, keys: dict[str, SigningKey]
) -> None:
    with pytest.raises(AcclimateError, match=says):
        decide(under_policy, said, keys["lind"], today=TODAY)
    assert not (under_policy / "decisions").exists()


def test_settings_laxer_than_the_policy_do_not_hold(keys: dict[str, SigningKey], tmp_path: Path) -> None:
    release = bundled(tmp_path, keys, gates(keys, limits={"min_clusters": 50}))
    [wrong] = [check for check in check_bundle(release, None) if check.state == WRONG]
    assert (wrong.what, wrong.said) == ("policy", "evaluate.min_clusters is 10, which is laxer than its 50")


def test_a_policy_that_cannot_be_met_is_refused(keys: dict[str, SigningKey]) -> None:
    for changes, says in (
        ({"approvals": 3}, "3 must approve, and 2 may"),
        ({"approvers": [{"name": "a", "key": "k"}, {"name": "b", "key": "k"}]}, "the same name or key"),
    ):
        with pytest.raises(ValueError, match=says):
            gates(keys, **changes)
