"""Records as labelled rows of an encoder: a text with the share of each label in it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from acclimate.core.examples import beginning
from acclimate.core.label_sets import label_probabilities, names_of_sets
from acclimate.core.labels import label_names, label_shares, text_of, why_unlabelled
from acclimate.core.ports import Example, LabelledRow, Tokenizer, TokenRow
from acclimate.stages.train.rows import Record, Rows, TrainingRow

NO_LABEL = "(none of the labels)"
"""What is shown of a text that has none."""


def _shares(record: Record) -> Mapping[str, float] | None:
    return label_shares(record) or None


@dataclass(frozen=True)
class LabelRows:
    """Makes rows of a classifier, which tells `labels`; of a text longer than `max_length` tokens its beginning counts."""

    tokenizer: Tokenizer
    labels: tuple[str, ...]
    max_length: int
    read: Callable[[Record], Mapping[str, float] | None] = _shares
    """What a record says of its labels; None where it says nothing."""
    bits: int | None = None
    """What the labels of a text teach at most, where not which one of them it has."""

    @classmethod
    def of_one(
        cls, tokenizer: Tokenizer, records: Iterable[Record], declared: tuple[str, ...], max_length: int
    ) -> LabelRows:
        """Of texts with one label each; `records` are those of all splits."""
        return cls(tokenizer, label_names(list(records), declared), max_length)

    @classmethod
    def of_several(
        cls, tokenizer: Tokenizer, records: Iterable[Record], declared: tuple[str, ...], max_length: int
    ) -> LabelRows:
        """Of texts with any number of labels: whether a text has one teaches at most a bit."""
        labels = names_of_sets(list(records), declared)
        return cls(tokenizer, labels, max_length, label_probabilities, len(labels))

    def rows_of(self, records: Iterable[Record]) -> Rows[LabelledRow]:
        """The rows of all records; those without a label, or with one that training lacks, are in `dropped`."""
        made: Rows[LabelledRow] = Rows()
        for record in records:
            made.records += 1
            shares = self.read(record)
            if shares is None:
                made.dropped.append((record, why_unlabelled(record), 0))
            elif not shares.keys() <= set(self.labels):
                made.dropped.append((record, "label_not_in_training", 0))
            else:
                whole = self.tokenizer.render(Example(record["id"], text=text_of(record)))
                row = beginning(whole, self.max_length)
                told = tuple(shares.get(label, 0.0) for label in self.labels)
                made.rows.append(TrainingRow(LabelledRow(row.id, row.tokens, told), record))
                made.cut_records += row is not whole
        return made

    def tokens_to_learn(self, row: LabelledRow) -> int:
        """A text teaches which of the labels it has: their number in bits, where a token of language teaches about one."""
        return math.ceil(math.log2(len(self.labels))) if self.bits is None else self.bits

    def show(self, row: LabelledRow) -> list[tuple[str, bool]]:
        """The tokens as the tokenizer writes them, and behind them the labels, which carry the loss."""
        tokens = self.tokenizer.show(TokenRow(row.id, row.tokens, (False,) * len(row.tokens), 0))
        told = [(label, share) for label, share in zip(self.labels, row.shares, strict=True) if share]
        labels = [(label if share == 1 else f"{label} {share:.2f}", True) for label, share in told] or [
            (NO_LABEL, True)
        ]
        return [(f"{piece} ", carries_loss) for piece, carries_loss in tokens] + labels
