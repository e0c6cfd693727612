"""The releases of a project: what was decided on each, and what has changed since."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from acclimate.core.atomic import read_json
from acclimate.core.errors import WorkspaceError
from acclimate.pipeline.config import ProjectConfig
from acclimate.project.signing import SigningKey
from acclimate.project.workspace import Workspace
from acclimate.release.bundle import DECIDED, RELEASES, read_grounds
from acclimate.release.config import digest_of_rules
from acclimate.release.decisions import Said, decide
from acclimate.release.judge import VERDICT_FILE
from acclimate.release.verify_bundle import ENVELOPE, NOT_RELEASED, WRONG, Decision, Standing, check_bundle, standing


@dataclass(frozen=True)
class Released:
    """A release as it stands today. `changed` are the steps that gave something else since, and the gates, where the
    project has others now: what was decided does not cover these."""

    version: str
    verdict: str
    standing: Standing
    changed: Sequence[str]


def decide_in_project(workspace: Workspace, version: str, said: Said, key: SigningKey, *, today: date) -> str:
    """Signs a decision on a release of this project and notes it in the audit log; its name."""
    folder = workspace.folder / RELEASES / version
    if not (folder / ENVELOPE).is_file():
        raise WorkspaceError(f"There is no release {version}.", hint="acclimate release status lists those there are")
    name = decide(folder, said, key, today=today)
    _note(workspace, version, standing(folder, approvers=[key.public], today=today).decisions)
    return name


def releases(workspace: Workspace, config: ProjectConfig, *, approvers: Sequence[bytes], today: date) -> list[Released]:
    """Every release of the project, oldest first. Decisions that came from elsewhere are noted in the audit log."""
    folders = sorted(
        (path.parent for path in (workspace.folder / RELEASES).glob(f"*/{ENVELOPE}")),
        key=lambda folder: ((folder / ENVELOPE).stat().st_mtime_ns, folder.name),
    )
    return [_released(workspace, config, folder, approvers, today) for folder in folders]


def _released(
    workspace: Workspace, config: ProjectConfig, folder: Path, approvers: Sequence[bytes], today: date
) -> Released:
    wrong = [check for check in check_bundle(folder, None, approvers=approvers, today=today) if check.state == WRONG]
    if wrong:
        found = Standing(NOT_RELEASED, f"{wrong[0].what} does not hold: {wrong[0].said}", ())
        return Released(folder.name, "", found, ())
    found = standing(folder, approvers=approvers, today=today)
    _note(workspace, folder.name, found.decisions)
    noted = {
        event["decision"]
        for event in workspace.audit.events()
        if event["action"] == DECIDED and event["version"] == folder.name
    }
    gone = sorted(noted - {one.name for one in found.decisions})
    if gone:
        found = Standing(NOT_RELEASED, f"decision {gone[0]} is gone, which the audit log notes", found.decisions)
    verdict = read_json(folder / VERDICT_FILE)
    return Released(folder.name, verdict["status"], found, tuple(_changed(workspace, config, folder, verdict["rules"])))


def _changed(workspace: Workspace, config: ProjectConfig, folder: Path, rules: str) -> Iterator[str]:
    grounds = read_grounds(folder)
    for name, step in grounds.steps.items():
        latest = workspace.latest(name)
        if latest is None or latest.manifest.identity != step.manifest["identity"]:
            yield name
    if digest_of_rules(config.release, grounds.held_to) != rules:
        yield "gates"


def _note(workspace: Workspace, version: str, decisions: Sequence[Decision]) -> None:
    """Notes what is not noted yet; nothing of its words."""
    noted = {event["decision"] for event in workspace.audit.events() if event["action"] == DECIDED}
    for one in decisions:
        if one.name not in noted:
            said = {"decision": one.name, "kind": one.kind, "by": one.by, "key": one.key, "until": one.until}
            workspace.audit.append(DECIDED, version=version, **said)
