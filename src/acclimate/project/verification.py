"""Whether every artifact is what was published: whole, or erased with its receipt, or removed with an event that says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from acclimate.core.atomic import file_digest
from acclimate.core.erased import read_erased
from acclimate.core.errors import WorkspaceError
from acclimate.core.stage import Zone
from acclimate.project.erasure import ERASED_EVENT, Receipt, read_receipts, receipt_file, receipts_of_artifact
from acclimate.project.manifests import MANIFEST, State, artifact_files, damage
from acclimate.project.workspace import TRIAL, Finished, Workspace


@dataclass(frozen=True)
class Checked:
    """An artifact or a receipt: whole, erased, or what is wrong with it (`fault`)."""

    name: str
    state: str
    receipt: str = ""
    fault: str = ""


def check_project(workspace: Workspace) -> list[Checked]:
    """Every receipt and artifact of the project, every byte of it read, with what is wrong; all areas."""
    workspace.check_no_erasure_is_unfinished()
    receipts = read_receipts(workspace.erased)
    areas = [Workspace(workspace.folder, area) for area in ("", TRIAL) if (workspace.folder / area).is_dir()]
    return [
        *_receipts(workspace, receipts),
        *(_artifact(area, item, receipts) for area in areas for item in area.finished()),
        *_missing(workspace, areas),
    ]


def first_fault(checked: Sequence[Checked]) -> WorkspaceError | None:
    """What is wrong, as one sentence that names the first and counts the others; None where nothing is."""
    faults = [one for one in checked if one.fault]
    if not faults:
        return None
    others = f" ({len(faults) - 1} more, see --json)" if len(faults) > 1 else ""
    return WorkspaceError(
        f"{faults[0].name}: {faults[0].fault}{others}.",
        hint="restore it from a copy; an artifact can be made again: delete what is left of it and acclimate run",
    )


def _artifact(area: Workspace, item: Finished, receipts: list[Receipt]) -> Checked:
    manifest, folder = item.manifest, item.artifact.path
    name = str(folder.relative_to(area.folder))
    broken = damage(folder, manifest, by_content=True)
    extra = sorted(set(artifact_files(folder)) - set(manifest.files))
    fault = broken or (f"{extra[0]} is there and not in its manifest" if extra else "")
    if manifest.state is State.COMPLETE:
        return Checked(name, "whole", fault=fault)
    proofs = receipts_of_artifact(receipts, area=area.area, step=manifest.step, key=manifest.key)
    if not proofs:
        return Checked(name, "erased", fault="it says that it was erased, and no receipt names it")
    kept = proofs[-1].kept
    differing = [one for one, entry in manifest.files.items() if kept.get(f"{name}/{one}") != entry.sha256]
    if differing and not fault:
        fault = f"{differing[0]} is not what its receipt says"
    return Checked(name, "erased", proofs[-1].id, fault)


def _receipts(workspace: Workspace, receipts: list[Receipt]) -> Iterator[Checked]:
    """Each receipt must be the one that an audit event vouches for, and its person on the list; and each event have one."""
    vouched = {
        event["receipt"]: event["digest"] for event in workspace.audit.events() if event["action"] == ERASED_EVENT
    }
    listed = read_erased(workspace.erased)
    for receipt in receipts:
        file = receipt_file(workspace.erased, receipt)
        name, fault = str(file.relative_to(workspace.folder)), ""
        if vouched.pop(receipt.id, None) != file_digest(file):
            fault = "no audit event vouches for this receipt"
        elif receipt.person not in listed:
            fault = "its subject is not on the list of erased subjects any more, and could come back"
        yield Checked(name, "receipt", receipt.id, fault)
    for missing in vouched:
        yield Checked(f"receipt {missing}", "missing", missing, "the audit log names it, and it is not there")


def _missing(workspace: Workspace, areas: list[Workspace]) -> Iterator[Checked]:
    """Artifacts that were published, of which no event says that they went, and that are nowhere."""
    expected: dict[tuple[str, str], None] = {}
    for event in workspace.audit.events():
        if event["action"] == "artifact published":
            expected[event["step"], event["key"]] = None
        elif event["action"] == "artifact set aside":
            expected.pop((event["step"], event["key"]), None)
        elif event["action"] == "removed":
            step, key = str(event["folder"]).split("/")[-2:]
            expected.pop((step, key), None)
    zones = [area.zone_folder(zone) for area in areas for zone in Zone]
    for step, key in expected:
        places = [
            place for zone in zones for place in (zone / step / key / MANIFEST, zone / "partial" / f"{step}-{key}")
        ]
        if not any(place.exists() for place in places):
            yield Checked(f"{step} {key}", "missing", fault="it was published, and neither it nor a receipt is there")
