"""Takes whole lines out of texts: those that were learnt as boilerplate, and those that rules of C4 remove.

A line that a span touches stays: someone marked it. So does the only line of a text, which is the record itself, and a
heading (`Plan:`, `# Plan`) is no boilerplate, however often it recurs.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import polars as pl

from acclimate.stages.clean.measures import SENTENCE_END
from acclimate.stages.clean.repair import EDGE_WHITESPACE

Span = Mapping[str, Any]

_POLICY = "(?i)terms of use|privacy policy|cookie policy|uses cookies|use of cookies|use cookies"
_HEADING = r"^#|:$"


def line_table(texts: pl.Series) -> pl.DataFrame:
    """The lines of all texts that hold something.

    Columns: `row` of the text, `place` of the line in it (empty lines count), `text` without white space around it,
    its hash `line`, its `characters`, how many lines stand `before` and `after` it in its text, and whether it `may_be_boilerplate`.

    >>> line_table(pl.Series(["Clinic\\n\\nChest pain.", None]))["place", "text", "before", "after"].rows()
    [(0, 'Clinic', 0, 1), (2, 'Chest pain.', 1, 0)]
    """
    split = pl.DataFrame({"row": pl.int_range(len(texts), eager=True), "text": texts.str.split("\n")})
    lines = split.with_columns(place=pl.int_ranges(pl.col("text").list.len())).explode("place", "text")
    filled = lines.with_columns(pl.col("text").str.strip_chars()).filter(pl.col("text").fill_null("") != "")
    position, count = pl.int_range(pl.len()).over("row"), pl.len().over("row")
    return filled.select(
        "row",
        "place",
        "text",
        line=pl.col("text").hash(seed=0),
        characters=pl.col("text").str.len_chars(),
        before=position,
        after=count - 1 - position,
        may_be_boilerplate=(count > 1) & ~pl.col("text").str.contains(_HEADING),
    )


def mark_boilerplate(lines: pl.DataFrame, *, edge_lines: int, long_line: int) -> pl.Series:
    """Which lines of a table with the column `learnt` go: learnt ones that are long, or that stand at an edge.

    The edge is counted in lines that were not learnt, so that the header goes whole, and a second time nothing more.
    """
    own = ~pl.col("learnt")
    before = own.cum_sum().over("row") - own
    after = own.sum().over("row") - own.cum_sum().over("row")
    at_edge = (before < edge_lines) | (after < edge_lines)
    return lines.select(pl.col("learnt") & (at_edge | (pl.col("characters") >= long_line))).to_series()


def c4_rule_of(rules: frozenset[str], *, min_words: float) -> pl.Expr:
    """The first of the given rules of C4 that takes a line out, by name; null where none does."""
    text = pl.col("text")
    unended = ~text.str.contains(SENTENCE_END + "$") & ~text.str.contains('["”]$')
    conditions = {
        "c4_terminal_punctuation": unended | text.str.contains(r"(\.\.\.|…)$"),
        "c4_min_words_per_line": text.str.count_matches(r"\S+") < min_words,
        "c4_javascript": text.str.contains("(?i)javascript"),
        "c4_policy": text.str.contains(_POLICY),
    }
    return pl.coalesce(
        *(pl.when(condition).then(pl.lit(name)) for name, condition in conditions.items() if name in rules),
        pl.lit(None, pl.String),
    )


@dataclass(frozen=True)
class Trimmed:
    """A text without the lines that went, the record's spans with their new offsets, and the places that went."""

    text: str
    spans: list[Span]
    gone: frozenset[int]


def without_lines(text: str, places: frozenset[int], spans: Sequence[Span], *, field: str) -> Trimmed:
    """The text without the lines at these places, but for those that spans touch; never two empty lines in a row.

    >>> without_lines("Clinic\\n\\nDr May", frozenset({0}), [{"field": "text", "start": 8, "end": 10}], field="text")
    Trimmed(text='Dr May', spans=[{'field': 'text', 'start': 0, 'end': 2}], gone=frozenset({0}))
    """
    lines = text.split("\n")
    starts = list(accumulate((len(line) + 1 for line in lines[:-1]), initial=0))
    own = [span for span in spans if span["field"] == field]
    touched = {place for span in own for place in _places(span, starts)}
    gone = places - touched
    kept = _kept(lines, gone, touched)
    whole = "\n".join(lines[place] for place in kept)
    shortened = whole.strip(EDGE_WHITESPACE)
    leading = len(whole) - len(whole.lstrip(EDGE_WHITESPACE))
    begins = dict(zip(kept, accumulate((len(lines[place]) + 1 for place in kept), initial=0), strict=False))
    shifts = {place: begins[place] - starts[place] - leading for place in kept}
    moved = [_move(span, starts, shifts, len(shortened)) if span["field"] == field else span for span in spans]
    return Trimmed(shortened, moved, gone)


def _kept(lines: Sequence[str], gone: frozenset[int], touched: set[int]) -> list[int]:
    """The places that stay; of empty lines that come to stand together, or at an end, one or none."""
    kept: list[int] = []
    for place, line in enumerate(lines):
        after_empty = not kept or not lines[kept[-1]].strip()
        if place in touched or (place not in gone and (line.strip() or not after_empty)):
            kept.append(place)
    while kept and kept[-1] not in touched and not lines[kept[-1]].strip():
        kept.pop()
    return kept


def _places(span: Span, starts: Sequence[int]) -> range:
    """The lines that a span touches."""
    return range(_line_of(span["start"], starts), _line_of(_last(span), starts) + 1)


def _move(span: Span, starts: Sequence[int], shifts: Mapping[int, int], length: int) -> Span:
    start, last = span["start"], _last(span)
    end = span["end"] + shifts[_line_of(last, starts)]
    return {**span, "start": max(start + shifts[_line_of(start, starts)], 0), "end": min(max(end, 0), length)}


def _last(span: Span) -> int:
    return max(int(span["end"]) - 1, int(span["start"]))


def _line_of(offset: int, starts: Sequence[int]) -> int:
    return bisect_right(starts, offset) - 1
