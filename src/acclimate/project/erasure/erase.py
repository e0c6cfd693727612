"""The whole of an erasure, as a command gives it: look, refuse or go on, carry out, and say what became of what."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from acclimate.core.erased import ErasedSubject, read_erased
from acclimate.core.errors import ConfigError, WorkspaceError
from acclimate.project.erasure.affected import Affected, affected
from acclimate.project.erasure.annotations import Annotations
from acclimate.project.erasure.carry_out import begin, finish, unfinished
from acclimate.project.erasure.person import Place
from acclimate.project.erasure.receipts import Erasure, read_receipts, receipt_file
from acclimate.project.erasure.search import find_person
from acclimate.project.judgements import read_judgements
from acclimate.project.kept_records import STEPS, kept_records
from acclimate.project.keys import fingerprint
from acclimate.project.workspace import TRIAL, Workspace


@dataclass(frozen=True)
class Erased:
    """What an erasure did, or would do: then there is no receipt.

    `places` are records of the person in the user's own files, `copies` near-duplicates of them under other subjects;
    both with plain ids, for the user's eyes, and kept nowhere.
    """

    subject: str
    affected: Sequence[Affected]
    places: Sequence[Place]
    copies: Sequence[Place]
    receipt: Path | None = None


@dataclass(frozen=True)
class Key:
    """The secret that hashes are made with, and its name."""

    name: str
    secret: bytes

    def listing(self, subject: str) -> ErasedSubject:
        """A person's line on the list, by the hash."""
        return ErasedSubject(subject, self.name, fingerprint(self.secret))


@dataclass(frozen=True)
class Request:
    """Whom to erase: their id in the sources or in the open zone. Models trained on them stay for a reason, `keep_models`.

    `in_advance` lists also somebody whom no record names.
    """

    given: str
    keep_models: str = ""
    in_advance: bool = False


def preview(workspace: Workspace, request: Request, *, key: Key, annotations: Annotations | None = None) -> Erased:
    """What `erase` would do; nothing is changed. To be called under the workspace's lock."""
    workspace.check_no_erasure_is_unfinished()
    _check_lists(workspace)
    findings = find_person(workspace, request.given, key=key.secret, annotations=annotations)
    if not findings.is_known:
        raise _unknown()
    told = affected(workspace, findings, keep_models=request.keep_models)
    return Erased(findings.person.subject, told, findings.places, findings.copies)


def erase(workspace: Workspace, request: Request, *, key: Key, annotations: Annotations | None = None) -> Erased:
    """Deletes everything that holds a person and refuses them from now on. To be called under the workspace's lock.

    Fails where no record names them, unless that was asked for. An interrupted erasure is ended first.
    """
    _refuse_to_name(request.given, request.keep_models)
    _check_lists(workspace)
    interrupted = unfinished(workspace)
    ended = resume(workspace, annotations=annotations) if interrupted else None
    findings = find_person(workspace, request.given, key=key.secret, annotations=annotations)
    person = key.listing(findings.person.subject)
    if not findings.is_known:
        if ended is not None and interrupted is not None and interrupted.receipt.person == person:
            return ended
        is_listed = person in read_erased(workspace.erased)
        if is_listed and not (findings.held or findings.others or findings.annotated):
            return _erased_before(workspace, person)
        if not (is_listed or request.in_advance):
            raise _unknown()
    erasure = begin(workspace, findings, person=person, keep_models=request.keep_models)
    return _outcome(erasure, finish(workspace, erasure, annotations))


def resume(workspace: Workspace, *, annotations: Annotations | None = None) -> Erased:
    """Ends the erasure that was interrupted; fails where there is none. To be called under the workspace's lock."""
    erasure = unfinished(workspace)
    if erasure is None:
        raise WorkspaceError(
            "No erasure of this project is unfinished.", hint="begin one with: acclimate erase --subject ID"
        )
    return _outcome(erasure, finish(workspace, erasure, annotations))


def _check_lists(workspace: Workspace) -> None:
    """Fails, before anything is settled, for a list that the person must be taken off and that cannot be read."""
    for area in ("", TRIAL):
        if (workspace.folder / area).is_dir():
            read_judgements(Workspace(workspace.folder, area))
            for step in STEPS:
                kept_records(Workspace(workspace.folder, area), step)


def _outcome(erasure: Erasure, receipt: Path) -> Erased:
    return Erased(erasure.receipt.person.subject, erasure.affected, erasure.places, erasure.copies, receipt)


def _erased_before(workspace: Workspace, person: ErasedSubject) -> Erased:
    """What is said of a person of whom nothing is left: their newest receipt."""
    newest = [receipt for receipt in read_receipts(workspace.erased) if receipt.person == person][-1:]
    return Erased(person.subject, (), (), (), receipt_file(workspace.erased, newest[0]) if newest else None)


def _unknown() -> WorkspaceError:
    return WorkspaceError(
        "No record in this project names that subject, so there is nothing to erase.",
        hint="give the id as the source's subject_id column has it (a record without one is its own subject:"
        " source:id); --in-advance refuses the subject all the same, should they come later",
    )


def _refuse_to_name(given: str, reason: str) -> None:
    """The reason for keeping models stands in the receipt, which must not name anybody."""
    if re.search(rf"(?<!\w){re.escape(given)}(?!\w)", reason):
        raise ConfigError(
            "The reason given for --keep-models holds the subject's id, and it would stand in the receipt.",
            hint="give a reason that names nobody, such as the decision or the ticket it rests on",
        )
