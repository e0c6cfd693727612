"""How many items to read: to pass or return a batch of labels, and to know an agreement as closely as wanted."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

from acclimate.annotation.agreement.figure import Agreement
from acclimate.annotation.readings import Label, Readings
from acclimate.core.errors import ConfigError

MAX_ERRORS_ALLOWED = 1000
CORRECTIONS = 3
PILOT_ITEMS = 4000
SIMULATED_ITEMS = 40_000
"""In all studies of one size together: small studies vary more, so more of them are simulated."""
FEWEST_STUDIES, MOST_STUDIES = 10, 200


@dataclass(frozen=True)
class AcceptancePlan:
    """Check `check` items drawn at random; pass the batch with at most `pass_at` errors, return it with more.

    `producer_risk` is the probability that a batch of the acceptable error rate is returned all the same,
    `consumer_risk` the one that a batch of the unacceptable rate passes. `batch` is None for a batch without end.
    """

    check: int
    pass_at: int
    batch: int | None
    producer_risk: float
    consumer_risk: float

    @property
    def return_at(self) -> int:
        """The number of errors from which the batch goes back."""
        return self.pass_at + 1

    def passes(self, errors: int) -> bool:
        """Whether the batch passes with this many errors among the checked items."""
        if not 0 <= errors <= self.check:
            raise ConfigError(
                f"{errors} errors among {self.check} checked items.", hint="count the checked items alone"
            )
        return errors <= self.pass_at

    def pass_probability(self, error_rate: float) -> float:
        """How likely a batch passes whose true error rate this is: the operating characteristic."""
        wrong = None if self.batch is None else round(error_rate * self.batch)
        return _pass_probability(self.check, self.pass_at, self.batch, error_rate if wrong is None else wrong)


def acceptance_plan(
    *,
    acceptable: float,
    unacceptable: float,
    batch: int | None = None,
    producer_risk: float = 0.05,
    consumer_risk: float = 0.10,
) -> AcceptancePlan:
    """The smallest plan that returns a batch of the acceptable error rate, and passes one of the unacceptable, rarely.

    Exact: hypergeometric for a batch of known size, binomial without (single sampling by attributes; Montgomery,
    Introduction to Statistical Quality Control, ch. 15). In a batch, the acceptable rate is rounded down to whole items
    and the unacceptable one up, so the risks hold for the rates as given. Raises ConfigError where the two rates or
    the risks cannot be told apart.

    >>> acceptance_plan(acceptable=0.01, unacceptable=0.05, batch=1000).check
    128
    """
    _require_plan(acceptable, unacceptable, batch, producer_risk, consumer_risk)
    good = acceptable if batch is None else math.floor(acceptable * batch + 1e-9)
    bad = unacceptable if batch is None else math.ceil(unacceptable * batch - 1e-9)
    if good == bad:
        raise ConfigError(
            f"Both error rates are {good} items of a batch of {batch}.",
            hint="take rates further apart, or a larger batch",
        )
    for pass_at in range(MAX_ERRORS_ALLOWED):
        check = _fewest_to_catch(pass_at, batch, bad, consumer_risk)
        passing_good = _pass_probability(check, pass_at, batch, good)
        if passing_good >= 1 - producer_risk:
            passing_bad = _pass_probability(check, pass_at, batch, bad)
            return AcceptancePlan(check, pass_at, batch, 1 - passing_good, passing_bad)
    raise ConfigError(
        f"No plan of up to {MAX_ERRORS_ALLOWED} errors tells {acceptable:g} from {unacceptable:g}.",
        hint="take rates further apart, or larger risks",
    )


@dataclass(frozen=True)
class ReadingPlan:
    """How many items each of `annotators` reads; `width` is the mean width of the interval in simulated studies."""

    items: int
    annotators: int
    width: float

    @property
    def readings(self) -> int:
        """All readings together."""
        return self.items * self.annotators


def reading_plan(
    measure: Callable[[Readings], Agreement],
    *,
    prevalence: Mapping[Label, float],
    agreement: float,
    width: float,
    annotators: int = 2,
    seed: int = 0,
) -> ReadingPlan:
    """How many items give the coefficient an interval of this width, by simulation.

    `measure` is any coefficient as it will be used, its confidence included. Readers are simulated who know the label
    with probability √agreement and else guess by `prevalence` (label → share), which makes every two of them agree
    beyond chance by exactly `agreement` in the nominal sense. The width of large simulated studies is scaled
    to the wanted one, then corrected by studies of the sizes that follow: few items have wider intervals than that scale. Raises ConfigError for shares that do not sum
    to one, an agreement outside 0 to 1, or where no study of that size has an interval.

    Readers of real items also vary in difficulty and skill: plan with the lowest agreement you would accept.
    """
    _require_reading_plan(prevalence, agreement, width, annotators)
    generator = np.random.default_rng(seed)

    def simulated_width(items: int) -> float:
        estimate = measure(_simulated(items, prevalence, agreement, annotators, generator)).estimate
        return estimate.high - estimate.low

    def scaled(items: int, found: float) -> int:
        return max(2, math.ceil(items * (found / width) ** 2))

    items, found = PILOT_ITEMS, _mean_width(simulated_width, PILOT_ITEMS)
    for _ in range(CORRECTIONS):
        items = scaled(items, found)
        found = _mean_width(simulated_width, items)
    return ReadingPlan(items, annotators, found)


def _mean_width(simulated_width: Callable[[int], float], items: int) -> float:
    """The mean over those simulated studies whose interval is defined."""
    studies = min(max(FEWEST_STUDIES, SIMULATED_ITEMS // items), MOST_STUDIES)
    widths = np.array([simulated_width(items) for _ in range(studies)])
    defined = widths[np.isfinite(widths)]
    if not len(defined):
        raise ConfigError(
            f"No simulated study of {items} items has an interval: too few have the rarer labels.",
            hint="ask for a narrower interval, or join rare labels",
        )
    return float(defined.mean())


def _simulated(
    items: int, prevalence: Mapping[Label, float], agreement: float, annotators: int, generator: np.random.Generator
) -> Readings:
    labels = tuple(prevalence)
    shares = np.array(list(prevalence.values()))
    shape = (items, annotators)
    truth = generator.choice(len(labels), items, p=shares)[:, None]
    guesses = generator.choice(len(labels), shape, p=shares)
    given = np.where(generator.random(shape) < math.sqrt(agreement), truth, guesses)
    names = tuple(str(item) for item in range(items))
    item, annotator = np.indices(shape)
    return Readings(
        items=names,
        clusters=names,
        annotators=tuple(str(annotator) for annotator in range(annotators)),
        labels=labels,
        item=item.ravel(),
        annotator=annotator.ravel(),
        label=given.ravel(),
    )


def _fewest_to_catch(pass_at: int, batch: int | None, bad: float, consumer_risk: float) -> int:
    """The fewest items to check so that the bad batch passes no more often than that; found by bisection."""
    too_few, enough = pass_at, pass_at + 1
    while _pass_probability(enough, pass_at, batch, bad) > consumer_risk:
        too_few, enough = enough, 2 * enough
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        if _pass_probability(middle, pass_at, batch, bad) > consumer_risk:
            too_few = middle
        else:
            enough = middle
    return enough


def _pass_probability(check: int, pass_at: int, batch: int | None, wrong: float) -> float:
    """The probability of at most `pass_at` errors; `wrong` is a number of items in a batch, else a rate."""
    if batch is None:
        return float(stats.binom.cdf(pass_at, check, wrong))
    return float(stats.hypergeom.cdf(pass_at, batch, int(wrong), min(check, batch)))


def _require_plan(
    acceptable: float, unacceptable: float, batch: int | None, producer_risk: float, consumer_risk: float
) -> None:
    if not 0 <= acceptable < unacceptable <= 1:
        raise ConfigError(
            f"The acceptable error rate is {acceptable:g}, the unacceptable {unacceptable:g}.",
            hint="give rates between 0 and 1, the acceptable one lower",
        )
    if not (0 < producer_risk < 1 and 0 < consumer_risk < 1):
        raise ConfigError(
            f"The producer's risk is {producer_risk:g}, the consumer's {consumer_risk:g}.",
            hint="give risks between 0 and 1, such as 0.05 and 0.10",
        )
    if batch is not None and batch < 1:
        raise ConfigError(f"The batch has {batch} items.", hint="give its size, or None for one without end")


def _require_reading_plan(prevalence: Mapping[Label, float], agreement: float, width: float, annotators: int) -> None:
    if min(prevalence.values(), default=0) <= 0 or not math.isclose(sum(prevalence.values()), 1, abs_tol=1e-6):
        raise ConfigError(
            f"The shares of {len(prevalence)} labels sum to {sum(prevalence.values()):g}.",
            hint="give every label a share above 0; they sum to 1",
        )
    if len(prevalence) < 2 or annotators < 2:
        raise ConfigError(
            f"{len(prevalence)} labels and {annotators} annotators.", hint="agreement needs two of each or more"
        )
    if not (0 <= agreement < 1 and 0 < width < 2):
        raise ConfigError(
            f"The expected agreement is {agreement:g} and the width {width:g}.",
            hint="give an agreement from 0 to below 1 and a width between 0 and 2",
        )
