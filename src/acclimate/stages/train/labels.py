"""Records as labelled rows of an encoder: a text with the share of each label in it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from acclimate.core.examples import beginning
from acclimate.core.labels import label_shares, text_of, why_unlabelled
from acclimate.core.ports import Example, LabelledRow, Tokenizer, TokenRow
from acclimate.stages.train.rows import Record, Rows, TrainingRow


@dataclass(frozen=True)
class LabelRows:
    """Makes rows of a classifier, which tells `labels`; of a text longer than `max_length` tokens its beginning counts."""

    tokenizer: Tokenizer
    labels: tuple[str, ...]
    max_length: int

    def rows_of(self, records: Iterable[Record]) -> Rows[LabelledRow]:
        """The rows of all records; those without a label, or with one that training lacks, are in `dropped`."""
        made: Rows[LabelledRow] = Rows()
        for record in records:
            made.records += 1
            shares = label_shares(record)
            if not shares:
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
        return math.ceil(math.log2(len(self.labels)))

    def show(self, row: LabelledRow) -> list[tuple[str, bool]]:
        """The tokens as the tokenizer writes them, and behind them the labels, which carry the loss."""
        tokens = self.tokenizer.show(TokenRow(row.id, row.tokens, (False,) * len(row.tokens), 0))
        told = [(label, share) for label, share in zip(self.labels, row.shares, strict=True) if share]
        labels = [(label if share == 1 else f"{label} {share:.2f}", True) for label, share in told]
        return [(f"{piece} ", carries_loss) for piece, carries_loss in tokens] + labels
