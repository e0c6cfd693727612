"""What collect asks of whoever knows the erased subjects: which rows of a source it must not land."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from acclimate.core.errors import SourceError
from acclimate.core.sources import SourceConfig


class ErasedRows(Protocol):
    """Tells the rows of erased subjects in one source; `refused` counts those it was asked about."""

    refused: int

    def refuses(self, values: Mapping[str, Any]) -> bool:
        """Whether a row, given in the types of JSON by column, is of an erased subject."""


def nothing_left(source: SourceConfig) -> SourceError:
    """The error of a source that holds rows of erased subjects and no others."""
    return SourceError(
        f"All rows of the source {source.name!r} are of erased subjects, so nothing of it is landed.",
        hint="take the source out of acclimate.yaml, or collect it again when others are in it",
    )


FindErased = Callable[[SourceConfig], ErasedRows | None]
"""Gives the erased rows of a source; None where nobody was erased."""


def nobody_erased(_source: SourceConfig) -> None:
    """For a project in which nobody was erased."""
