"""Which records are read: drawn at random before anyone reads, each site by its share, the same again for the same seed."""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from acclimate.core.artifacts import Artifact
from acclimate.core.errors import ConfigError


@dataclass(frozen=True)
class Drawn:
    """The ids of a sample by site, and how many records and subjects the data have."""

    ids: Mapping[str, tuple[str, ...]]
    records: Mapping[str, int]
    subjects: int


def draw(records: Artifact, *, size: int, seed: int) -> Drawn:
    """A sample of `size` records (all of them where there are no more), in proportion to the sites.

    Each record gets a number from the seed, the data's digest and its id; those with the smallest are drawn. The memory
    it takes grows with the sample and the subjects, not with the records' texts.
    """
    counts = Counter[str]()
    subjects = set[str]()
    for site, record_id, subject in _rows(records):
        counts[site] += 1
        subjects.add(subject or record_id)
    if not counts:
        raise ConfigError("No record passed de-identification, so there is none to read.", hint="acclimate show dedup")
    sizes = shares_of(size, counts)
    smallest: dict[str, list[tuple[int, str]]] = {site: [] for site in sizes}
    for site, record_id, _ in _rows(records):
        waiting, number = smallest[site], _number(seed, records.identity, record_id)
        if len(waiting) < sizes[site]:
            heapq.heappush(waiting, (-number, record_id))
        elif waiting and number < -waiting[0][0]:
            heapq.heapreplace(waiting, (-number, record_id))
    ids = {site: tuple(name for _, name in sorted(drawn, reverse=True)) for site, drawn in sorted(smallest.items())}
    return Drawn(ids, dict(sorted(counts.items())), len(subjects))


def shares_of(size: int, counts: Mapping[str, int]) -> dict[str, int]:
    """How many of `size` fall to each group: in proportion, what rounding leaves to the largest remainders.

    >>> shares_of(10, {"north": 75, "south": 25, "annex": 1})
    {'annex': 0, 'north': 7, 'south': 3}
    """
    total = sum(counts.values())
    size = min(size, total)
    sizes = {name: size * count // total for name, count in sorted(counts.items())}
    by_remainder = sorted(sizes, key=lambda name: (-(size * counts[name] % total), name))
    for name in by_remainder[: size - sum(sizes.values())]:
        sizes[name] += 1
    return sizes


def _rows(records: Artifact) -> Iterator[tuple[str, str, str | None]]:
    for batch in records.batches(["site", "id", "subject_id"]):
        columns: Iterable[list[str | None]] = (batch.column(name).to_pylist() for name in ("site", "id", "subject_id"))
        for site, record_id, subject in zip(*columns, strict=True):
            yield site or "", str(record_id), subject


def _number(seed: int, identity: str, record_id: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}\n{identity}\n{record_id}".encode()).digest(), "big")
