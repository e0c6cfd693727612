"""Rows with the records they stand for: what every kind of row has in common, whatever a model learns from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from acclimate.core.errors import DataError
from acclimate.core.ports import AnyRow

NAMED_RECORDS = 3

Record = Mapping[str, Any]
Row = TypeVar("Row", bound=AnyRow)


@dataclass(frozen=True)
class TrainingRow(Generic[Row]):
    """A row with the record it stands for: the source's own, or one made for a window of it."""

    row: Row
    record: Record


@dataclass
class Rows(Generic[Row]):
    """The rows of some records, and the records that gave none, each with reason and value."""

    records: int = 0
    rows: list[TrainingRow[Row]] = field(default_factory=list)
    dropped: list[tuple[Record, str, int]] = field(default_factory=list)
    cut_records: int = 0

    @property
    def created(self) -> int:
        """Rows beyond one a record: the further windows of long texts."""
        return len(self.rows) + len(self.dropped) - self.records

    @property
    def plain(self) -> list[Row]:
        """The rows without their records, in order."""
        return [row.row for row in self.rows]


def window_record(record: Record, number: int, text: str) -> Record:
    """A part of a long text as a record of its own, whose parent is the record it was cut from."""
    name = record["id"]
    return {**record, "id": f"{name}#{number}", "text": text, "spans": None, "parents": [name]}


class RowMaker(Protocol):
    """One kind of row: how records become rows of at most `max_length` tokens, and what a row has to teach."""

    @property
    def max_length(self) -> int:
        """Most tokens of a row."""

    @property
    def labels(self) -> tuple[str, ...]:
        """What rows tell apart; none where they hold no labels."""

    def rows_of(self, records: Iterable[Record]) -> Rows[Any]:
        """The rows of all records; records that give none are in `dropped`."""

    def tokens_to_learn(self, row: Any) -> int:
        """How many tokens, or what teaches as much, a row has to teach: the rank of a LoRA follows from their sum."""

    def show(self, row: Any) -> list[tuple[str, bool]]:
        """The row as the model sees it: pieces of text, each with whether it carries loss."""


def refuse_too_long(rows: Rows[Any], *, max_length: int) -> None:
    """Fails, naming records and lengths, when a conversation was too long: cut, it would teach wrong answers."""
    long = sorted(
        ((value, record["id"]) for record, reason, value in rows.dropped if reason == "too_long"), reverse=True
    )
    if not long:
        return
    named = ", ".join(f"{name} ({length} tokens)" for length, name in long[:NAMED_RECORDS])
    raise DataError(
        f"{len(long)} training record(s) are longer than the {max_length} tokens a row may have: {named}"
        f"{', …' if len(long) > NAMED_RECORDS else ''}. A conversation cannot be cut without losing its answer.",
        hint="set train.on_too_long to drop to set them aside, raise train.max_length up to the model's context,"
        " or choose a base with a longer context",
    )
