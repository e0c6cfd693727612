"""The first pass: what fields, headers and titles say of each subject, whichever of the subject's records says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from acclimate.core.artifacts import Artifact
from acclimate.stages.deidentify.known_values import KnownValue, is_gender
from acclimate.stages.deidentify.rare import RARE_COLUMNS, RareTokens, texts_of
from acclimate.stages.deidentify.told import told_by
from acclimate.stages.deidentify.words import squash

_TELLING_LENGTH = 5


@dataclass(frozen=True)
class Gathered:
    """Known values by person (see `person_of`), and how many records and subjects there are.

    `rare` are the words and codes that each person has alone, where they were asked for.
    """

    values: Mapping[str, tuple[KnownValue, ...]]
    records: int
    subjects: int
    records_without_subject: int
    rare: Mapping[str, frozenset[str]] = field(default_factory=dict)


def person_of(record: Mapping[str, Any]) -> str:
    """Whom a record is about, in words for the keyed draws; without a subject each record, or document, is a person."""
    if record["subject_id"] is not None:
        return f"subject {record['subject_id']}"
    return f"record {(record['parents'] or [record['id']])[0]}"


def gather(records: Artifact, *, batch_rows: int, rare: bool = False) -> Gathered:
    """All known values, in an order that does not depend on the records'; the subject's own id is one of them.

    Beside the source's fields, headers and titles in the texts tell some. With `rare` the texts are also read for what
    one person has alone; memory then grows with the number of distinct words.
    """
    found: dict[str, set[tuple[str, str]]] = {}
    count, unnamed, subjects, seen = 0, 0, set[str](), RareTokens()
    columns = ["id", "subject_id", "identifiers", "attributes", "parents", *RARE_COLUMNS]
    for batch in records.batches(columns, batch_rows=batch_rows):
        for record in batch.to_pylist():
            count += 1
            unnamed += record["subject_id"] is None
            if record["subject_id"] is not None:
                subjects.add(record["subject_id"])
            if rare:
                seen.see(person_of(record), texts_of(record))
            values = {
                *_values(record),
                *((told.kind, told.value) for text in texts_of(record) for told in told_by(text)),
            }
            if values:
                found.setdefault(person_of(record), set()).update(values)
    known = {person: tuple(KnownValue(*value) for value in sorted(values)) for person, values in found.items()}
    return Gathered(known, count, len(subjects), unnamed, seen.by_person())


def _values(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    values = [(item["name"] or "", item["value"]) for item in record["identifiers"] or () if item["value"]]
    declared = ((item["name"] or "", item["value"]) for item in record["attributes"] or () if item["value"])
    values += [(name, value) for name, value in declared if is_gender(name)]
    subject = record["subject_id"]
    if subject is not None and len(squash(subject)) >= _TELLING_LENGTH and any(map(str.isdigit, subject)):
        values.append(("subject_id", subject))
    return values
