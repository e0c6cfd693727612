"""Tells the rows of erased subjects while a source is landed, by the rules that read them afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from acclimate.core.erased import Refusals
from acclimate.core.sources import SourceConfig
from acclimate.stages.ingest.nested_rows import nesting
from acclimate.stages.ingest.recognise import descriptive_column
from acclimate.stages.ingest.rows import Item, Row, RowError
from acclimate.stages.ingest.value_texts import cell_text

LONGEST_ROW = 64 * 1024 * 1024
"""Bytes up to which a row is looked at; no sensible `ingest.max_record_bytes` lets a longer one in."""


class ErasedRows:
    """The rows of erased subjects in one source; `refused` counts them.

    A row is one by its subject, or, where it has none, by the id that a column gives it. One whose id would come from
    its content, or which holds records of others too (`each`), is left to ingest.
    """

    def __init__(self, source: SourceConfig, refusals: Refusals, *, max_bytes: int = LONGEST_ROW) -> None:
        self.refused = 0
        self._source, self._refusals = source, refusals
        self._subject, self._id = descriptive_column(source, "subject_id"), descriptive_column(source, "id")
        self._nesting = nesting(source, None, max_bytes=max_bytes)

    def refuses(self, values: Mapping[str, Any]) -> bool:
        """Whether a row, given in the types of JSON by column, is of an erased subject."""
        refused = all(isinstance(item, Row) and self._is_erased(item.values) for item in self._opened(values))
        self.refused += refused
        return refused

    def _opened(self, values: Mapping[str, Any]) -> Iterator[Item]:
        rows = iter([Row(1, values)])
        return self._nesting.rows(rows) if self._nesting else rows

    def _is_erased(self, values: Mapping[str, Any]) -> bool:
        try:
            subject = cell_text(values.get(self._subject or ""), "subject_id")
        except RowError:
            return False
        own = values.get(self._id or "")
        if subject is None and (own is None or own == "" or isinstance(own, list | dict)):
            return False
        return self._refusals.of(subject, f"{self._source.name}:{own}") is not None
