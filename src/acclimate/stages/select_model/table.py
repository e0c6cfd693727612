"""The table of candidates, and whether one of them is better beyond chance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from acclimate.core.ports import BYTES_PER_WEIGHT
from acclimate.core.statistics import Ratio, Resamples, holm
from acclimate.stages.select_model.measure import Measured

UNDECIDED = "undecided"

CANDIDATE_SCHEMA = pa.schema(
    [
        pa.field("candidate", pa.string(), nullable=False),
        pa.field("site", pa.string()),
        pa.field("records", pa.int64(), nullable=False),
        pa.field("subjects", pa.int64(), nullable=False),
        pa.field("bits_per_byte", pa.float64()),
        pa.field("low", pa.float64()),
        pa.field("high", pa.float64()),
        pa.field("tokens_per_word", pa.float64()),
        pa.field("longer_than_context", pa.int64(), nullable=False),
        pa.field("parameters", pa.int64(), nullable=False),
        pa.field("context_length", pa.int64(), nullable=False),
        pa.field("precision", pa.string(), nullable=False),
        pa.field("memory_bytes", pa.int64(), nullable=False),
        pa.field("relative_cost", pa.float64(), nullable=False),
        pa.field("licence", pa.string()),
        pa.field("has_chat_template", pa.bool_(), nullable=False),
        pa.field("digest", pa.string(), nullable=False),
    ]
)
"""One candidate on the texts of one site; `site` is null for all sites together.

`memory_bytes` is that of the weights in `precision`, in which the candidate was measured. `relative_cost` is
arithmetic per text, parameters times tokens, as a multiple of the cheapest candidate's. Bits per byte are over the texts
that fit every candidate.
"""


@dataclass(frozen=True)
class Statistics:
    """How intervals are made."""

    resamples: int
    confidence: float
    seed: int

    def resampling(self, texts: pl.DataFrame) -> Resamples:
        """The bootstrap draws for these texts."""
        clusters = texts["cluster"].to_list()
        return Resamples(clusters, resamples=self.resamples, seed=self.seed, confidence=self.confidence)


def candidate_rows(
    measured: Sequence[Measured], texts: pl.DataFrame, *, words: int, precision: str, statistics: Statistics
) -> list[dict[str, Any]]:
    """The table's rows: each candidate on all texts, then on those of each site."""
    sites = sorted(site for site in texts["site"].unique().to_list() if site is not None)
    parts = [(None, texts)] + [(site, texts.filter(pl.col("site") == site)) for site in sites]
    cheapest = min(candidate.facts.parameters * candidate.tokens for candidate in measured)
    return [
        {
            "candidate": candidate.name,
            "site": site,
            "records": part.height,
            "subjects": part["cluster"].n_unique(),
            **_likelihood(candidate, part, statistics),
            "tokens_per_word": candidate.tokens / words if words else None,
            "longer_than_context": len(candidate.too_long),
            "parameters": candidate.facts.parameters,
            "context_length": candidate.facts.context_length,
            "precision": precision,
            "memory_bytes": candidate.facts.parameters * BYTES_PER_WEIGHT[precision],
            "relative_cost": candidate.facts.parameters * candidate.tokens / max(1, cheapest),
            "licence": candidate.facts.licence,
            "has_chat_template": candidate.facts.has_chat_template,
            "digest": candidate.facts.digest,
        }
        for candidate in measured
        for site, part in parts
    ]


def paired_differences(
    measured: Sequence[Measured], texts: pl.DataFrame, statistics: Statistics
) -> list[dict[str, Any]]:
    """Bits per byte of every candidate less those of every other on the same texts; p-values adjusted (Holm)."""
    resampling = statistics.resampling(texts)
    found = [
        (first, second, resampling.difference(_ratio(first, texts), _ratio(second, texts)))
        for first, second in combinations(measured, 2)
    ]
    adjusted = holm([difference.p_value for _, _, difference in found])
    return [
        {
            "candidate": first.name,
            "other": second.name,
            "difference": difference.value,
            "low": _or_none(difference.low),
            "high": _or_none(difference.high),
            "p_holm": _or_none(p_value),
            "minimum_detectable": _or_none(difference.minimum_detectable),
            "shown": p_value < 1 - statistics.confidence and not difference.low <= 0 <= difference.high,
        }
        for (first, second, difference), p_value in zip(found, adjusted, strict=True)
    ]


def winner_of(measured: Sequence[Measured], texts: pl.DataFrame, differences: Sequence[Mapping[str, Any]]) -> str:
    """The candidate shown to need fewer bits than every other, or `undecided`."""
    best = min(measured, key=lambda candidate: (_ratio(candidate, texts).value, candidate.name)).name
    against = [row for row in differences if best in (row["candidate"], row["other"])]
    return best if all(row["shown"] for row in against) else UNDECIDED


def tied_with_best(
    measured: Sequence[Measured], texts: pl.DataFrame, differences: Sequence[Mapping[str, Any]]
) -> list[str]:
    """The candidates not shown to be worse than the best one, itself included, cheapest first."""
    best = min(measured, key=lambda candidate: (_ratio(candidate, texts).value, candidate.name)).name
    worse = {
        name
        for row in differences
        if row["shown"] and best in (row["candidate"], row["other"])
        for name in (row["candidate"], row["other"])
    } - {best}
    tied = [candidate for candidate in measured if candidate.name not in worse]
    return [candidate.name for candidate in sorted(tied, key=lambda each: (each.facts.parameters, each.name))]


def _likelihood(candidate: Measured, texts: pl.DataFrame, statistics: Statistics) -> dict[str, float | None]:
    estimate = statistics.resampling(texts).value(_ratio(candidate, texts))
    return {"bits_per_byte": estimate.value, "low": _or_none(estimate.low), "high": _or_none(estimate.high)}


def _ratio(candidate: Measured, texts: pl.DataFrame) -> Ratio:
    scores = [candidate.scores[name] for name in texts["id"].to_list()]
    bits = np.array([score.nats / math.log(2) for score in scores])
    return Ratio(bits, np.array([float(score.bytes) for score in scores]))


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value
