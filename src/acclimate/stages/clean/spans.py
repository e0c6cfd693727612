"""Repair of texts that carry spans: each piece between two span boundaries on its own, so that offsets move exactly.

A broken letter that a boundary cuts in two is therefore left as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import polars as pl

from acclimate.core.errors import DataError
from acclimate.stages.clean.repair import EDGE_WHITESPACE, REPAIRS, repair

Span = Mapping[str, Any]


@dataclass(frozen=True)
class RepairedText:
    """One repaired text, the record's spans with their new offsets, and the repairs that changed the text.

    A span that covered nothing but removed characters is gone; `emptied` counts those.
    """

    text: str
    spans: list[Span]
    touched: frozenset[str]
    emptied: int


def repair_with_spans(text: str, spans: Sequence[Span], *, field: str, record_id: str) -> RepairedText:
    """A repaired text, and spans that cover the same words as before; spans of other fields stay as they are.

    >>> repair_with_spans("Dr  May", [{"field": "text", "start": 4, "end": 7}], field="text", record_id="a").spans
    [{'field': 'text', 'start': 3, 'end': 6}]
    """
    own = [span for span in spans if span["field"] == field]
    _check_offsets(text, own, record_id)
    cuts = sorted({0, len(text), *(span["start"] for span in own), *(span["end"] for span in own)})
    repaired = repair(pl.Series([text[start:end] for start, end in pairwise(cuts)], dtype=pl.String))
    pieces = repaired.texts.to_list()
    whole = "".join(pieces)
    stripped = whole.strip(EDGE_WHITESPACE)
    leading = len(whole) - len(whole.lstrip(EDGE_WHITESPACE))
    ends = accumulate((len(piece) for piece in pieces), initial=0)
    moved = {cut: min(max(end - leading, 0), len(stripped)) for cut, end in zip(cuts, ends, strict=True)}
    new_spans = [_move(span, moved) if span["field"] == field else span for span in spans]
    remaining = [span for span in new_spans if span["field"] != field or span["start"] < span["end"]]
    touched = {kind for kind in REPAIRS if repaired.touched[kind].any()}
    touched |= {"whitespace"} if stripped != whole else set()
    return RepairedText(stripped, remaining, frozenset(touched), len(new_spans) - len(remaining))


def _move(span: Span, moved: Mapping[int, int]) -> Span:
    return {**span, "start": moved[span["start"]], "end": moved[span["end"]]}


def _check_offsets(text: str, spans: Sequence[Span], record_id: str) -> None:
    for span in spans:
        if not 0 <= span["start"] <= span["end"] <= len(text):
            raise DataError(
                f"Record {record_id}: a span of {span['field']} runs from {span['start']} to {span['end']},"
                f" but that text has {len(text)} characters; its label would land on the wrong words.",
                hint="offsets count Unicode characters from 0, end exclusive; mend them in the source file",
            )
