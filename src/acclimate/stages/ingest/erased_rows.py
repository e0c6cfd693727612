"""Tells the rows of erased subjects while a source is landed, by the readers and rules that read it afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from acclimate.core.erased import Refusals
from acclimate.core.sources import SourceConfig, source_format
from acclimate.stages.ingest.nested_rows import Nesting, nesting
from acclimate.stages.ingest.recognise import descriptive_column
from acclimate.stages.ingest.rows import Item, Row, RowError
from acclimate.stages.ingest.sifted_file import LONGEST_ROW, SiftedFile
from acclimate.stages.ingest.value_texts import cell_text


class ErasedRows:
    """The rows of erased subjects in one source; `refused` counts those that were left out.

    A row is one by its subject, or, where it has none, by the id that a column gives it. One whose id would come from
    its content, or which holds records of others too (`each`), is left to ingest.
    """

    def __init__(self, source: SourceConfig, refusals: Refusals) -> None:
        self.refused = 0
        self.source, self._refusals = source, refusals
        self._subject, self._id = descriptive_column(source, "subject_id"), descriptive_column(source, "id")
        self._nesting = self.nesting(None)

    def nesting(self, columns: tuple[str, ...] | None) -> Nesting | None:
        """How the rows of a table with these columns are opened, or those of a format that names none."""
        return nesting(self.source, columns, max_bytes=LONGEST_ROW)

    def refuses(self, values: Mapping[str, Any]) -> bool:
        """Whether a row, given in the types of JSON by column, is of an erased subject; counts it."""
        row = Row(1, values)
        refused = self.are_erased(self._nesting.rows(iter([row])) if self._nesting else [row])
        self.refused += refused
        return refused

    def sift(self, name: str) -> SiftedFile:
        """A file of the source on its way into a snapshot."""
        return SiftedFile(name, source_format(self.source, [name]), self)

    def are_erased(self, items: Iterable[Item]) -> bool:
        """Whether all that a reader gave is of erased subjects."""
        return all(isinstance(item, Row) and self._is_erased(item.values) for item in items)

    def _is_erased(self, values: Mapping[str, Any]) -> bool:
        try:
            subject = cell_text(values.get(self._subject or ""), "subject_id")
        except RowError:
            return False
        own = values.get(self._id or "")
        if subject is None and (own is None or own == "" or isinstance(own, list | dict)):
            return False
        return self._refusals.of(subject, f"{self.source.name}:{own}") is not None
