"""The draw of new groups: whole groups, stratum by stratum in keyed-hash order or all by time, as near to the wished
sizes as groups allow.

The random order is that of a keyed hash, not of a generator's stream, so that a group's place does not depend on the order or
number of other records.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Group:
    """A new group: its key, the stratum most of its records are of, how many it has, and when its newest was collected."""

    key: str
    stratum: str
    records: int
    newest: datetime | None = None


@dataclass
class Stratum:
    """Groups that are divided together: those of one stratum, or of all strata with too few groups for every split."""

    new: list[Group] = field(default_factory=list)
    settled: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))


def draw(
    groups: Sequence[Group], settled: Mapping[tuple[str, str], int], *, fractions: Mapping[str, float], seed: int
) -> dict[str, str]:
    """The split of each new group, by its key.

    `settled` counts the groups' worth of records that already have a split, by stratum and split.

    >>> groups = [Group(str(number), "north", 1) for number in range(10)]
    >>> sorted(draw(groups, {}, fractions={"train": 0.8, "validation": 0.1, "test": 0.1}, seed=0).values())
    ['test', 'train', 'train', 'train', 'train', 'train', 'train', 'train', 'train', 'validation']
    """
    drawn: dict[str, str] = {}
    for stratum in _strata(groups, settled, splits=sum(share > 0 for share in fractions.values())):
        drawn |= _draw_stratum(stratum, fractions, seed)
    return drawn


def draw_newest(
    groups: Sequence[Group], settled: Mapping[tuple[str, str], int], *, fractions: Mapping[str, float]
) -> dict[str, str]:
    """The split of each new group, by its key: the newest are test, those before them validation, undated ones train.

    >>> groups = [Group(str(year), "", 1, datetime(year, 1, 1)) for year in range(2015, 2025)]
    >>> drawn = draw_newest(groups, {}, fractions={"train": 0.8, "validation": 0.1, "test": 0.1})
    >>> drawn["2024"], drawn["2023"], drawn["2022"]
    ('test', 'validation', 'train')
    """
    whole = Stratum()
    for (_, split), records in settled.items():
        whole.settled[split] += records
    total = sum(group.records for group in groups) + sum(whole.settled.values())
    dated = [(group.newest, group.key, group) for group in groups if group.newest is not None]
    waiting = [group for *_, group in sorted(dated, key=lambda one: one[:2], reverse=True)]
    drawn: dict[str, str] = {}
    for split in ("test", "validation"):
        if fractions[split] > 0:
            spare = _spare(whole, split, fractions, len(groups) - len(drawn))
            chosen = _fill_in_order(waiting, fractions[split] * total - whole.settled[split], spare=spare)
            if not chosen and not whole.settled[split]:
                chosen = waiting[: min(spare, 1)]
            drawn |= dict.fromkeys((group.key for group in chosen), split)
            waiting = waiting[len(chosen) :]
    return dict.fromkeys((group.key for group in groups), "train") | drawn


def _strata(groups: Sequence[Group], settled: Mapping[tuple[str, str], int], *, splits: int) -> list[Stratum]:
    by_stratum: defaultdict[str, Stratum] = defaultdict(Stratum)
    for group in groups:
        by_stratum[group.stratum].new.append(group)
    for (name, split), records in settled.items():
        by_stratum[name].settled[split] += records
    own, pooled = [], Stratum()
    for name in sorted(by_stratum):
        stratum = by_stratum[name]
        if len(stratum.new) + len(stratum.settled) >= splits:
            own.append(stratum)
        else:
            pooled.new += stratum.new
            for split, records in stratum.settled.items():
                pooled.settled[split] += records
    return [*own, pooled]


def _draw_stratum(stratum: Stratum, fractions: Mapping[str, float], seed: int) -> dict[str, str]:
    waiting = sorted(stratum.new, key=lambda group: _place(group.key, seed))
    total = sum(group.records for group in waiting) + sum(stratum.settled.values())
    drawn: dict[str, str] = {}
    for split in ("test", "validation"):
        if fractions[split] > 0:
            wished = fractions[split] * total - stratum.settled[split]
            chosen = _fill(waiting, wished, spare=_spare(stratum, split, fractions, len(waiting)))
            if not chosen and not stratum.settled[split]:
                chosen = _smallest(waiting, spare=_spare(stratum, split, fractions, len(waiting)))
            drawn |= dict.fromkeys((group.key for group in chosen), split)
            waiting = [group for group in waiting if group.key not in drawn]
    return drawn | dict.fromkeys((group.key for group in waiting), "train")


def _fill(waiting: Sequence[Group], wished: float, *, spare: int) -> list[Group]:
    """Groups in order, each taken if it brings the size nearer to the wish; at most `spare` of them."""
    chosen: list[Group] = []
    size = 0
    for group in waiting:
        if len(chosen) < spare and group.records < 2 * (wished - size):
            chosen.append(group)
            size += group.records
    return chosen


def _fill_in_order(waiting: Sequence[Group], wished: float, *, spare: int) -> list[Group]:
    """The first groups, up to the one that would take the size further from the wish; at most `spare` of them."""
    chosen: list[Group] = []
    size = 0
    for group in waiting:
        if len(chosen) >= spare or group.records >= 2 * (wished - size):
            break
        chosen.append(group)
        size += group.records
    return chosen


def _smallest(waiting: Sequence[Group], *, spare: int) -> list[Group]:
    return [min(waiting, key=lambda group: group.records)] if spare > 0 else []


def _spare(stratum: Stratum, split: str, fractions: Mapping[str, float], groups: int) -> int:
    """How many groups a split may take: one must remain for train, and one for validation where there are three."""
    needed = int(not stratum.settled["train"])
    if split == "test" and groups > 2:
        needed += fractions["validation"] > 0 and not stratum.settled["validation"]
    return groups - needed


def _place(key: str, seed: int) -> bytes:
    return hashlib.blake2b(key.encode(), key=str(seed).encode(), digest_size=16).digest()
