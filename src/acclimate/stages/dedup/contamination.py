"""Records that hold an item of an evaluation set: trained on, they would make its figures worthless.

Three ways of looking, surest first: the same text, a near copy (by the same rule as between records), and a passage:
an item's whole text, or its prompt alone, standing inside a longer record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from acclimate.core.artifacts import Artifact, TableWriter
from acclimate.core.passages import PASSAGE_WORDS, PassageIndex, find_passages, index_passages, read_passages
from acclimate.core.ports import Context
from acclimate.core.schema import task_text
from acclimate.stages.dedup.candidates import Pairs
from acclimate.stages.dedup.signatures import PAYLOAD

CONTAMINATION_FILE = "contamination.parquet"
"""Which record holds which item, in the artifact of dedup; there only where the project names evaluation sets."""

_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("evaluation_set", pa.string(), nullable=False),
        pa.field("evaluation_id", pa.string(), nullable=False),
        pa.field("found_by", pa.string(), nullable=False),
        pa.field("share", pa.float64()),
        pa.field("dropped", pa.bool_(), nullable=False),
    ]
)
_WAYS = ("equal_text", "near_copy", "passage")


@dataclass(frozen=True)
class Items:
    """The passages of an evaluation set: of each item whole, and of its prompt alone; an item is a row of its table."""

    whole: PassageIndex
    prompts: PassageIndex


@dataclass(frozen=True)
class Contamination:
    """`found` names record, set and item, how it was found and the share of it; `short` counts each set's items
    without any passage, which only equal texts and near copies can show."""

    found: pl.DataFrame
    items: Mapping[str, int]
    short: Mapping[str, int]


def find_contamination(
    records: pl.DataFrame, near: Pairs, source: Artifact, evaluation: Artifact, *, min_share: float, context: Context
) -> Contamination:
    """What of the evaluation sets stands in the records.

    `records` are in order of preference, evaluation items first (`evaluation`), `near` the copies among all of them.
    """
    items = read_items(evaluation, batch_rows=context.batch_rows)
    sets = evaluation.table(["id", "source"])
    names = pl.Series(sets["source"].to_pylist(), dtype=pl.String).fill_null("")
    named = pl.DataFrame({"evaluation_id": sets["id"].to_pylist(), "evaluation_set": names})
    own, held = records.filter(~pl.col("evaluation")), records.filter("evaluation")
    found = pl.concat([_equal(own, held), _near(records, near), _within(source, items, named, min_share, context)])
    order = pl.col("found_by").replace_strict({way: place for place, way in enumerate(_WAYS)}, return_dtype=pl.Int8)
    surest = found.sort("id", order, "evaluation_id").unique(["id", "evaluation_id"], keep="first", maintain_order=True)
    short = named.filter((items.whole.words == 0) & (items.prompts.words == 0))
    return Contamination(
        surest.join(named, on="evaluation_id", how="left", maintain_order="left"), _by_set(named), _by_set(short)
    )


def read_items(evaluation: Artifact, *, batch_rows: int) -> Items:
    """The passages of all items."""

    def texts(of: Any) -> Iterator[list[str]]:
        for batch in evaluation.batches(PAYLOAD, batch_rows=batch_rows):
            yield [of(row) for row in batch.to_pylist()]

    return Items(index_passages(texts(task_text)), index_passages(texts(lambda row: row["prompt"] or "")))


def write_contamination(folder: Path, contamination: Contamination, dropped: pl.Series) -> None:
    """Writes every finding into a folder; `dropped` are the ids of records that were dropped for it."""
    table = contamination.found.with_columns(dropped=pl.col("id").is_in(dropped.implode()))
    with TableWriter(folder / CONTAMINATION_FILE, _SCHEMA) as writer:
        writer.write(table.sort("id", "evaluation_id").select(_SCHEMA.names).to_arrow())


def contamination_metrics(contamination: Contamination) -> dict[str, dict[str, int]]:
    """For each evaluation set its items, those too short for passages, and the records that hold any, by how found."""
    metrics = {}
    for name, items in contamination.items.items():
        found = contamination.found.filter(pl.col("evaluation_set") == name)
        surest = found.unique("id", keep="first", maintain_order=True)
        ways = {way: surest.filter(found_by=way).height for way in _WAYS}
        short = contamination.short.get(name, 0)
        metrics[name] = {
            "items": items,
            "items_without_passage": short,
            "items_found": found["evaluation_id"].n_unique(),
            "records": surest.height,
            **ways,
        }
    return metrics


def contamination_warnings(contamination: Contamination, kept: int) -> Iterator[str]:
    """Where an evaluation set is not clean of what was kept, or could not be searched for in full."""
    if kept:
        yield (
            f"{kept} records that hold items of evaluation sets were kept, so figures on those sets mean little;"
            f" {CONTAMINATION_FILE} in this step's artifact says which."
        )
    for name, items in contamination.short.items():
        yield (
            f"{items} of {contamination.items[name]} items of {name} have fewer than {PASSAGE_WORDS} words of their own:"
            " they were looked for as whole texts, not inside longer ones."
        )


def _equal(own: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """Records with the text of an item; an item without a word says nothing."""
    pairs = own.join(held.filter(pl.col("words") > 0).select("text_digest", evaluation_id="id"), on="text_digest")
    return _findings(pairs, "equal_text")


def _near(records: pl.DataFrame, near: Pairs) -> pl.DataFrame:
    """The near copies of items, and whatever has the same text as such a copy."""
    is_item = records["evaluation"].to_numpy()
    across = near.where(is_item[near.first] & ~is_item[near.second])
    pairs = pl.DataFrame(
        {
            "evaluation_id": records["id"].gather(across.first),
            "text_digest": records["text_digest"].gather(across.second),
        }
    )
    return _findings(records.filter(~pl.col("evaluation")).join(pairs, on="text_digest"), "near_copy")


def _within(source: Artifact, items: Items, named: pl.DataFrame, min_share: float, context: Context) -> pl.DataFrame:
    parts = [pl.DataFrame(schema={"item": pl.Int32, "share": pl.Float64, "id": pl.String})]
    batches = source.batches(PAYLOAD, batch_rows=context.batch_rows)
    with context.progress("looking for evaluation items", source.table(["id"]).num_rows) as progress:
        for ids, passages in context.engine.map_batches(read_passages, batches):
            found = [find_passages(index, passages, min_share=min_share) for index in (items.whole, items.prompts)]
            best = pl.concat(found).group_by("row", "item").agg(pl.col("share").max())
            parts.append(best.select("item", "share", id=pl.Series(ids, dtype=pl.String).gather(best["row"])))
            progress.advance(len(ids))
    held = pl.concat(parts)
    return _findings(held.with_columns(evaluation_id=named["evaluation_id"].gather(held["item"])), "passage")


def _findings(pairs: pl.DataFrame, way: str) -> pl.DataFrame:
    share = pl.col("share") if "share" in pairs.columns else pl.lit(None, dtype=pl.Float64)
    return pairs.select("id", "evaluation_id", found_by=pl.lit(way), share=share)


def _by_set(named: pl.DataFrame) -> dict[str, int]:
    counts = named.group_by(pl.col("evaluation_set")).len().sort("evaluation_set")
    return dict(counts.iter_rows())
