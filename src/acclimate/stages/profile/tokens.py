"""How the base's tokenizer cuts the data: lengths against its context, and tokens per word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from acclimate.core.errors import DataError
from acclimate.core.examples import example_of
from acclimate.core.ports import Example, Tokenizer
from acclimate.core.preferences import preference_fault, preference_of
from acclimate.core.schema import task_text
from acclimate.core.statistics import Ratio, Resamples

QUANTILES = {"shortest": 0.0, "median": 0.5, "p90": 0.9, "p99": 0.99, "longest": 1.0}
BINS = 24
MOST_NAMED = 20
RESAMPLES = 1000


def count_tokens(record: Mapping[str, Any], model: Tokenizer) -> dict[str, int]:
    """Tokens of a record as the model would see it, template and all, and of its text alone."""
    text = task_text(record)
    return {"tokens": len(model.render(_as_seen(record, text)).tokens), "text_tokens": tokens_of(text, model)}


def tokens_of(text: str, model: Tokenizer) -> int:
    """Tokens of a text alone, without those that open or end it."""
    row = model.render(Example("text", text=text))
    return sum(row.trained) - len(row.stops)


def _as_seen(record: Mapping[str, Any], text: str) -> Example:
    """What training would show, of a preference the longer answer; a record that no task trains on as plain text."""
    if record.get("completion") is None and preference_fault(record) is None:
        pair = preference_of(record)
        return max(pair.chosen, pair.rejected, key=lambda example: len(example.messages[-1].content))
    try:
        return example_of(record)
    except DataError:
        return Example(record["id"], text=text)


def length_metrics(sample: pl.DataFrame, *, context_length: int) -> dict[str, Any]:
    """Quantiles, a histogram, and which records are longer than the base's context; `sample` has id, split, tokens."""
    lengths = sample["tokens"].to_numpy()
    over = sample.filter(pl.col("tokens") > context_length).sort("tokens", "id", descending=[True, False])
    edges = _edges(int(lengths.max(initial=1)))
    counts, _ = np.histogram(lengths, edges)
    return {
        "context_length": context_length,
        "records": sample.height,
        "tokens": int(lengths.sum()),
        **{
            name: int(np.quantile(lengths, share, method="higher")) for name, share in QUANTILES.items() if len(lengths)
        },
        "longer_than_context": over.height,
        "longest_records": over["id"].head(MOST_NAMED).to_list(),
        "histogram": {"edges": edges, "counts": counts.tolist()},
    }


def _edges(longest: int) -> list[int]:
    """The edges of a histogram's bins: whole numbers of steps of 1, 2 or 5 with noughts, so that they can be read.

    >>> _edges(468)[-2:], len(_edges(468))
    ([460, 480], 25)
    """
    steps = (digit * 10**noughts for noughts in count() for digit in (1, 2, 5))
    step = next(step for step in steps if step * BINS >= longest)
    return list(range(0, max(1, -(-longest // step)) * step + 1, step))


def fertility_rows(
    sample: pl.DataFrame, general: Iterable[Mapping[str, Any]], model: Tokenizer, *, confidence: float, seed: int
) -> list[dict[str, Any]]:
    """Tokens per word with intervals: of all, of each site, and of the general text beside which they are read."""
    parts = [("all", "", sample)]
    parts += [
        ("site", str(site), part)
        for (site,), part in sorted(sample.drop_nulls("site").partition_by("site", as_dict=True).items())
    ]
    plain = [(str(row["id"]), row["text"]) for row in general if row["text"]]
    if plain:
        counted = [
            {"cluster": name, "text_tokens": tokens_of(text, model), "words": len(text.split())} for name, text in plain
        ]
        parts.append(("general", "general text", pl.DataFrame(counted)))
    return [{"group": group, "value": value, **_fertility(part, confidence, seed)} for group, value, part in parts]


def _fertility(part: pl.DataFrame, confidence: float, seed: int) -> dict[str, Any]:
    resamples = Resamples(part["cluster"].to_list(), resamples=RESAMPLES, seed=seed, confidence=confidence)
    columns: list[npt.NDArray[np.float64]] = [
        part[name].to_numpy().astype(np.float64) for name in ("text_tokens", "words")
    ]
    estimate = resamples.value(Ratio(*columns))
    return {
        "tokens_per_word": _or_none(estimate.value),
        "low": _or_none(estimate.low),
        "high": _or_none(estimate.high),
        "words": int(columns[1].sum()),
        "records": part.height,
    }


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else value


def term_metrics(terms: Iterable[str], model: Tokenizer) -> dict[str, Any] | None:
    """How the tokenizer cuts the terms of the glossary, the most cut ones by name; None without terms."""
    rows = term_rows(terms, model)
    if not rows:
        return None
    whole = sum(row["tokens"] == row["words"] for row in rows)
    tokens, words = (sum(row[name] for row in rows) for name in ("tokens", "words"))
    return {"terms": len(rows), "whole": whole, "tokens_per_word": tokens / words, "most_cut": rows[:MOST_NAMED]}


def term_rows(terms: Iterable[str], model: Tokenizer) -> list[dict[str, Any]]:
    """Each term as the tokenizer cuts it behind a space, most pieces a word first.

    `pieces` is what the tokens read, parted by a bar.
    """
    rows = []
    for term in terms:
        row = model.render(Example("term", text=f" {term}"))
        shown = [text for text, carries_loss in model.show(row) if carries_loss]
        pieces = shown[: len(shown) - len(row.stops)]
        rows.append(
            {
                "term": term,
                "tokens": sum(row.trained) - len(row.stops),
                "words": len(term.split()),
                "pieces": "|".join(pieces).strip(),
            }
        )
    return sorted(rows, key=lambda row: (-row["tokens"] / row["words"], row["term"]))
