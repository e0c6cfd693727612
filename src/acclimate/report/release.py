"""The release of the model that was evaluated last: what the report tells, as an evidence bundle under a signature."""

from __future__ import annotations

import re
from pathlib import Path

from acclimate.core.errors import ConfigError, WorkspaceError
from acclimate.pipeline.config import ProjectConfig
from acclimate.project.signing import load_signing_key
from acclimate.project.workspace import Workspace
from acclimate.release.bundle import RELEASES, Contents, write_bundle
from acclimate.release.cards import About, cards
from acclimate.report.gather import Story, gather
from acclimate.report.page import FILE_NAME, render

_VERSION = re.compile(r"[\w-][\w.-]*")


def write_release(workspace: Workspace, config: ProjectConfig, version: str, *, sign: str) -> Path:
    """Writes the bundle and notes it in the audit log; its folder. `sign` names the signing key, "" signs with none."""
    if not _VERSION.fullmatch(version):
        raise ConfigError(
            f"{version!r} cannot name a release: letters, digits, points, dashes.", hint="for example: 1.0"
        )
    signer = load_signing_key(sign) if sign else None
    story = gather(workspace, config)
    _check_can_be_released(story)
    about = About(config.project, version, config.task, story.grounds, story.verdict, story.sources)
    contents = Contents(
        about=about,
        release=config.release,
        steps={name: _folder(workspace, name, step.manifest["key"]) for name, step in story.grounds.steps.items()},
        audit=workspace.audit.content(),
        cards=cards(about),
        annex={FILE_NAME: render(story).encode()},
    )
    folder = workspace.folder / RELEASES / version
    statement = write_bundle(folder, contents, signer)
    verdict = story.verdict
    workspace.audit.append(
        "release bundled",
        version=version,
        statement=statement,
        evaluation=verdict.evaluation,
        status=verdict.status,
    )
    return folder


def _folder(workspace: Workspace, step: str, key: str) -> Path:
    found = workspace.at(step, key)
    if found is None:
        raise WorkspaceError(f"The artifact of {step} ({key}) is gone.", hint="acclimate run makes it anew")
    return found.artifact.path


def _check_can_be_released(story: Story) -> None:
    if story.is_trial:
        raise WorkspaceError("This is a quick trial, whose model nobody should use.", hint="leave out --quick")
    if story.outdated:
        raise WorkspaceError(
            f"{', '.join(story.outdated)} was run again since the last evaluation, which does not know the newer result.",
            hint="acclimate run renews it",
        )
    if not story.looks.is_logged:
        raise WorkspaceError(
            "The audit log does not tell of the last evaluation, so no verdict on it could be checked by others.",
            hint="restore audit.jsonl from a copy, or evaluate anew",
        )
