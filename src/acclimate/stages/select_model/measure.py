"""One candidate on the validation texts: how likely it finds them, how it cuts them, what does not fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from acclimate.core.examples import example_of
from acclimate.core.inference import score_durably
from acclimate.core.ports import Context, ModelFacts, Models, Score, TokenRow


@dataclass(frozen=True)
class Measured:
    """A candidate's facts and its score of each text that fits its context."""

    name: str
    facts: ModelFacts
    scores: Mapping[str, Score]
    tokens: int
    too_long: tuple[str, ...]


def measure(
    name: str, folder: Path, records: Sequence[Mapping[str, Any]], *, models: Models, precision: str, context: Context
) -> Measured:
    """Loads one candidate, scores the records with it and lets it go."""
    model = models.load(folder, precision=precision)
    rows = [model.render(example_of(record)) for record in records]
    fitting = [row for row in rows if len(row.tokens) <= model.facts.context_length]
    too_long = tuple(sorted(row.id for row in rows if len(row.tokens) > model.facts.context_length))
    scores = score_durably(model, fitting, context=context, name=work_name(model.facts.digest))
    return Measured(name, model.facts, scores, _target_tokens(rows), too_long)


def work_name(digest: str) -> str:
    """What scoring the candidate of this digest is called, in work in progress and among the times of a run."""
    return f"candidate-{digest[:16]}"


def words_in(records: Sequence[Mapping[str, Any]]) -> int:
    """Words of the texts that carry loss, for tokens per word."""
    examples = [example_of(record) for record in records]
    texts = [example.text or "" for example in examples]
    texts += [turn.content for example in examples for turn in example.messages if turn.train]
    return sum(len(text.split()) for text in texts)


def read_validation(table: pl.DataFrame) -> pl.DataFrame:
    """The validation records in the order of their ids, each with the subject it must be resampled with."""
    validation = table.filter(pl.col("split") == "validation").sort("id")
    return validation.with_columns(cluster=pl.coalesce("subject_id", "cluster_id", "id"))


def _target_tokens(rows: Sequence[TokenRow]) -> int:
    return sum(sum(row.trained) - len(row.stops) for row in rows)
