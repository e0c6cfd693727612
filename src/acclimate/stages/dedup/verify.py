"""The exact comparison of records that may be copies: their texts are read again, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from acclimate.core.artifacts import Artifact
from acclimate.core.ports import Context
from acclimate.core.schema import task_text
from acclimate.core.word_hashes import HashSets, SetsOnDisk, hash_words
from acclimate.stages.dedup.candidates import Indices, Pairs, jaccard, words_lacking
from acclimate.stages.dedup.clusters import first_with_equal
from acclimate.stages.dedup.config import DedupConfig
from acclimate.stages.dedup.signatures import PAYLOAD, answer_text
from acclimate.stages.dedup.similarity import jaccard_thresholds, most_edited_words


@dataclass(frozen=True)
class Copies:
    """Verified near copies, and for each pair whether one can stand for the other (label and answers agree)."""

    pairs: Pairs
    interchangeable: npt.NDArray[np.bool_]

    def among(self, chosen: npt.NDArray[np.bool_]) -> Copies:
        """The pairs of chosen records, by their places among the chosen ones."""
        both = chosen[self.pairs.first] & chosen[self.pairs.second]
        place = np.cumsum(chosen) - 1
        pairs = Pairs(place[self.pairs.first[both]], place[self.pairs.second[both]])
        return Copies(pairs, self.interchangeable[both])


def verify(
    candidates: Pairs, records: pl.DataFrame, sources: Sequence[Artifact], config: DedupConfig, context: Context
) -> Copies:
    """The candidates that are copies; `position` of a record counts the rows of all sources, one after another."""
    involved = np.union1d(candidates.first, candidates.second)
    positions = records["position"].to_numpy()[involved]
    texts, answers, rejected = _read_sets(np.sort(positions), sources, context)
    row = np.argsort(np.argsort(positions))
    local = Pairs(row[np.searchsorted(involved, candidates.first)], row[np.searchsorted(involved, candidates.second)])
    words = records["words"].to_numpy()
    longer = np.maximum(words[candidates.first], words[candidates.second])
    are_copies = _are_copies(local, texts, longer, config)
    pairs, local = candidates.where(are_copies), local.where(are_copies)
    label = first_with_equal(records, ["label"])
    same_label = label[pairs.first] == label[pairs.second]
    same_answers = np.minimum(jaccard(local, answers), jaccard(local, rejected)) >= config.min_answer_overlap
    return Copies(pairs, same_label & same_answers)


def _are_copies(pairs: Pairs, texts: HashSets, longer: Indices, config: DedupConfig) -> npt.NDArray[np.bool_]:
    """Whether both the word pairs and the words of two texts agree enough; `longer` is the number of words of each
    pair's longer text."""
    asked = {"max_edited": config.max_edited, "recall": config.recall}
    are_copies = jaccard(pairs, texts, n=2) >= jaccard_thresholds(longer, **asked)
    lacking = words_lacking(pairs.where(are_copies), texts)
    are_copies[are_copies] = lacking <= most_edited_words(longer[are_copies], **asked)
    return are_copies


def hash_payload(batch: pa.RecordBatch) -> list[HashSets]:
    """The words of each record's whole text, those of its answer, and those of its rejected answer.

    Which answer is rejected counts: two readers who prefer opposite answers say no such thing twice.
    """
    rows = batch.to_pylist()
    return [
        hash_words([task_text(row) for row in rows]),
        hash_words([answer_text(row) for row in rows]),
        hash_words([row["rejected"] or "" for row in rows]),
    ]


def _read_sets(positions: Indices, sources: Sequence[Artifact], context: Context) -> list[HashSets]:
    """The words of the records at some positions; they lie on disk, since most of a corpus may be copies."""
    rows = _rows_at(positions, sources, context.batch_rows)
    texts, answers, rejected = (SetsOnDisk(context.partial / name) for name in ("texts", "answers", "rejected"))
    with context.progress("comparing likely copies", len(positions)) as progress, texts, answers, rejected:
        for hashed in context.engine.map_batches(hash_payload, rows):
            for on_disk, part in zip((texts, answers, rejected), hashed, strict=True):
                on_disk.append(part)
            progress.advance(len(hashed[0].sizes))
    return [texts.read(), answers.read(), rejected.read()]


def _rows_at(positions: Indices, sources: Sequence[Artifact], batch_rows: int) -> Iterator[pa.RecordBatch]:
    start = 0
    for source in sources:
        for batch in source.batches(PAYLOAD, batch_rows=batch_rows):
            begin, end = np.searchsorted(positions, [start, start + batch.num_rows])
            if begin < end:
                yield batch.take(pa.array(positions[begin:end] - start))
            start += batch.num_rows
