"""What is left to show of an erasure: a receipt without content, bound by digests to what was deleted and what stays."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from acclimate.core.atomic import json_digest, read_json
from acclimate.core.erased import ErasedSubject
from acclimate.core.errors import WorkspaceError
from acclimate.project.erasure.affected import Affected
from acclimate.project.erasure.annotations import Annotated
from acclimate.project.erasure.person import Place

RECEIPT_FORMAT = 1
RECEIPTS = "receipts"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ErasedArtifact(_Frozen):
    """An artifact whose content was deleted; `files` are those that stay, of which none holds content."""

    area: str
    zone: str
    step: str
    key: str
    files: tuple[str, ...]


class KeptModel(_Frozen):
    """A model that was trained on the person and stays, with the reason that was given for it."""

    area: str
    step: str
    key: str
    reason: str


class NamedTagger(_Frozen):
    """A tagger of the project's own as it was, and what became of it."""

    file: str
    sha256: str
    what: str


class Receipt(_Frozen):
    """One erasure. Paths are relative to the project's folder; `removed` and `kept` map them to SHA-256 digests."""

    format: int = RECEIPT_FORMAT
    at: str
    person: ErasedSubject
    records: tuple[str, ...]
    """Their records, by open id (a keyed hash)."""
    artifacts: tuple[ErasedArtifact, ...]
    removed: dict[str, str]
    kept: dict[str, str]
    kept_models: tuple[KeptModel, ...] = ()
    taggers: tuple[NamedTagger, ...] = ()
    annotated: Annotated | None = None
    """What was removed from the annotation database."""
    returning: dict[str, str] = {}
    """By name the sources that would bring them back into the project until they are mended, and what each is."""

    @property
    def id(self) -> str:
        """Its name: a digest of what it says; what it does not say is as in a receipt from before it could be said."""
        unsaid = {name for name in ("taggers", "annotated", "returning") if not getattr(self, name)}
        return json_digest(self.model_dump(mode="json", exclude=unsaid))[:16]


class Erasure(_Frozen):
    """An erasure under way: its receipt, the folders that go, what it means, what the user must remove in the sources.

    It lies in the restricted zone and is deleted with its last step: `places` and `copies` hold plain ids. `named`
    are the digests of the person's ids, by which people's judgements and re-inclusions name records.
    """

    receipt: Receipt
    folders: tuple[str, ...]
    affected: tuple[Affected, ...]
    places: tuple[Place, ...]
    copies: tuple[Place, ...]
    named: tuple[str, ...] = ()


def receipt_file(folder: Path, receipt: Receipt) -> Path:
    """Where a receipt lies in the folder of erasures."""
    return folder / RECEIPTS / f"{receipt.id}.json"


def read_receipts(folder: Path) -> list[Receipt]:
    """All receipts, oldest first; fails at one that is damaged or was changed."""
    found = [_read(file) for file in sorted((folder / RECEIPTS).glob("*.json"))]
    return sorted(found, key=lambda receipt: (receipt.at, receipt.id))


def receipts_of_artifact(receipts: list[Receipt], *, area: str, step: str, key: str) -> list[Receipt]:
    """The receipts that name an artifact."""
    return [
        receipt
        for receipt in receipts
        if any((one.area, one.step, one.key) == (area, step, key) for one in receipt.artifacts)
    ]


def _read(file: Path) -> Receipt:
    try:
        receipt = Receipt.model_validate(read_json(file))
    except ValueError as error:
        raise _broken(file) from error
    if receipt.id != file.stem:
        raise _broken(file)
    return receipt


def _broken(file: Path) -> WorkspaceError:
    return WorkspaceError(
        f"{file} is not the receipt that was written: it is damaged or was changed, so it proves no erasure.",
        hint="restore it from a copy",
    )
