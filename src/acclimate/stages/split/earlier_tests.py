"""The test records of earlier rounds that are none of now, as far as the splits of these rounds still hold their texts.

The ledger knows all of them by id; a text lies only in the artifact of a round that had it, until that is erased.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from acclimate.core.artifacts import Artifact
from acclimate.core.ledger import read_ledger
from acclimate.core.schema import TEXT_COLUMNS
from acclimate.core.stage import Inputs
from acclimate.core.task_texts import task_texts
from acclimate.stages.split.records import text_digests


@dataclass(frozen=True)
class EarlierTests:
    """`rounds` are splits, the newest first, each with the ids to be read from it; `without_text` counts test records of
    which no split holds the text any more."""

    rounds: Sequence[tuple[Artifact, frozenset[str]]]
    without_text: int

    def batches(self, columns: Sequence[str], *, batch_rows: int) -> Iterator[pa.RecordBatch]:
        """Their records, in the same order every time; `columns` must hold `id`."""
        for split, ids in self.rounds:
            yield from _chosen(split, ids, columns, batch_rows=batch_rows)


def find_earlier_tests(inputs: Inputs, tested: pl.DataFrame, *, batch_rows: int) -> EarlierTests:
    """Of the inputs `previous` and `earlier.1`, `earlier.2` … (older and older) the test records that are not `tested` now
    (`id`, `text_digest`).

    A record that several rounds had is read from the newest of them, and of equal texts the first alone: an item that
    came under another id in each round would else look like a stock phrase.
    """
    missing = frozenset(read_ledger(inputs.get("previous")).filter(split="test")["id"]) - frozenset(tested["id"])
    texts, rounds = frozenset(tested["text_digest"]), []
    for split in _newest_first(inputs):
        there = missing & _tested(split, batch_rows=batch_rows) if missing else missing
        firsts = _first_of_equal_texts(split, there, batch_rows=batch_rows)
        rounds.append((split, frozenset(name for text, name in firsts.items() if text not in texts)))
        missing, texts = missing - there, texts | firsts.keys()
    return EarlierTests(rounds, len(missing))


def _newest_first(inputs: Inputs) -> list[Artifact]:
    numbered = {int(role.partition(".")[2]): split for role, split in inputs.items() if role.startswith("earlier.")}
    older = [numbered[number] for number in sorted(numbered)]
    return [inputs["previous"], *older] if "previous" in inputs else older


def _tested(split: Artifact, *, batch_rows: int) -> set[str]:
    parts = (pl.DataFrame(pl.from_arrow(batch)) for batch in split.batches(["id", "split"], batch_rows=batch_rows))
    return {name for part in parts for name in part.filter(split="test")["id"]}


def _first_of_equal_texts(split: Artifact, ids: frozenset[str], *, batch_rows: int) -> dict[str, str]:
    """By the digest of each text of these records the smallest id that has it."""
    parts = [pl.DataFrame(schema={"id": pl.String, "text_digest": pl.String})]
    for batch in _chosen(split, ids, ["id", *TEXT_COLUMNS, "messages"], batch_rows=batch_rows):
        parts.append(pl.DataFrame(pl.from_arrow(batch.select(["id"]))).with_columns(text_digests(task_texts(batch))))
    return dict(pl.concat(parts).group_by("text_digest").agg(pl.col("id").min()).iter_rows())


def _chosen(
    split: Artifact, ids: frozenset[str], columns: Sequence[str], *, batch_rows: int
) -> Iterator[pa.RecordBatch]:
    wanted = pa.array(sorted(ids), pa.string())
    for batch in split.batches(columns, batch_rows=batch_rows) if ids else ():
        yield batch.filter(pc.is_in(batch.column("id"), wanted))
