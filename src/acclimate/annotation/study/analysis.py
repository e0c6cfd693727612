"""What a study found: the planned comparisons with intervals, and whether its readers can be relied on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from acclimate.annotation.study.judgements import counted
from acclimate.annotation.study.marks import Marked, ReadOutput, count_marks
from acclimate.annotation.study.planning import spent
from acclimate.annotation.study.protocol import Pair, Protocol
from acclimate.annotation.study.strengths import FEWEST_CLUSTERS, Strengths, strengths
from acclimate.core.exact_bounds import effective_trials, least_share
from acclimate.core.statistics import Estimate, Ratio, Resamples, holm

RESAMPLES, PERMUTATIONS = 4000, 20_000
_EXACT = 14
_CELLS = 1 << 22
"""Signs held at once: bounds the memory."""
_NOTHING = Estimate(math.nan, math.nan, math.nan, math.nan, math.nan, math.nan, 0, 0)

BETTER, WORSE, NO_DIFFERENCE, INSUFFICIENT = "better", "worse", "no difference shown", "insufficient evidence"


@dataclass(frozen=True)
class Preference:
    """How one arm fares against another on an axis, from all readings of the items that count.

    `net` is the share of readings that prefer the arm less the share that prefer the other. `p_value` is that of a
    permutation by clusters; `adjusted` pays for the number of comparisons (Holm). The first one is the primary one: it is
    not adjusted but held to the level that its look may use.
    """

    axis: str
    arm: str
    other: str
    better: float
    tied: float
    worse: float
    net: Estimate
    p_value: float
    adjusted: float
    verdict: str


@dataclass(frozen=True)
class Reader:
    """How one reader worked: what they prefer on the primary comparison, and whether they can be relied on.

    Repeats are equal where the same output was preferred again; known-bad outputs are noticed where they come last;
    `first` is how much more often the output shown first is preferred.
    """

    name: str
    readings: int
    net: float
    first: float
    repeats: int
    repeats_equal: int
    known_bad: int
    known_bad_noticed: int
    median_seconds: float


@dataclass(frozen=True)
class Share:
    """How often something went as it should, and how often it does at least, with 95 % confidence; NaN of nothing.

    The bound counts what one reader did as no more independent than it looks (`exact_bounds.effective_trials`).
    """

    right: int
    of: int
    share: float
    at_least: float


@dataclass(frozen=True)
class Findings:
    """All that the protocol promised to report; `strengths` by axis."""

    protocol: str
    look: int
    items: int
    preferences: Sequence[Preference]
    strengths: Mapping[str, Strengths]
    readers: Sequence[Reader]
    repeats_equal: Share
    known_bad_noticed: Share
    marked: Marked

    def to_json(self) -> dict[str, Any]:
        """As JSON; what is undefined is null."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain


def analyse(table: pl.DataFrame, protocol: Protocol, *, look: int = 1, outputs: Sequence[ReadOutput] = ()) -> Findings:
    """The planned analysis of judgements in `judgements.SCHEMA`, and of marks; equal tables give equal findings.

    Whole clusters (subjects) are resampled, since items of one subject and readings of one item are alike.
    """
    counts = counted(table, protocol)
    by_axis = {axis.name: counts.filter(pl.col("axis") == axis.name) for axis in protocol.asked}
    found = [
        _preference(rows.filter((pl.col("arm") == pair.arm) & (pl.col("other") == pair.other)), axis, pair, protocol)
        for axis, rows in by_axis.items()
        for pair in protocol.pairs
    ]
    readers = _readers(table, counts, protocol)
    return Findings(
        protocol=protocol.digest,
        look=look,
        items=counts["item"].n_unique(),
        preferences=_judged(found, protocol, look),
        strengths={axis: strengths(rows, protocol.arms) for axis, rows in by_axis.items() if not rows.is_empty()},
        readers=readers,
        repeats_equal=_share([(reader.repeats_equal, reader.repeats) for reader in readers]),
        known_bad_noticed=_share([(reader.known_bad_noticed, reader.known_bad) for reader in readers]),
        marked=count_marks(outputs, protocol, resamples=RESAMPLES),
    )


def _preference(rows: pl.DataFrame, axis: str, pair: Pair, protocol: Protocol) -> Preference:
    outcome = rows["outcome"].to_numpy().astype(np.float64)
    draws = Resamples(rows["cluster"].to_list(), resamples=RESAMPLES, seed=protocol.seed)
    net = draws.value(Ratio(outcome, np.ones(len(outcome)))) if len(outcome) else _NOTHING
    better, tied, worse = (float((outcome == said).mean()) if len(outcome) else math.nan for said in (1, 0, -1))
    p_value = _permutation(rows, seed=protocol.seed)
    return Preference(axis, pair.arm, pair.other, better, tied, worse, net, p_value, p_value, INSUFFICIENT)


def _permutation(rows: pl.DataFrame, *, seed: int) -> float:
    """How often a net preference as far from zero comes about where, in each cluster, the arms could be the other way.

    All readings of a cluster change sides together. Exact up to 14 clusters, else from 20,000 draws, the seen one counted
    (Phipson and Smyth 2010); NaN without any reading.
    """
    sums = rows.group_by("cluster").agg(pl.col("outcome").cast(pl.Int64).sum()).sort("cluster")["outcome"].to_numpy()
    if not len(sums):
        return math.nan
    seen = abs(int(sums.sum()))
    if len(sums) <= _EXACT:
        signs = 1 - 2 * ((np.arange(2 ** len(sums))[:, None] >> np.arange(len(sums))) & 1)
        return float((np.abs(signs @ sums) >= seen).mean())
    generator = np.random.default_rng(seed)
    at_once = max(1, _CELLS // len(sums))
    reached = 0
    for start in range(0, PERMUTATIONS, at_once):
        signs = 1 - 2 * generator.integers(0, 2, (min(at_once, PERMUTATIONS - start), len(sums)), dtype=np.int8)
        reached += int((np.abs(signs @ sums) >= seen).sum())
    return (reached + 1) / (PERMUTATIONS + 1)


def _judged(found: Sequence[Preference], protocol: Protocol, look: int) -> list[Preference]:
    """The verdicts: the primary comparison pays for the looks, the others for their number (Holm)."""
    primary, *others = found
    levels = [spent(protocol.alpha, protocol.looks)[look - 1], *[protocol.alpha] * len(others)]
    adjusted = [primary.p_value, *holm([other.p_value for other in others])]
    return [
        replace(one, adjusted=p_value, verdict=_verdict(one.net, p_value, level, protocol.worth_finding))
        for one, p_value, level in zip(found, adjusted, levels, strict=True)
    ]


def _verdict(net: Estimate, p_value: float, level: float, worth_finding: float) -> str:
    if net.clusters < FEWEST_CLUSTERS:
        return INSUFFICIENT
    if p_value < level:
        return BETTER if net.value > 0 else WORSE
    return NO_DIFFERENCE if net.minimum_detectable <= worth_finding else INSUFFICIENT


def _readers(table: pl.DataFrame, counts: pl.DataFrame, protocol: Protocol) -> list[Reader]:
    """Each reader by name."""
    primary, pair = protocol.asked[0].name, protocol.pairs[0]
    again = _repeated(table)
    bad = table.filter(pl.col("known_bad"))
    found = []
    for name in sorted(table["reader"].unique()):
        own = counts.filter(pl.col("reader") == name)
        about = own.filter((pl.col("axis") == primary) & (pl.col("arm") == pair.arm) & (pl.col("other") == pair.other))
        preferred_first = own.select(pl.col("outcome") * pl.when("first").then(1).otherwise(-1)).to_series()
        repeats = again.filter(pl.col("reader") == name)
        known_bad = bad.filter(pl.col("reader") == name)
        found.append(
            Reader(
                name,
                readings=own["item"].n_unique(),
                net=_mean(about["outcome"]),
                first=_mean(preferred_first),
                repeats=repeats.height,
                repeats_equal=int(repeats["equal"].sum()),
                known_bad=known_bad.height,
                known_bad_noticed=int((known_bad["outcome"] == 1).sum()),
                median_seconds=float(own["seconds"].median() or 0.0),  # type: ignore[arg-type]
            )
        )
    return found


def _repeated(table: pl.DataFrame) -> pl.DataFrame:
    """A row for each comparison that a reader made twice, with whether it came out equal."""
    same = ["reader", "axis", "arm", "other"]
    again = table.filter(pl.col("repeats").is_not_null())
    both = again.join(table, left_on=["repeats", *same], right_on=["item", *same], suffix="_before")
    return both.select("reader", equal=pl.col("outcome") == pl.col("outcome_before"))


def _share(counts: Sequence[tuple[int, int]]) -> Share:
    """One share from each reader's right and all cases."""
    right, of = (sum(column) for column in zip(*counts, strict=True)) if counts else (0, 0)
    if not of:
        return Share(0, 0, math.nan, math.nan)
    tried = [(won, cases) for won, cases in counts if cases]
    worth = effective_trials([won for won, _ in tried], [cases for _, cases in tried], confidence=0.95)
    return Share(right, of, right / of, least_share(right / of * worth, worth, confidence=0.95))


def _mean(values: pl.Series) -> float:
    return float(values.mean()) if len(values) else math.nan  # type: ignore[arg-type]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and math.isnan(value) else value
