"""What clean says of its run: repairs, lines removed and why, records re-included, warnings worth a person's look."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from acclimate.core.artifacts import TableWriter
from acclimate.stages.clean.boilerplate import PLACE
from acclimate.stages.clean.quality import Drop
from acclimate.stages.clean.repair import REPAIRS
from acclimate.stages.clean.trim import BOILERPLATE, REMOVED_LINE

BOILERPLATE_FILE = "boilerplate.parquet"
BOILERPLATE_SCHEMA = pa.schema(
    [
        pa.field("digest", pa.string(), nullable=False),
        pa.field("source", pa.string()),
        pa.field("site", pa.string()),
        pa.field("column", pa.string(), nullable=False),
        pa.field("characters", pa.int64(), nullable=False),
        pa.field("lines", pa.int64(), nullable=False),
        pa.field("subjects", pa.int64(), nullable=False),
        pa.field("share", pa.float64(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
    ]
)
"""A learnt line: how often it was removed, and in the texts of how many subjects, and which share of them, it stood."""

_SHOWN_LINES = 20
_MANY = 0.2
"""A share of records dropped for one reason that is worth a warning: more likely a setting than the data."""

_HINTS = {
    "empty": "look at ingest.columns: a column may be mapped to the wrong name",
    "no_pair": "task preference needs two answers a record: map them with columns: {chosen: …, rejected: …}",
    "empty_answer": "look at ingest.columns: a column may be mapped to the wrong name",
    "no_prompt": "map the column of what was asked: columns: {prompt: …}, or messages",
    "equal_answers": "nothing can be learnt from two equal answers; look at how they were made",
    "no_lines_left": "raise clean.boilerplate.min_share, or take their column out of clean.line_columns",
    "too_short": "lower clean.min_chars to keep them",
    "too_long": "raise clean.max_chars to keep them",
    "language": "add the language to clean.languages to keep them",
    "encoding_damage": "read the source with its own encoding, or raise clean.max_damage to keep them",
}


@dataclass(frozen=True)
class CleanedBatch:
    """One batch after repair, with what became of each of its records and lines."""

    kept: pa.RecordBatch
    dropped: pa.RecordBatch
    drops: tuple[Drop, ...]
    reincluded: tuple[str, ...]
    repaired: Mapping[str, int]
    emptied_spans: int
    damaged_records: int
    removed: pl.DataFrame


@dataclass
class Totals:
    """The sums over all batches."""

    rows: int = 0
    emptied_spans: int = 0
    damaged_records: int = 0
    repaired: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    reincluded: Counter[str] = field(default_factory=Counter)
    removed_lines: Counter[str] = field(default_factory=Counter)
    trimmed_records: int = 0
    _boilerplate: pl.DataFrame = field(default_factory=lambda: _counted(pl.DataFrame(schema=REMOVED_LINE)))

    def add(self, cleaned: CleanedBatch) -> None:
        """Adds one batch."""
        self.rows += cleaned.kept.num_rows + cleaned.dropped.num_rows
        self.emptied_spans += cleaned.emptied_spans
        self.damaged_records += cleaned.damaged_records
        self.repaired.update(cleaned.repaired)
        self.languages.update(drop.value.split()[0] for drop in cleaned.drops if drop.reason == "language")
        self.reincluded.update(cleaned.reincluded)
        self.removed_lines.update(dict(cleaned.removed.group_by("rule").len().iter_rows()))
        self.trimmed_records += cleaned.removed["row"].n_unique()
        self._boilerplate = _added(self._boilerplate, _counted(cleaned.removed))

    def boilerplate(self, learnt: pl.DataFrame) -> pa.Table:
        """Every learnt line that was removed, in BOILERPLATE_SCHEMA, those removed most often first."""
        hashed = self._boilerplate.with_columns(
            line=pl.col("text").hash(seed=0),
            characters=pl.col("text").str.len_chars(),
            digest=pl.Series([_digest(text) for text in self._boilerplate["text"]], dtype=pl.String),
        )
        lines = hashed.join(learnt, on=[*PLACE, "line"], nulls_equal=True)
        ordered = lines.sort(["lines", *PLACE, "text"], descending=[True, *(False for _ in PLACE), False])
        return ordered.select(BOILERPLATE_SCHEMA.names).to_arrow().cast(BOILERPLATE_SCHEMA)

    def metrics(self, boilerplate: pa.Table) -> dict[str, Any]:
        """The report's metrics; of learnt lines all but their text, the most frequent ones alone."""
        return {
            "repaired_records": {kind: self.repaired[kind] for kind in REPAIRS},
            "emptied_spans": self.emptied_spans,
            "damaged_records": self.damaged_records,
            "dropped_languages": dict(sorted(self.languages.items())),
            "removed_lines": dict(sorted(self.removed_lines.items())),
            "trimmed_records": self.trimmed_records,
            "boilerplate_lines": boilerplate.num_rows,
            "boilerplate": boilerplate.drop_columns("text").slice(0, _SHOWN_LINES).to_pylist(),
            "reincluded": dict(sorted(self.reincluded.items())),
        }


def write_boilerplate(lines: pa.Table, folder: Path) -> None:
    """Writes the learnt lines beside the records, texts included, so that people can look at them; nothing if none."""
    if lines.num_rows:
        with TableWriter(folder / BOILERPLATE_FILE, BOILERPLATE_SCHEMA) as writer:
            writer.write(lines)


def warnings(dropped: Mapping[str, int], rows: int) -> Iterator[str]:
    """One for each rule that drops an unusual share of the records."""
    for reason, count in dropped.items():
        if count > _MANY * rows:
            yield f"{count} of {rows} records were dropped as {reason}: {hint_at(reason)}."


def hint_at(rule: str) -> str:
    """What a user may change so that a rule drops less."""
    return _HINTS.get(rule, f"set clean.quality.thresholds.{rule}, or take it out of clean.quality.rules")


def _counted(removed: pl.DataFrame) -> pl.DataFrame:
    return removed.filter(pl.col("rule") == BOILERPLATE).group_by(*PLACE, "text").agg(lines=pl.len().cast(pl.Int64))


def _added(one: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([one, other]).group_by(*PLACE, "text").agg(pl.col("lines").sum())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
