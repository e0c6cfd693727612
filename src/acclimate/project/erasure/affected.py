"""What an erasure means for splits, artifacts, models and releases: what becomes of each, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from acclimate.project.annotation_snapshots import ANNOTATION_SNAPSHOTS
from acclimate.project.erasure.search import Findings, Held, releases_made_from
from acclimate.project.workspace import Workspace

SOURCE = "source"
"""The kind of what is told of a source whose content lies in the project too."""


@dataclass(frozen=True)
class Affected:
    """One thing: its kind (artifact, split, model, tagger, release, database, source, file), its name, what to do."""

    kind: str
    name: str
    what: str


def affected(workspace: Workspace, findings: Findings, *, keep_models: str = "") -> list[Affected]:
    """Everything an erasure touches, artifacts first."""
    root = workspace.folder
    return [
        *(_artifact(root, held, workspace, keep_models) for held in findings.held),
        *_untouched_models(root, findings),
        *(Affected("tagger", one.place(root), one.fate(root, keep_models=keep_models)) for one in findings.taggers),
        *_releases(workspace, findings),
        *_annotations(findings),
        *(Affected(SOURCE, name, f"{what}; {_RETURNS}") for name, what in findings.returning.items()),
        *(Affected("file", str(path), _other(path)) for path in findings.others),
    ]


def _other(path: Path) -> str:
    if path.is_relative_to(ANNOTATION_SNAPSHOTS):
        return _EXPORTED
    return _OTHER.get(path.parent.name, "is deleted")


_OTHER: Mapping[str, str] = {
    "files": "a collected copy, is deleted; your own file is read where it lies from now on",
    "snapshots": "a collected snapshot, is deleted",
    "partial": "work in progress, is deleted",
}
_RETURNS = (
    "its content comes back into restricted/snapshots with the next run: remove them there first, or erase them once more"
    " when you have"
)
_EXPORTED = "exported annotations, are deleted; export the task again, and they are not in it"


def _artifact(root: Path, held: Held, workspace: Workspace, keep_models: str) -> Affected:
    manifest = held.finished.manifest
    latest = Workspace(root, held.area).latest(manifest.step)
    is_latest = latest is not None and latest.manifest.key == manifest.key
    anew = "acclimate run makes it anew without them" if is_latest else "an older one, nothing makes it anew"
    name = str(held.finished.artifact.path.relative_to(root))
    if manifest.stage in ("train", "dial"):
        return Affected("model", name, _model(held, keep_models, is_latest=is_latest))
    if manifest.stage == "split":
        where = ", ".join(f"{count} in {split}" for split, count in sorted(held.splits.items())) or "none"
        return Affected("split", name, f"records of theirs: {where}; their keyed ids stay in its ledger; {anew}")
    own = f"{held.rows} rows of theirs" if held.rows else "made from what holds them"
    return Affected("artifact", name, f"{own}; its rows are deleted; {anew}")


def _model(held: Held, keep_models: str, *, is_latest: bool) -> str:
    if held.finished.manifest.stage == "dial":
        scaled = "what was trained on them, scaled"
        return _trained(scaled, keep_models, is_latest=is_latest) if held.trained else "not trained on them, stays"
    if not held.trained:
        return "its rows are deleted; it was set aside before a step reached them, so the model stays"
    learnt = f"trained on {held.rows} rows of theirs" if held.rows else "whether it was trained on them cannot be told"
    return _trained(learnt, keep_models, is_latest=is_latest)


def _trained(learnt: str, keep_models: str, *, is_latest: bool) -> str:
    if keep_models:
        return f"{learnt}; kept, because: {keep_models}"
    anew = "acclimate run trains one without them" if is_latest else "an older one, nothing trains it anew"
    return f"{learnt}; is deleted; {anew}; take back every copy of it that is in use"


def _untouched_models(root: Path, findings: Findings) -> Iterator[Affected]:
    erased = {held.finished.artifact.path for held in findings.held}
    for _, finished in findings.untouched_models:
        if finished.artifact.path not in erased:
            name = str(finished.artifact.path.relative_to(root))
            yield Affected("model", name, "not trained on them, stays; acclimate run trains anew on the changed data")


def _annotations(findings: Findings) -> Iterator[Affected]:
    found = findings.annotated
    if found is not None:
        what = f"{found.items} items of theirs with {found.answers} answers are deleted; its events stay, and hold digests alone"
        yield Affected("database", "annotations", what)


def _releases(workspace: Workspace, findings: Findings) -> Iterator[Affected]:
    keys = frozenset(held.finished.manifest.key for held in findings.held)
    for release in releases_made_from(workspace, keys):
        yield Affected(
            "release",
            str(release),
            "made from what holds them: withdraw it or release anew; its example texts are deleted, its signature holds",
        )
