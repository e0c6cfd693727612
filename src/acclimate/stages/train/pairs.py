"""Records as pairs of rows: two answers to one prompt, in both of which the answer carries loss."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from acclimate.core.ports import LanguageModel, PairRow
from acclimate.core.preferences import preference_fault, preference_of
from acclimate.stages.train.rows import Record, Rows, TrainingRow


@dataclass(frozen=True)
class PairRows:
    """Makes pairs of rows of a decoder; each answer with its prompt has at most `max_length` tokens."""

    model: LanguageModel
    max_length: int
    labels: tuple[str, ...] = ()

    def rows_of(self, records: Iterable[Record]) -> Rows[PairRow]:
        """The pairs of all records; what is no preference, and what is too long, is in `dropped`."""
        made: Rows[PairRow] = Rows()
        for record in records:
            made.records += 1
            fault = preference_fault(record)
            if fault:
                made.dropped.append((record, fault, 0))
                continue
            pair = preference_of(record)
            row = PairRow(record["id"], self.model.render(pair.chosen), self.model.render(pair.rejected))
            longest = max(len(row.chosen.tokens), len(row.rejected.tokens))
            if longest > self.max_length:
                made.dropped.append((record, "too_long", longest))
            else:
                made.rows.append(TrainingRow(row, record))
        return made

    def tokens_to_learn(self, row: PairRow) -> int:
        """A pair says which of two answers is better: one bit, about what a token of language teaches."""
        return 1

    def show(self, row: PairRow) -> list[tuple[str, bool]]:
        """Both answers as the model sees them, each behind its prompt."""
        return [
            ("chosen:\n", False),
            *self.model.show(row.chosen),
            ("\nrejected:\n", False),
            *self.model.show(row.rejected),
        ]
