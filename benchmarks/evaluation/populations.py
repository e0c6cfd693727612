"""Populations whose true figure is known: made-up ones, and the scores of a finished project drawn with replacement.

A set is drawn subject by subject, as test sets come about. The subjects of a project stand for all there are, so that the
figure over all of them is the true one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from acclimate.core.statistics import Estimate, Floats, Ratio, Resamples
from acclimate.stages.evaluate.label_metrics import METRICS, Answers
from benchmarks.evaluation.verdicts import ADAPTED, BASE, read_scores

CONFIDENCE = 0.95
_BITS, _SPREAD = 2.0, 0.05


@dataclass(frozen=True)
class Drawn:
    """One simulated test set: the subject of each item, its figure, and the ratio that the figure is, where it is one."""

    subjects: list[str]
    figure: Callable[[Resamples], Estimate]
    ratio: Ratio | None = None

    def estimate(self, resamples: int) -> Estimate:
        """The figure with the interval that acclimate gives."""
        return self.figure(Resamples(self.subjects, resamples=resamples, seed=0, confidence=CONFIDENCE))


@dataclass(frozen=True)
class Population:
    """Where test sets of so many subjects are drawn from. `draw` adds to each item's figure what its last argument says."""

    name: str
    truth: float
    draw: Callable[[int, np.random.Generator, float], Drawn]
    shifts: bool = False
    """Whether the true figure can be moved, to measure power."""


@dataclass(frozen=True)
class Subjects:
    """Subjects with how many bytes they have, as a multiple of the usual, and how much each gains, in bits per byte."""

    size: Floats
    gain: Floats


def made_up() -> Iterator[Population]:
    """Sizes and effects as far from the normal as test sets may have them, and further in the last of each."""
    yield _of_bits("even subjects, normal gains", -0.1, lambda count, random: _subjects(count, random, 0, _normal))
    yield _of_bits("uneven subjects, normal gains", -0.1, lambda count, random: _subjects(count, random, 0.7, _normal))
    yield _of_bits("uneven subjects, skewed gains", -0.1, lambda count, random: _subjects(count, random, 0.7, _gamma))
    yield _of_bits("uneven subjects, long ones gain more", -0.135, _long_ones_gain_more)
    yield _of_bits(
        "very uneven subjects, very skewed gains",
        -0.1,
        lambda count, random: _subjects(count, random, 1, lambda count, random: random.exponential(0.3, count) - 0.4),
    )
    yield Population("share right, .8", 0.8, lambda count, random, _: _share(count, random, 4, 1))
    yield Population("share right, .1", 0.1, lambda count, random, _: _share(count, random, 0.5, 4.5))
    yield Population("difference of two shares, won 1/9, lost 1/13", 1 / 9 - 1 / 13, _difference_of_shares)
    yield Population(
        "macro-F1 of three labels", _macro_f1(100_000, np.random.default_rng(0), 0).estimate(1).value, _macro_f1
    )


def _normal(count: int, random: np.random.Generator) -> Floats:
    return random.normal(-0.1, 0.15, count)


def _gamma(count: int, random: np.random.Generator) -> Floats:
    return random.gamma(2, 0.1, count) - 0.3


def _subjects(
    count: int, random: np.random.Generator, spread: float, gains: Callable[[int, np.random.Generator], Floats]
) -> Subjects:
    return Subjects(np.exp(random.normal(0, spread, count)), gains(count, random))


def _long_ones_gain_more(count: int, random: np.random.Generator) -> Subjects:
    """With log-normal sizes the mean of the gains by byte lies .7 × .05 below that by subject."""
    length = random.normal(0, 1, count)
    return Subjects(np.exp(0.7 * length), random.normal(-0.1, 0.15, count) - 0.05 * length)


def _of_bits(name: str, truth: float, subjects: Callable[[int, np.random.Generator], Subjects]) -> Population:
    def draw(count: int, random: np.random.Generator, shift: float) -> Drawn:
        whose = np.repeat(np.arange(count), 1 + random.poisson(1, count))
        drawn = subjects(count, random)
        size = 400 * drawn.size[whose] * random.uniform(0.5, 1.5, len(whose))
        base = random.normal(_BITS, 0.3, len(whose)) * size
        gain = (drawn.gain[whose] + random.normal(0, _SPREAD, len(whose)) + shift) * size
        return _paired(whose.astype(str).tolist(), base + gain, base, size)

    return Population(f"bits per byte, {name}", truth, draw, shifts=True)


def _paired(subjects: list[str], adapted: Floats, base: Floats, size: Floats) -> Drawn:
    one, other = Ratio(adapted, size), Ratio(base, size)
    return Drawn(subjects, lambda resamples: resamples.difference(one, other), Ratio(adapted - base, size))


def _share(count: int, random: np.random.Generator, more: float, less: float) -> Drawn:
    whose = np.repeat(np.arange(count), 1 + random.poisson(3, count))
    right = random.random(len(whose)) < random.beta(more, less, count)[whose]
    return _mean(whose.astype(str).tolist(), right.astype(np.float64))


def _mean(subjects: list[str], values: Floats) -> Drawn:
    ratio = Ratio(values, np.ones(len(values)))
    return Drawn(subjects, lambda resamples: resamples.value(ratio), ratio)


def _difference_of_shares(count: int, random: np.random.Generator, _: float) -> Drawn:
    whose = np.repeat(np.arange(count), 1 + random.poisson(3, count))
    won, lost = random.beta(1, 8, count)[whose], random.beta(1, 12, count)[whose]
    dice = random.random(len(whose))
    return _mean(whose.astype(str).tolist(), 1.0 * (dice < won) - 1.0 * (dice > 1 - lost))


def _macro_f1(count: int, random: np.random.Generator, _: float) -> Drawn:
    """A subject is told more or less well; three labels, one rare."""
    whose = np.repeat(np.arange(count), 1 + random.poisson(3, count))
    truth = random.choice(3, len(whose), p=[0.55, 0.3, 0.15])
    is_guessed = random.random(len(whose)) > random.beta(6, 2, count)[whose]
    told = np.where(is_guessed, random.choice(3, len(whose), p=[0.7, 0.2, 0.1]), truth)
    answers = Answers(np.eye(3)[told], truth, 3)
    return Drawn(whose.astype(str).tolist(), lambda resamples: METRICS["macro_f1"].value(answers, resamples))


def of_project(folder: Path) -> Iterator[Population]:
    """The scores of the project's last evaluation, drawn anew by subject; of general text by text."""
    scores = read_scores(folder)
    size = pl.col("bytes").cast(pl.Float64)
    bits = scores.items.select(
        "cluster", (pl.col(ADAPTED) * size).alias("adapted"), (pl.col(BASE) * size).alias("base"), size
    )
    yield _drawn_again(f"{folder.name}: bits per byte, adapted less base", bits.rename({"bytes": "size"}))
    answers = scores.items.select(
        "cluster", adapted="rouge_l_adapted", base="rouge_l_base", size=pl.lit(1.0)
    ).drop_nulls()
    yield _drawn_again(f"{folder.name}: rouge L, adapted less base", answers)
    general = scores.base.filter(pl.col("suite") == "general").join(
        scores.adapted.filter(pl.col("suite") == "general").select("id", adapted="nats"), on="id"
    )
    rise = general.select(cluster="id", adapted=pl.col("adapted") - pl.col("nats"), base=pl.lit(0.0), size="nats")
    yield _drawn_again(f"{folder.name}: rise on general text", rise)


def _drawn_again(name: str, items: pl.DataFrame) -> Population:
    columns = {column: items[column].to_numpy().astype(np.float64) for column in ("adapted", "base", "size")}
    parts = list(items.with_row_index("place").sort("cluster").partition_by("cluster", maintain_order=True))
    places = [part["place"].to_numpy() for part in parts]

    def draw(count: int, random: np.random.Generator, shift: float) -> Drawn:
        chosen = [places[place] for place in random.integers(0, len(places), count)]
        rows = np.concatenate(chosen)
        subjects = np.repeat(np.arange(count), [len(one) for one in chosen]).astype(str).tolist()
        adapted, base, size = (columns[column][rows] for column in ("adapted", "base", "size"))
        return _paired(subjects, adapted + shift * size, base, size)

    truth = (columns["adapted"].sum() - columns["base"].sum()) / columns["size"].sum()
    return Population(f"{name} ({len(places)} subjects)", float(truth), draw, shifts=True)


def with_truth(population: Population, truth: float) -> Population:
    """The same subjects, all of whom gain as much more or less as it takes."""
    more = truth - population.truth
    return replace(
        population, truth=truth, draw=lambda count, random, shift: population.draw(count, random, shift + more)
    )
