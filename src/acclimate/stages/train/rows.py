"""Records as rows of tokens: what a model learns from each, with texts that are too long cut into windows.

Nothing is cut off: every token of a long text stands in exactly one window as a token to learn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from acclimate.core.errors import DataError
from acclimate.core.examples import example_of
from acclimate.core.ports import Example, LanguageModel, TokenRow

Task = Literal["generation", "pretraining"]

NAMED_RECORDS = 3

SPLIT_CHARACTER_TOKENS = 3
"""A character of four bytes can be four tokens: stepping back three is enough not to cut through one."""


@dataclass(frozen=True)
class TrainingRow:
    """A row with the record it stands for: the source's own, or one made for a window of it."""

    tokens: TokenRow
    record: Mapping[str, Any]


@dataclass
class Rows:
    """The rows of some records, and the records that gave none, each with reason and value."""

    records: int = 0
    rows: list[TrainingRow] = field(default_factory=list)
    dropped: list[tuple[Mapping[str, Any], str, int]] = field(default_factory=list)
    cut_records: int = 0

    @property
    def created(self) -> int:
        """Rows beyond one a record: the further windows of long texts."""
        return len(self.rows) + len(self.dropped) - self.records

    @property
    def token_rows(self) -> list[TokenRow]:
        """The rows' tokens, in order."""
        return [row.tokens for row in self.rows]


def rows_of(records: Iterable[Mapping[str, Any]], model: LanguageModel, *, task: Task | None, max_length: int) -> Rows:
    """The rows of all records. `task` None accepts any form; records too long to be cut are in `dropped`."""
    made = Rows()
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
            made.rows += [_window_row(record, number, window) for number, window in _windows(row, model, max_length)]
            made.cut_records += 1
    return made


def refuse_too_long(rows: Rows, *, max_length: int) -> None:
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


def _example(record: Mapping[str, Any], task: Task | None) -> Example:
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


def _window_row(record: Mapping[str, Any], number: int, window: _Window) -> TrainingRow:
    """A window as a record of its own, whose parent is the record it was cut from."""
    made = {**record, "id": window.tokens.id, "text": window.text, "spans": None, "parents": [record["id"]]}
    return TrainingRow(window.tokens, made)


def without_stops(rows: Sequence[TrainingRow]) -> list[TrainingRow]:
    """The rows with no loss on their stop tokens.

    A sampled answer may have been cut at its longest: that it ends there is nothing the model said.
    """
    changed = []
    for row in rows:
        trained = tuple(flag and place not in row.tokens.stops for place, flag in enumerate(row.tokens.trained))
        changed.append(replace(row, tokens=replace(row.tokens, trained=trained, stops=())))
    return changed
