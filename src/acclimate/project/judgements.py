"""What people said of dropped records: rightly dropped or not, by digest of the record's id, in the restricted zone."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from pydantic import BaseModel, ConfigDict, ValidationError

from acclimate.core.atomic import read_json, write_json
from acclimate.core.errors import WorkspaceError
from acclimate.project.workspace import Workspace

FORMAT = 1
_FILE = "judgements.json"


class Judgement(BaseModel):
    """One record that a rule of a step dropped, judged by a person."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: str
    rule: str
    record: str
    rightly_dropped: bool


def read_judgements(workspace: Workspace) -> list[Judgement]:
    """All judgements that stand: a record that was judged again counts as the last time."""
    file = workspace.people / _FILE
    if not file.exists():
        return []
    try:
        document = read_json(file)
        if document["format"] == FORMAT:
            return [Judgement.model_validate(row) for row in document["judgements"]]
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise WorkspaceError(
            f"{file} is damaged, so what people said of dropped records is not known.",
            hint="restore it from a copy, or delete it and read the marked files again with: acclimate drops judge FILE",
        ) from error
    raise WorkspaceError(
        f"{file} is of format {document['format']!r}, and this version of acclimate reads format {FORMAT}.",
        hint="use the version of acclimate that wrote it",
    )


def add_judgements(workspace: Workspace, new: Iterable[Judgement]) -> None:
    """Adds judgements, as an audit event first; to be called under the workspace's lock."""
    added = {_key(judgement): judgement for judgement in new}
    workspace.audit.append("drops judged", judgements=len(added))
    standing = {_key(judgement): judgement for judgement in read_judgements(workspace)} | added
    _write(workspace, standing.values())


def forget_judgements(workspace: Workspace, digests: Collection[str]) -> None:
    """Removes what was said of an erased person's records."""
    standing = read_judgements(workspace)
    left = [judgement for judgement in standing if judgement.record not in digests]
    if len(left) < len(standing):
        _write(workspace, left)


def _write(workspace: Workspace, judgements: Iterable[Judgement]) -> None:
    rows = [judgement.model_dump() for judgement in sorted(judgements, key=_key)]
    workspace.people.mkdir(exist_ok=True)
    write_json(workspace.people / _FILE, {"format": FORMAT, "judgements": rows})


def _key(judgement: Judgement) -> tuple[str, str, str]:
    return judgement.step, judgement.rule, judgement.record
