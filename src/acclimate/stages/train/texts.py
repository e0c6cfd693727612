"""Records as rows of tokens, for continued pretraining and supervised fine-tuning; long texts are cut into windows.

Nothing is cut off: every token of a long text stands in exactly one window as a token to learn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from acclimate.core.errors import DataError
from acclimate.core.examples import example_of
from acclimate.core.ports import Example, LanguageModel, TokenRow
from acclimate.stages.train.config import Task
from acclimate.stages.train.rows import Record, Rows, TrainingRow, window_record

SPLIT_CHARACTER_TOKENS = 3
"""A character of four bytes can be four tokens: stepping back three is enough not to cut through one."""


@dataclass(frozen=True)
class TextRows:
    """Makes rows of a decoder. `task` None accepts any form, as text to replay has."""

    model: LanguageModel
    task: Task | None
    max_length: int
    labels: tuple[str, ...] = ()

    def rows_of(self, records: Iterable[Record]) -> Rows[TokenRow]:
        """The rows of all records; conversations too long for a row are in `dropped`."""
        return rows_of(records, self.model, task=self.task, max_length=self.max_length)

    def tokens_to_learn(self, row: TokenRow) -> int:
        """Those that carry loss."""
        return sum(row.trained)

    def show(self, row: TokenRow) -> list[tuple[str, bool]]:
        """The tokens as text."""
        return self.model.show(row)


def rows_of(records: Iterable[Record], model: LanguageModel, *, task: Task | None, max_length: int) -> Rows[TokenRow]:
    """The rows of all records. `task` None accepts any form; records too long to be cut are in `dropped`."""
    made: Rows[TokenRow] = Rows()
    for record in records:
        made.records += 1
        example = _example(record, task)
        row = model.render(example)
        if not any(row.trained[1:]):
            made.dropped.append((record, "nothing_to_learn", 0))
        elif len(row.tokens) <= max_length:
            made.rows.append(TrainingRow(row, record))
        elif example.text is None:
            made.dropped.append((record, "too_long", len(row.tokens)))
        else:
            made.rows += [
                TrainingRow(window.tokens, window_record(record, number, window.text))
                for number, window in _windows(row, model, max_length)
            ]
            made.cut_records += 1
    return made


def _example(record: Record, task: Task | None) -> Example:
    example = example_of(record)
    if task == "pretraining" and example.text is None:
        raise DataError(
            f"Record {record['id']} is a conversation, and this project's task is pretraining, which learns plain texts.",
            hint="set task to generation, or map the source's column to text",
        )
    if task == "generation" and example.text is not None:
        raise DataError(
            f"Record {record['id']} has text but no answer, and this project's task is generation.",
            hint="set task to pretraining, or map the source's columns to prompt and completion",
        )
    return example


@dataclass(frozen=True)
class _Window:
    tokens: TokenRow
    text: str


def _windows(row: TokenRow, model: LanguageModel, max_length: int) -> Iterable[tuple[int, _Window]]:
    """Each window begins with the last token of the one before, from which its first own token is predicted."""
    start, number = 0, 1
    while start < len(row.tokens) - 1:
        end = _end_of_window(row, model, start, max_length)
        trained = (False, *row.trained[start + 1 : end])
        stops = tuple(stop - start for stop in row.stops if start < stop < end)
        window = TokenRow(f"{row.id}#{number}", row.tokens[start:end], trained, 0, stops)
        text = _learnt_text(window, model)
        yield number, _Window(replace(window, target_bytes=len(text.encode())), text)
        start, number = end - 1, number + 1


def _end_of_window(row: TokenRow, model: LanguageModel, start: int, max_length: int) -> int:
    """The furthest end that fits and does not cut through a character."""
    furthest = start + max_length
    if furthest >= len(row.tokens):
        return len(row.tokens)
    for end in range(furthest, furthest - SPLIT_CHARACTER_TOKENS - 1, -1):
        few = slice(max(start, end - 2 * SPLIT_CHARACTER_TOKENS), end)
        tail = TokenRow(row.id, row.tokens[few], row.trained[few], 0)
        if not model.show(tail)[-1][0].endswith("\ufffd"):
            return end
    return furthest


def _learnt_text(window: TokenRow, model: LanguageModel) -> str:
    """The text of the tokens that carry loss, without the stop token."""
    last = window.stops[0] if window.stops else len(window.tokens)
    before_stop = replace(window, tokens=window.tokens[:last], trained=window.trained[:last], stops=())
    return "".join(text for text, carries_loss in model.show(before_stop) if carries_loss)


def without_stops(rows: Sequence[TrainingRow[TokenRow]]) -> list[TrainingRow[TokenRow]]:
    """The rows with no loss on their stop tokens.

    A sampled answer may have been cut at its longest: that it ends there is nothing the model said.
    """
    changed = []
    for row in rows:
        trained = tuple(flag and place not in row.row.stops for place, flag in enumerate(row.row.trained))
        changed.append(replace(row, row=replace(row.row, trained=trained, stops=())))
    return changed
