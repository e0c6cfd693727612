"""What an erasure asks of the annotation database, which stands above this layer: `acclimate.annotation.erasure` gives it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict


class Annotated(BaseModel):
    """How much of a person an annotation database holds: items about them, and answers to these."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    items: int
    answers: int


class Annotations(Protocol):
    """A project's annotation database. `named` are digests (`id_digest`) of all ids of the person and their records."""

    @property
    def name(self) -> str:
        """What it is called in what is told; holds no password."""

    def records(self) -> Iterator[Mapping[str, Any]]:
        """Of every item's record the `id`, `subject_id` and `parents`."""

    def count(self, named: Set[str]) -> Annotated:
        """What of the person is in it."""

    def forget(self, named: Set[str], *, subject: str, receipt: str) -> str:
        """Removes it, also from what the database keeps of deleted rows; the digest of the newest event then.

        May be done again: what is gone already is not told twice.
        """
