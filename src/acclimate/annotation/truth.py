"""What is most likely true when annotators disagree: majority vote, Dawid–Skene, and MACE.

The two models are one EM: both hold a confusion matrix for each annotator, which MACE forces into the form
"knows the label, or else guesses". All three are deterministic.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import sparse, special

from acclimate.annotation.readings import Floats, Label, Readings
from acclimate.core.errors import ConfigError, DataError


@dataclass(frozen=True)
class Truth:
    """What each item's label may be, and how well each annotator reads.

    `posteriors` is items × labels, rows sum to one. `confusion` is annotators × true label × given label, rows sum to
    one. `competence` is one figure an annotator: for MACE the probability of knowing instead of guessing, for the
    others the expected share of right labels. `objective` is what EM maximised, at the last step; `converged` says
    whether it came to rest within `iterations` steps.
    """

    items: tuple[str, ...]
    labels: tuple[Label, ...]
    annotators: tuple[str, ...]
    posteriors: Floats
    prevalence: Floats
    confusion: Floats
    competence: Floats
    converged: bool
    iterations: int
    objective: float

    def best_labels(self) -> dict[str, Label | None]:
        """The most likely label of each item; None where two are equally likely."""
        ranked = np.sort(self.posteriors, axis=1)
        tied = np.zeros(len(self.items), dtype=bool)
        if len(self.labels) > 1:
            tied = np.isclose(ranked[:, -1], ranked[:, -2], rtol=0, atol=1e-9)
        best = self.posteriors.argmax(axis=1)
        return {
            item: None if tie else self.labels[place] for item, place, tie in zip(self.items, best, tied, strict=True)
        }

    def soft_labels(self, *, min_weight: float = 1e-6) -> dict[str, dict[Label, float]]:
        """Each item's labels with their posterior as weight; weights below `min_weight` are left out, the rest sum to 1."""
        kept = np.where(self.posteriors >= min_weight, self.posteriors, 0)
        kept /= kept.sum(axis=1, keepdims=True)
        return {
            item: {label: float(weight) for label, weight in zip(self.labels, weights, strict=True) if weight > 0}
            for item, weights in zip(self.items, kept, strict=True)
        }

    def annotator_table(self) -> pl.DataFrame:
        """annotator and competence, least competent first."""
        table = pl.DataFrame({"annotator": self.annotators, "competence": self.competence})
        return table.sort("competence", "annotator")


def majority_vote(readings: Readings) -> Truth:
    """The share of votes as posterior, the baseline of all models; annotators are measured against these shares.

    >>> rows = {"item": ["a", "a", "a"], "annotator": ["x", "y", "z"], "label": ["no", "yes", "yes"]}
    >>> majority_vote(Readings.from_table(pl.DataFrame(rows))).best_labels()
    {'a': 'yes'}
    """
    votes = _Votes(readings)
    shares = votes.shares()
    confusion = _normalised(votes.by_truth(shares))
    return votes.truth(shares, shares.mean(axis=0), confusion, _Run(True, 0, float("nan")))


def dawid_skene(
    readings: Readings, *, smoothing: float = 0.01, max_iterations: int = 1000, tolerance: float = 1e-6
) -> Truth:
    """Truth and a confusion matrix for each annotator by EM (Dawid and Skene 1979), started from the shares of votes.

    `smoothing` is added to every cell of every confusion matrix and to every label's count (a Dirichlet prior); 0 is
    the paper's maximum likelihood, which becomes certain of annotators who read little. An annotator may read an item
    several times. Converged means that no posterior moved by more than `tolerance` in the last step.
    """
    _require_steps(smoothing, max_iterations)
    votes = _Votes(readings)
    posteriors = votes.shares()
    moved, step = np.inf, 0
    while moved > tolerance and step < max_iterations:
        step += 1
        prevalence = _normalised(posteriors.sum(axis=0) + smoothing)
        confusion = _normalised(votes.by_truth(posteriors) + smoothing)
        likelihood = votes.likelihood(_log(confusion)) + _log(prevalence)
        before, posteriors = posteriors, special.softmax(likelihood, axis=1)
        moved = float(np.abs(posteriors - before).max())
    objective = _log_sum(likelihood)
    if smoothing:
        objective += smoothing * float(np.log(confusion).sum() + np.log(prevalence).sum())
    return votes.truth(posteriors, prevalence, confusion, _Run(moved <= tolerance, step, objective))


@dataclass(frozen=True)
class MacePriors:
    """Beta prior of knowing and guessing, and symmetric Dirichlet prior of what is guessed (defaults: Hovy et al.)."""

    knowing: float = 0.5
    guessing: float = 0.5
    strategy: float = 10.0


DEFAULT_PRIORS = MacePriors()


def mace(
    readings: Readings,
    *,
    priors: MacePriors = DEFAULT_PRIORS,
    restarts: int = 10,
    max_iterations: int = 500,
    tolerance: float = 1e-6,
    seed: int = 0,
) -> Truth:
    """Truth and each annotator's competence by variational Bayes (Hovy et al. 2013, "Learning whom to trust with MACE").

    An annotator knows the label with one probability, else guesses by a habit that does not depend on the item, so
    those who always press the same key stand out. Labels are equally likely beforehand. The first start is even, the
    others are drawn with `seed`; the one with the highest evidence bound is kept.
    """
    _require_steps(min(priors.knowing, priors.guessing, priors.strategy), max_iterations)
    votes = _Votes(readings)
    generator = np.random.default_rng(seed)
    best = _mace_run(votes, priors, _Guesses.even(votes), max_iterations, tolerance)
    for _ in range(restarts - 1):
        run = _mace_run(votes, priors, _Guesses.drawn(votes, generator), max_iterations, tolerance)
        best = max(best, run, key=lambda truth: truth.objective)
    return best


@dataclass(frozen=True)
class _Run:
    """How an EM ended."""

    converged: bool
    iterations: int
    objective: float


class _Votes:
    """Readings as a sparse matrix of (annotator, given label) × item, so that both EM steps are one product each."""

    def __init__(self, readings: Readings) -> None:
        if not readings.items:
            raise DataError("There are no readings to find the truth of.", hint="give at least one label of one item")
        self.readings = readings
        self.annotators, self.labels = len(readings.annotators), len(readings.labels)
        cell = readings.annotator * self.labels + readings.label
        shape = (self.annotators * self.labels, len(readings.items))
        self.cells = sparse.csr_array((np.ones(len(cell)), (cell, readings.item)), shape=shape)

    def shares(self) -> Floats:
        """Items × labels: the share of an item's readings."""
        return _normalised(self.readings.counts)

    def by_truth(self, posteriors: Floats) -> Floats:
        """Annotators × true × given: the expected number of readings."""
        counts = (self.cells @ posteriors).reshape(self.annotators, self.labels, self.labels)
        return np.asarray(counts.transpose(0, 2, 1))

    def likelihood(self, log_confusion: Floats) -> Floats:
        """Items × true label: the log-likelihood of an item's readings."""
        by_cell = log_confusion.transpose(0, 2, 1).reshape(-1, self.labels)
        return np.asarray(self.cells.T @ by_cell)

    def truth(
        self, posteriors: Floats, prevalence: Floats, confusion: Floats, run: _Run, *, knows: Floats | None = None
    ) -> Truth:
        """The result; competence is `knows`, or the expected share of right labels."""
        right = np.einsum("k,akk->a", prevalence, confusion)
        return Truth(
            items=self.readings.items,
            labels=self.readings.labels,
            annotators=self.readings.annotators,
            posteriors=posteriors,
            prevalence=prevalence,
            confusion=confusion,
            competence=right if knows is None else knows,
            converged=run.converged,
            iterations=run.iterations,
            objective=run.objective,
        )


@dataclass(frozen=True)
class _Guesses:
    """MACE's parameters: `knows` and `guesses` have a figure an annotator, `strategy` one an annotator and label."""

    knows: Floats
    guesses: Floats
    strategy: Floats

    @classmethod
    def even(cls, votes: _Votes) -> _Guesses:
        half = np.full(votes.annotators, 0.5)
        return cls(half, half, np.full((votes.annotators, votes.labels), 1 / votes.labels))

    @classmethod
    def drawn(cls, votes: _Votes, generator: np.random.Generator) -> _Guesses:
        knows = generator.beta(2, 2, votes.annotators)
        return cls(knows, 1 - knows, generator.dirichlet(np.full(votes.labels, 2.0), votes.annotators))

    def confusion(self) -> Floats:
        """Annotators × true × given."""
        guessed = (self.guesses[:, None] * self.strategy)[:, None, :]
        known = self.knows[:, None, None] * np.eye(self.strategy.shape[1])
        return np.asarray(guessed + known)


def _mace_run(votes: _Votes, priors: MacePriors, start: _Guesses, max_iterations: int, tolerance: float) -> Truth:
    even = np.full(votes.labels, 1 / votes.labels)
    prior = _Counts(
        np.full(votes.annotators, priors.knowing),
        np.full(votes.annotators, priors.guessing),
        np.full((votes.annotators, votes.labels), priors.strategy),
    )
    weights, found = start, prior
    posteriors = np.tile(even, (len(votes.readings.items), 1))
    moved, step = np.inf, 0
    while moved > tolerance and step < max_iterations:
        step += 1
        likelihood = votes.likelihood(_log(weights.confusion())) + np.log(even)
        before, posteriors = posteriors, special.softmax(likelihood, axis=1)
        moved = float(np.abs(posteriors - before).max())
        # The bound belongs to the counts that gave these weights, so it is taken before they change.
        objective = _log_sum(likelihood) - found.divergence(prior)
        found = prior.plus(_expected_counts(votes, posteriors, weights))
        weights = found.weights()
    means = found.means()
    run = _Run(moved <= tolerance, step, objective)
    return votes.truth(posteriors, even, means.confusion(), run, knows=means.knows)


@dataclass(frozen=True)
class _Counts:
    """Pseudo-counts of Beta and Dirichlet distributions over the parameters of `_Guesses`."""

    knows: Floats
    guesses: Floats
    strategy: Floats

    def plus(self, other: _Counts) -> _Counts:
        return _Counts(self.knows + other.knows, self.guesses + other.guesses, self.strategy + other.strategy)

    def means(self) -> _Guesses:
        total = self.knows + self.guesses
        return _Guesses(self.knows / total, self.guesses / total, _normalised(self.strategy))

    def weights(self) -> _Guesses:
        """The exponential of each parameter's expected logarithm; they sum to less than one."""
        total = special.digamma(self.knows + self.guesses)
        strategy = special.digamma(self.strategy) - special.digamma(self.strategy.sum(axis=1, keepdims=True))
        return _Guesses(
            np.exp(special.digamma(self.knows) - total), np.exp(special.digamma(self.guesses) - total), np.exp(strategy)
        )

    def divergence(self, prior: _Counts) -> float:
        """The Kullback–Leibler divergence from the prior, summed over annotators."""
        knowing = _dirichlet_divergence(
            np.column_stack([self.knows, self.guesses]), np.column_stack([prior.knows, prior.guesses])
        )
        return knowing + _dirichlet_divergence(self.strategy, prior.strategy)


def _expected_counts(votes: _Votes, posteriors: Floats, weights: _Guesses) -> _Counts:
    """How many readings each annotator knew and how many, of which label, were guessed."""
    counts = votes.by_truth(posteriors)
    right = np.einsum("akk->ak", counts)
    guessed = weights.guesses[:, None] * weights.strategy
    known = right * weights.knows[:, None] / (weights.knows[:, None] + guessed)
    guesses = counts.sum(axis=1) - known
    return _Counts(known.sum(axis=1), guesses.sum(axis=1), guesses)


def _dirichlet_divergence(found: Floats, prior: Floats) -> float:
    total, prior_total = found.sum(axis=1), prior.sum(axis=1)
    constants = special.gammaln(total) - special.gammaln(prior_total)
    cells = special.gammaln(prior) - special.gammaln(found)
    cells += (found - prior) * (special.digamma(found) - special.digamma(total)[:, None])
    return float(constants.sum() + cells.sum())


def _normalised(counts: Floats) -> Floats:
    """Rows that sum to one; even where there is nothing to go by."""
    total = counts.sum(axis=-1, keepdims=True)
    even = np.full_like(counts, 1 / counts.shape[-1])
    return np.asarray(np.divide(counts, total, out=even, where=total > 0))


def _log(probabilities: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(probabilities))


def _log_sum(likelihood: Floats) -> float:
    return float(special.logsumexp(likelihood, axis=1).sum())


def _require_steps(prior: float, max_iterations: int) -> None:
    if prior < 0 or max_iterations < 1:
        raise ConfigError(
            f"The smallest prior count is {prior:g} and max_iterations is {max_iterations}.",
            hint="give prior counts of zero or more and one iteration or more",
        )
