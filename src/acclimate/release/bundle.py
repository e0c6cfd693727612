"""The evidence bundle of a release: reports, manifests, log, verdict and cards in one folder, under one signed statement.

The statement is one of in-toto, in an envelope of DSSE: it says of which model files the release is, and holds the
digest of every file of the bundle. `verify_bundle` checks it without acclimate; docs/reference/bundle.md describes it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Protocol

from acclimate import __version__
from acclimate.core.atomic import json_bytes, publish_folder, read_json, write_bytes
from acclimate.core.errors import WorkspaceError
from acclimate.release.cards import About
from acclimate.release.config import ReleaseConfig
from acclimate.release.grounds import Grounds, StepRecord, evidence_of
from acclimate.release.judge import VERDICT_FILE, Verdict, judge
from acclimate.release.looks import read_looks
from acclimate.release.verify_bundle import (
    ENVELOPE,
    FORMAT,
    HOLDS,
    PAYLOAD_TYPE,
    PREDICATE_TYPE,
    STATEMENT_TYPE,
    WRONG,
    Check,
    check_bundle,
    key_id,
    released_files,
    signed_bytes,
)

RELEASES = "releases"
DECIDED = "release decided"
"""The audit event of what somebody decided on a release."""
ANNEX = "annex"
_ANYONE, _OWNER = 0o666, 0o600
"""Who may read a file, less the umask: the annex holds example texts."""


class Signer(Protocol):
    """Who signs: a key of Ed25519."""

    @property
    def public(self) -> bytes:
        """The public key, PEM."""

    def sign(self, content: bytes) -> bytes:
        """The signature of the content."""


@dataclass(frozen=True)
class Contents:
    """What goes into a bundle. `steps` are folders of artifacts by step, of which manifest and report are taken as they
    are; `audit` is the log; `cards` are texts by file name; `annex` are files with example texts, which may be removed
    later without breaking the signature."""

    about: About
    release: ReleaseConfig
    steps: Mapping[str, Path]
    audit: bytes
    cards: Mapping[str, bytes]
    annex: Mapping[str, bytes]


def write_bundle(folder: Path, contents: Contents, signer: Signer | None) -> str:
    """Writes the bundle whole or not at all; the digest of its statement. A folder that is there is never replaced."""
    if folder.exists():
        raise WorkspaceError(f"{folder} is there already, and no release is replaced.", hint="give another version")
    files = _files(contents)
    annex = {f"{ANNEX}/{name}": content for name, content in contents.annex.items()}
    payload = json_bytes(_statement(contents, files, annex))
    envelope = sign(payload, signer)
    with _beside(folder) as partial:
        for name, content in {**files, **annex, ENVELOPE: json_bytes(envelope)}.items():
            (partial / name).parent.mkdir(parents=True, exist_ok=True)
            write_bytes(partial / name, content, mode=_OWNER if name in annex else _ANYONE)
        publish_folder(partial, folder)
    return digest_of(payload)


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _files(contents: Contents) -> dict[str, bytes]:
    about = contents.about
    said = {
        "format": FORMAT,
        "project": about.project,
        "version": about.version,
        "task": about.task,
        **contents.release.model_dump(mode="json"),
        "requirements": about.grounds.requirements,
    }
    files = {
        "release.json": json_bytes(said),
        VERDICT_FILE: json_bytes(about.verdict.to_json()),
        "audit.jsonl": contents.audit,
        **contents.cards,
    }
    for step, path in contents.steps.items():
        files |= {f"steps/{step}/{name}": (path / name).read_bytes() for name in ("manifest.json", "report.json")}
    for study in about.grounds.studies:
        files[f"studies/{study['study']}.json"] = json_bytes(study)
    if about.grounds.certificate is not None:
        files["certificate.json"] = json_bytes(about.grounds.certificate)
    return files


def _statement(contents: Contents, files: Mapping[str, bytes], annex: Mapping[str, bytes]) -> dict[str, Any]:
    about, lines = contents.about, contents.audit.splitlines()
    released = released_files({name: step.manifest for name, step in about.grounds.steps.items()})
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": digest}} for name, digest in sorted(released.items())],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "format": FORMAT,
            "acclimate": __version__,
            "project": about.project,
            "version": about.version,
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "verdict": about.verdict.status,
            "files": {name: digest_of(content) for name, content in files.items()},
            "annex": {name: digest_of(content) for name, content in annex.items()},
            "audit": {"events": len(lines), "head": digest_of(lines[-1])},
        },
    }


def digest_of(content: bytes) -> str:
    """SHA-256, in hex."""
    return hashlib.sha256(content).hexdigest()


def sign(payload: bytes, signer: Signer | None) -> dict[str, Any]:
    """The envelope of a statement, with one signature or none."""
    signatures = []
    if signer is not None:
        signature = base64.b64encode(signer.sign(signed_bytes(payload))).decode()
        signatures = [{"keyid": key_id(signer.public), "sig": signature}]
    return {"payloadType": PAYLOAD_TYPE, "payload": base64.b64encode(payload).decode(), "signatures": signatures}


def recheck(
    folder: Path, key: bytes | None, *, approvers: Sequence[bytes] = (), today: date | None = None
) -> list[Check]:
    """What the verifier by itself finds, and whether the verdict comes out the same byte for byte from acclimate's own
    judgement of the bundle's reports. `key` is the public key (PEM) that must have signed it, `approvers` those of people
    who may decide on it where no policy names them."""
    checks = check_bundle(folder, key, approvers=approvers, today=today)
    if checks[-1].state == WRONG:
        return checks
    again = json_bytes(_judged_anew(folder).to_json())
    if again != (folder / VERDICT_FILE).read_bytes():
        return [*checks, Check("verdict again", WRONG, "acclimate judges these reports otherwise")]
    return [*checks, Check("verdict again", HOLDS, "acclimate gives the same, byte for byte")]


def _judged_anew(folder: Path) -> Verdict:
    said = read_json(folder / "release.json")
    release = ReleaseConfig.model_validate({"gates": said["gates"], "policy": said.get("policy")})
    grounds = read_grounds(folder)
    events = [json.loads(line) for line in (folder / "audit.jsonl").read_bytes().splitlines()]
    return judge(release, evidence_of(release, grounds, read_looks(events, area="", evaluation=grounds.evaluation)))


def read_grounds(folder: Path) -> Grounds:
    """What the verdict of a bundle rests on."""
    certificate = folder / "certificate.json"
    return Grounds(
        steps={
            path.name: StepRecord(read_json(path / "manifest.json"), read_json(path / "report.json"))
            for path in sorted((folder / "steps").iterdir())
        },
        requirements=read_json(folder / "release.json")["requirements"],
        certificate=read_json(certificate) if certificate.exists() else None,
        studies=[read_json(path) for path in sorted((folder / "studies").glob("*.json"))],
    )
