"""Records as rows of an encoder that learns to guess hidden tokens; labels are not looked at, long texts are cut.

Nothing is cut off: a text longer than a row is halved at a space until its parts fit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from acclimate.core.labels import text_of
from acclimate.core.ports import Example, MaskedRow, Tokenizer, TokenRow
from acclimate.stages.train.rows import Record, Rows, TrainingRow, window_record


@dataclass(frozen=True)
class MaskedRows:
    """Makes rows of an encoder; a record of `max_length` tokens or fewer is one row."""

    tokenizer: Tokenizer
    max_length: int
    labels: tuple[str, ...] = ()

    def rows_of(self, records: Iterable[Record]) -> Rows[MaskedRow]:
        """The rows of all records; those whose text has no token are in `dropped`."""
        made: Rows[MaskedRow] = Rows()
        for record in records:
            made.records += 1
            windows = [(text, row) for text, row in self._windows(text_of(record)) if any(row.trained)]
            if not windows:
                made.dropped.append((record, "nothing_to_learn", 0))
            elif len(windows) == 1:
                made.rows.append(self._row(windows[0][1], record))
            else:
                parts = (window_record(record, number, text) for number, (text, _) in enumerate(windows, start=1))
                made.rows += [self._row(row, part) for (_, row), part in zip(windows, parts, strict=True)]
                made.cut_records += 1
        return made

    def tokens_to_learn(self, row: MaskedRow) -> int:
        """Those that may be hidden."""
        return sum(row.row.trained)

    def show(self, row: MaskedRow) -> list[tuple[str, bool]]:
        """The tokens as the tokenizer writes them, each with whether it may be hidden."""
        return self.tokenizer.show(row.row)

    def _windows(self, text: str) -> Iterator[tuple[str, TokenRow]]:
        row = self.tokenizer.render(Example("", text=text))
        if len(row.tokens) <= self.max_length or len(text) < 2:
            yield text, row
            return
        cut = middle_space(text)
        yield from self._windows(text[:cut])
        yield from self._windows(text[cut:])

    def _row(self, row: TokenRow, record: Record) -> TrainingRow[MaskedRow]:
        named = TokenRow(record["id"], row.tokens, row.trained, row.target_bytes, row.stops)
        return TrainingRow(MaskedRow(named), record)


def middle_space(text: str) -> int:
    """Where to halve a text: at the space nearest its middle, or in the middle where it has none.

    >>> middle_space("a longer text"), middle_space("abcdef")
    (8, 3)
    """
    middle = len(text) // 2
    spaces = (found.start() for found in re.finditer(r"(?<=\S)\s", text))
    return min(spaces, key=lambda place: abs(place - middle), default=middle)
