"""The list of erased subjects: keyed hashes, only ever added to; ingest refuses everyone who is on it.

A record without a subject is a person of its own, as in deidentify: it is listed by the hash of its record id. Each
line names the key that the hash was made with, so that a key that is gone is noticed and nobody slips through.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from acclimate.core.atomic import json_digest, write_bytes
from acclimate.core.crash_points import crash_point
from acclimate.core.errors import WorkspaceError
from acclimate.core.surrogates import record_hash, subject_hash

ERASED_SUBJECTS = "subjects.jsonl"
"""The list's name in its folder."""

ERASED_SUBJECT = "erased_subject"
"""Why ingest drops a row of a person on the list; such a row keeps no content."""


@dataclass(frozen=True)
class ErasedSubject:
    """A person who must not come back: the keyed hash, and the name and fingerprint of its key."""

    subject: str
    key: str
    fingerprint: str


@dataclass(frozen=True)
class Refusal:
    """What may be kept of a record of an erased person: the hash that is on the list, and the record's open id."""

    subject: str
    record: str


def read_erased(folder: Path) -> tuple[ErasedSubject, ...]:
    """Everyone on the list, in the order in which they came; nobody where there is no list."""
    file = folder / ERASED_SUBJECTS
    if not file.exists():
        return ()
    try:
        return tuple(ErasedSubject(**json.loads(line)) for line in file.read_bytes().splitlines())
    except (ValueError, TypeError) as error:
        raise WorkspaceError(
            f"{file} is damaged, so who must not be taken in again is not known.",
            hint="restore it from a copy; the receipts in the folder beside it name everyone who was erased",
        ) from error


def add_erased(folder: Path, person: ErasedSubject) -> None:
    """Adds a person; whoever is on the list stays as they are."""
    listed = read_erased(folder)
    if person in listed:
        return
    folder.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(asdict(one), sort_keys=True) + "\n" for one in (*listed, person)]
    write_bytes(folder / ERASED_SUBJECTS, "".join(lines).encode())
    crash_point("erased.listed")


def erased_identity(listed: Iterable[ErasedSubject]) -> str:
    """The digest of a list; the order in which people came does not enter it."""
    return json_digest(sorted(tuple(asdict(one).values()) for one in listed))


class Refusals:
    """Tells whether a record is about an erased person, by the keys that the list was made with.

    >>> nobody = Refusals((), {})
    >>> nobody.of("p-7", "notes:1") is None
    True
    """

    def __init__(self, listed: Iterable[ErasedSubject], keys: Mapping[str, bytes]) -> None:
        """`keys` holds every key that the list names, by name."""
        self._hashes: dict[bytes, set[str]] = {}
        for person in listed:
            self._hashes.setdefault(keys[person.key], set()).add(person.subject)

    def __bool__(self) -> bool:
        return bool(self._hashes)

    def of(self, subject_id: str | None, record_id: str) -> Refusal | None:
        """The refusal of a record, or None where nobody on the list is its subject."""
        named = record_id if subject_id is None else subject_id
        if not _has_hash(named):
            return None
        for key, hashes in self._hashes.items():
            found = subject_hash(key, named)
            if found in hashes:
                return Refusal(found, record_hash(key, record_id))
        return None


def _has_hash(named: str) -> bool:
    """Whether an id can be hashed: one with half of a surrogate pair is no text, so that it stands on no list."""
    try:
        named.encode()
    except UnicodeEncodeError:
        return False
    return True
