"""Errors and power of the whole gate: gain at each site and retention, on a finished project's scores drawn anew.

Each error is planted: one thing lies exactly on the margin that it must clear, all others are as measured. Power is held
against what the intervals of the undrawn scores foretell, which is also what *how many more* is computed from.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy.stats import norm

from acclimate.core.retention import ONE_SIDED
from acclimate.core.statistics import Bounds, Ratio, Resamples, paired_share_bounds
from acclimate.release.asked import ask
from acclimate.release.evidence import FAIL, INSUFFICIENT, PASS, Evidence
from acclimate.release.judge import judge
from acclimate.release.looks import Looks
from acclimate.release.measure import Measure
from acclimate.stages.evaluate.arms import LIKELIHOOD
from benchmarks.evaluation.verdicts import ADAPTED, BASE, BUDGET, GATES, read_scores
from benchmarks.recording import share_result

CONFIDENCE, RESAMPLES, FEWEST = 0.95, 1000, 20
_NEAR = 1.5
"""Standard errors from the margin at which a true figure cannot be told from it."""
TIMES = 4
"""Times the texts and probes of retention that the project has, so that what is held can be shown to be."""


@dataclass(frozen=True)
class Shares:
    """How often a probe of an ability is won and lost, and how many there are."""

    won: float
    lost: float
    probes: int


@dataclass(frozen=True)
class Truth:
    """What holds over all: bits gained and bytes of each subject of each site, rise and size of each general text."""

    sites: Mapping[str, Ratio]
    general: Ratio
    abilities: Mapping[str, Shares]


@lru_cache
def measured(project: Path) -> Truth:
    """As the project's last evaluation has it."""
    scores = read_scores(project)
    change = ((pl.col(ADAPTED) - pl.col(BASE)) * pl.col("bytes")).sum()
    subjects = (
        scores.items.group_by("site", "cluster").agg(change.alias("change"), pl.col("bytes").sum()).sort("cluster")
    )
    sites = {
        str(site): _ratio(rows, "change", "bytes")
        for (site,), rows in subjects.sort("site").group_by("site", maintain_order=True)
    }
    keys = ["suite", "id", "candidate"]
    both = scores.base.join(scores.adapted.select(*keys, adapted="nats"), on=keys, nulls_equal=True).sort(keys)
    general = both.filter(pl.col("suite") == "general").select(pl.col("adapted") - pl.col("nats"), size="nats")
    return Truth(sites, _ratio(general, "adapted", "size"), _abilities(both, scores.abilities))


def _ratio(rows: pl.DataFrame, above: str, below: str) -> Ratio:
    return Ratio(rows[above].to_numpy().astype(np.float64), rows[below].to_numpy().astype(np.float64))


def _abilities(both: pl.DataFrame, abilities: Mapping[str, str]) -> dict[str, Shares]:
    chosen, rejected = (both.filter(pl.col("candidate") == one) for one in ("chosen", "rejected"))
    pairs = chosen.join(rejected, on="id", suffix="_rejected")
    right = [
        (pl.col(name) / pl.col("bytes") < pl.col(f"{name}_rejected") / pl.col("bytes_rejected"))
        for name in ("nats", "adapted")
    ]
    rows = pairs.select("id", base=right[0], adapted=right[1])
    named = rows.with_columns(ability=pl.col("id").replace_strict(abilities))
    won, lost = (~pl.col("base") & pl.col("adapted")).mean(), (pl.col("base") & ~pl.col("adapted")).mean()
    counted = (
        named.group_by("ability").agg(won.alias("won"), lost.alias("lost"), pl.len().alias("probes")).sort("ability")
    )
    return {name: Shares(*rest) for name, *rest in counted.iter_rows()}


def at(ratio: Ratio, truth: float) -> Ratio:
    """The same subjects or texts, moved alike so that the figure over all is this."""
    return replace(ratio, numerator=ratio.numerator + (truth - ratio.value) * ratio.denominator)


def one_site(truth: Truth) -> Truth:
    """At the last site nothing is gained."""
    last = max(truth.sites)
    return replace(truth, sites={**truth.sites, last: at(truth.sites[last], 0.0)})


def general_text(truth: Truth) -> Truth:
    """General text rises by its whole budget."""
    return replace(truth, general=at(truth.general, BUDGET.general))


def one_ability(truth: Truth) -> Truth:
    """The first ability falls by its whole budget."""
    first = min(truth.abilities)
    return replace(truth, abilities={**truth.abilities, first: _lost(truth.abilities[first])})


def _lost(shares: Shares) -> Shares:
    return replace(shares, lost=shares.won + BUDGET.ability)


def everything(truth: Truth) -> Truth:
    """All of them at once, at every site and in every ability."""
    sites = {name: at(ratio, 0.0) for name, ratio in truth.sites.items()}
    return Truth(sites, at(truth.general, BUDGET.general), {name: _lost(one) for name, one in truth.abilities.items()})


PLANTED: Mapping[str, Callable[[Truth], Truth]] = {
    "no gain at one site": one_site,
    "general text at its budget": general_text,
    "one ability at its budget": one_ability,
    "everything on its margin": everything,
}


def drawn(truth: Truth, random: np.random.Generator, *, subjects: float, times: float) -> dict[str, Any]:
    """What evaluate would report of so many times the subjects, and the texts and probes."""
    slices = [_site(name, _again(ratio, subjects, random)) for name, ratio in truth.sites.items()]
    probes = [_ability(name, *_outcomes(shares, times, random)) for name, shares in truth.abilities.items()]
    return _metrics(slices, _general(_again(truth.general, times, random)), probes)


def undrawn(truth: Truth, *, subjects: int, times: int) -> dict[str, Any]:
    """The same of each subject, text and probe so many times: figures are the true ones, intervals those of this size."""
    slices = [_site(name, _copied(ratio, subjects)) for name, ratio in truth.sites.items()]
    probes = [
        _ability(name, round(one.won * one.probes * times), round(one.lost * one.probes * times), one.probes * times)
        for name, one in truth.abilities.items()
    ]
    return _metrics(slices, _general(_copied(truth.general, times)), probes)


def _again(ratio: Ratio, times: float, random: np.random.Generator) -> Ratio:
    count = len(ratio.numerator)
    chosen = random.integers(0, count, round(count * times))
    return Ratio(ratio.numerator[chosen], ratio.denominator[chosen])


def _copied(ratio: Ratio, times: int) -> Ratio:
    return Ratio(np.tile(ratio.numerator, times), np.tile(ratio.denominator, times))


def _outcomes(shares: Shares, times: float, random: np.random.Generator) -> tuple[int, int, int]:
    probes = round(shares.probes * times)
    won, lost, _ = random.multinomial(probes, [shares.won, shares.lost, 1 - shares.won - shares.lost])
    return int(won), int(lost), probes


def _metrics(slices: list[dict[str, Any]], general: dict[str, Any], abilities: list[dict[str, Any]]) -> dict[str, Any]:
    kept = {"general": general, "abilities": abilities}
    return {"task": {"confidence": CONFIDENCE}, "comparisons": [], "slices": slices, "retention": kept}


def _site(name: str, ratio: Ratio) -> dict[str, Any]:
    what = {"group": "site", "value": name, "arm": "base", "metric": LIKELIHOOD, "lower_is_better": True}
    figures = _figures(ratio, CONFIDENCE)
    return what | figures | {"difference": ratio.value, "clusters": figures["items"]}


def _general(ratio: Ratio) -> dict[str, Any]:
    return _figures(ratio, ONE_SIDED) | {"value": ratio.value, "budget": BUDGET.general, "confidence": ONE_SIDED}


def _figures(ratio: Ratio, confidence: float) -> dict[str, Any]:
    names = _names(len(ratio.numerator))
    found = Resamples(names, resamples=RESAMPLES, seed=0, confidence=confidence).value(ratio)
    return {"low": found.low, "high": found.high, "items": found.items}


@cache
def _names(count: int) -> list[str]:
    return [str(number) for number in range(count)]


def _ability(name: str, won: int, lost: int, probes: int) -> dict[str, Any]:
    bounds = _tango(won, lost, probes)
    counts = {"won": won, "lost": lost, "items": probes, "difference": (won - lost) / probes}
    return {"ability": name, "low": bounds.low, "high": bounds.high, "budget": -BUDGET.ability} | counts


@cache
def _tango(won: int, lost: int, probes: int) -> Bounds:
    return paired_share_bounds(won=won, lost=lost, items=probes, confidence=ONE_SIDED)


def evidence(metrics: Mapping[str, Any]) -> Evidence:
    """These metrics at the first look."""
    return Evidence("", metrics, FEWEST, None, None, (), Looks(1, is_logged=True, first="", rules=""), rules="")


def foretold(measures: list[Measure]) -> float:
    """How likely all pass, if their true figures and errors are these and they are independent."""
    return math.prod(_power(one) for one in measures)


def _power(measure: Measure) -> float:
    z = float(norm.ppf(1 - measure.level))
    error = (measure.value - measure.low) / z
    return float(norm.cdf((measure.value - measure.margin) / error - z))


def measures_of(metrics: Mapping[str, Any]) -> list[Measure]:
    """What the gates are decided by."""
    found = [ask(gate, evidence(metrics), number) for number, gate in enumerate(GATES.gates, 1)]
    return [measure for rows in found for _, measure in rows if measure is not None]


def gate_rows(project: Path, sets: int) -> Iterator[partial[dict[str, Any]]]:
    """Every row, to be called."""
    of: dict[str, Any] = {"project": project, "sets": sets}
    yield from (partial(passes_a_fault, name, **of) for name in PLANTED)
    yield partial(fails_without_fault, **of)
    yield from (
        partial(whole_power, subjects=subjects, times=times, **of) for subjects, times in ((1, 1), (1, 2), (2, 4))
    )
    yield from (partial(power_of_needed, name, **of) for name in NEAR)


def _random(*key: object) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(repr(key).encode()))


def passes_a_fault(name: str, *, project: Path, sets: int) -> dict[str, Any]:
    """How often the verdict is a pass though something misses its margin, if only just."""
    truth, random = PLANTED[name](measured(project)), _random(name)
    found = [_status(drawn(truth, random, subjects=1, times=TIMES)) for _ in range(sets)]
    return share_result(f"{name}: verdict pass", [one == PASS for one in found], "<= .05", {FAIL: found.count(FAIL)})


def fails_without_fault(*, project: Path, sets: int) -> dict[str, Any]:
    """How often the verdict is a fail though nothing misses its margin."""
    random, found = _random("none"), []
    for _ in range(sets):
        found.append(_status(drawn(measured(project), random, subjects=1, times=1)))
    others = {INSUFFICIENT: found.count(INSUFFICIENT)}
    return share_result("no fault: verdict fail", [one == FAIL for one in found], "<= .05", others)


def whole_power(*, subjects: int, times: int, project: Path, sets: int) -> dict[str, Any]:
    """How often the verdict is a pass, beside what the undrawn scores foretell."""
    truth, random = measured(project), _random("power", subjects, times)
    chance = foretold(measures_of(undrawn(truth, subjects=subjects, times=times)))
    found = [_status(drawn(truth, random, subjects=subjects, times=times)) == PASS for _ in range(sets)]
    figure = f"no fault, {subjects} × the subjects, {times} × the probes and texts: verdict pass"
    return share_result(
        figure, found, f"{chance - 0.05:.2f} – {min(1, chance + 0.05):.2f}", {"foretold": round(chance, 3)}
    )


def near_at_a_site(truth: Truth) -> tuple[Truth, int]:
    """The first site gains too little to be seen; it is the first that is measured."""
    first = min(truth.sites)
    return replace(truth, sites={**truth.sites, first: at(truth.sites[first], -_NEAR * _error(truth, 0))}), 0


def near_in_general(truth: Truth) -> tuple[Truth, int]:
    """General text rises to just below its budget; it is measured after the sites."""
    place = len(truth.sites)
    return replace(truth, general=at(truth.general, BUDGET.general - _NEAR * _error(truth, place))), place


def near_in_an_ability(truth: Truth) -> tuple[Truth, int]:
    """As many probes of the first ability are won as lost, which a few hundred probes cannot show."""
    first = min(truth.abilities)
    even = replace(truth.abilities[first], lost=truth.abilities[first].won)
    return replace(truth, abilities={**truth.abilities, first: even}), len(truth.sites) + 1


def _error(truth: Truth, place: int) -> float:
    measure = measures_of(undrawn(truth, subjects=1, times=1))[place]
    return (measure.value - measure.low) / float(norm.ppf(1 - measure.level))


NEAR: Mapping[str, Callable[[Truth], tuple[Truth, int]]] = {
    "little gain at a site": near_at_a_site,
    "general text near its budget": near_in_general,
    "an ability unchanged": near_in_an_ability,
}


def power_of_needed(name: str, *, project: Path, sets: int) -> dict[str, Any]:
    """How often as many subjects, texts or probes as the verdict asks for settle what is true."""
    (truth, place), random = NEAR[name](measured(project)), _random(name)
    measure = measures_of(undrawn(truth, subjects=1, times=1))[place]
    needed = measure.items + (measure.items_missing or 0)
    times = needed / measure.items
    found = [measures_of(drawn(truth, random, subjects=times, times=times))[place].passes for _ in range(sets)]
    others = {"there are": measure.items, "asked for": needed}
    return share_result(f"{name}: passes with as many as are asked for", found, ".75 – .85", others)


def _status(metrics: Mapping[str, Any]) -> str:
    return judge(GATES, evidence(metrics)).status
