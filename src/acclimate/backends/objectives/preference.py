"""Direct preference optimisation (Rafailov et al. 2023, arXiv:2305.18290): the chosen answer likelier, the rejected less so.

How much is measured against the untrained model, whose likelihoods are computed once, before any step and before a
checkpoint is loaded: no second model is held, and a resumed run finds the same ones.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from acclimate.backends.objectives.objective import Batch, BatchLoss, Figure, means
from acclimate.backends.packing import PACK_TOKENS, Network, Pack, check_packing
from acclimate.core.errors import ContractError
from acclimate.core.ports import PairRow, TokenRow, TrainingPlan
from acclimate.core.preferences import AnswerGain, preference_loss, reward_margin, reward_weight

Row = TokenRow | PairRow
"""A pair to learn from, or a replayed text."""


@dataclass(frozen=True)
class Likelihood:
    """The negative log-likelihood of an answer with its stop token, over so many tokens; `text_nats` is without it."""

    nats: float
    tokens: int
    text_nats: float

    @classmethod
    def of(cls, row: TokenRow, nats: Sequence[float]) -> Likelihood:
        """From the nats of each token of the row that carries loss, in order."""
        places = (place for place in range(1, len(row.tokens)) if row.trained[place])
        text = math.fsum(value for place, value in zip(places, nats, strict=True) if place not in row.stops)
        return cls(math.fsum(nats), len(nats), text)


@dataclass(frozen=True)
class PairLikelihood:
    """Of both answers of a pair."""

    chosen: Likelihood
    rejected: Likelihood

    @classmethod
    def of(cls, row: PairRow, nats: Iterator[Sequence[float]]) -> PairLikelihood:
        """From what is next: the nats of the chosen answer's tokens, then those of the rejected one's."""
        return cls(Likelihood.of(row.chosen, next(nats)), Likelihood.of(row.rejected, next(nats)))


@dataclass(frozen=True)
class PairLoss:
    """The loss of one pair, its reward margin, and how the loss changes with the nats of a token of each answer."""

    loss: float
    margin: float
    by_chosen: float
    by_rejected: float


def pair_loss(now: PairLikelihood, reference: PairLikelihood, plan: TrainingPlan) -> PairLoss:
    """The loss of a pair; what an answer gained is the logarithm of its likelihood now over that before."""
    gains = [
        AnswerGain(before.nats - after.nats, after.tokens)
        for before, after in ((reference.chosen, now.chosen), (reference.rejected, now.rejected))
    ]
    margin = reward_margin(*gains, beta=plan.beta, loss_type=plan.loss_type)
    loss = preference_loss(margin)
    wrong = -math.expm1(-loss)
    of_chosen, of_rejected = (reward_weight(gain.tokens, beta=plan.beta, loss_type=plan.loss_type) for gain in gains)
    return PairLoss(loss, margin, by_chosen=of_chosen * wrong, by_rejected=-of_rejected * wrong)


@dataclass(frozen=True)
class RowLoss:
    """What a row adds to the loss of a step, how that changes with the nats of each of its tokens, and what is told.

    Told is the loss of a pair, or the nats of each token of a text.
    """

    part: float
    by_token: Sequence[float]
    told: Sequence[float]


@dataclass(frozen=True)
class StepSizes:
    """How much there is in a step: pairs, tokens of chosen answers, and tokens that carry loss in all."""

    pairs: int
    chosen_tokens: int
    trained_tokens: int

    @classmethod
    def of(cls, rows: Sequence[Row]) -> StepSizes:
        """Of a step's rows."""
        pairs = [row for row in rows if isinstance(row, PairRow)]
        answers = [one for row in pairs for one in (row.chosen, row.rejected)]
        texts = [row for row in rows if isinstance(row, TokenRow)]
        chosen = sum(_learnt(row.chosen) for row in pairs)
        return cls(len(pairs), chosen, sum(map(_learnt, [*answers, *texts])))


class DirectPreference:
    """The mean loss of a step's pairs; replayed texts keep their causal loss, each token weighing as it does there."""

    figure = Figure("dpo_loss", "DPO loss")

    def __init__(self, model: Any, plan: TrainingPlan, batches: Sequence[Batch], validation: Sequence[Row]) -> None:
        if plan.use_eaft_loss or plan.replay_loss == "kl":
            raise ContractError("preference weighs no token by entropy and replays by likelihood alone")
        check_packing(model)
        self._network = Network.of(model)
        self._plan = plan
        trained = {row.id: row for batch in batches for _, row in batch if isinstance(row, PairRow)}
        self._validation = _pairs(validation)
        self._reference = self._likelihoods(trained.values())
        self._validation_reference = self._likelihoods(self._validation)

    def accumulate(self, batch: Batch, pack_done: Callable[[], None]) -> BatchLoss:
        """The gradients of a step, and its loss: the mean of the pairs', and the nats of replay by all tokens.

        `rpo_alpha` times the mean nats of a token of the chosen answers is added (Pang et al. 2024, arXiv:2404.19733).
        """
        rows = [row for _, row in batch]
        sizes = StepSizes.of(rows)
        made: list[RowLoss] = []
        tokens = 0
        for packed, held in _packs(rows):
            states = self._network.hidden_states(packed)
            with torch.no_grad():
                nats = _by_row(packed, self._network.loss_of_states(states, packed).nats.double().tolist())
            losses = [self._row_loss(row, nats, sizes) for row in held]
            weights = torch.tensor([weight for loss in losses for weight in loss.by_token], device=states.device)
            self._network.loss_of_states(states, packed, scale=weights).total.backward()
            pack_done()
            made += losses
            tokens += packed.row_tokens
        told: dict[str, list[float]] = defaultdict(list)
        for (source, _), loss in zip(batch, made, strict=True):
            told[source] += loss.told
        total = math.fsum(loss.part for loss in made)
        return BatchLoss(total, means(told)[1], sizes.trained_tokens, tokens)

    def measure(self) -> dict[str, float]:
        """On the validation pairs: loss, share with the right sign of the margin (ties count half), mean margin, and bits
        per byte of the chosen answers."""
        if not self._validation:
            return {}
        now = self._likelihoods(self._validation)
        losses = [pair_loss(now[row.id], self._validation_reference[row.id], self._plan) for row in self._validation]
        right = [(loss.margin > 0) + (loss.margin == 0) / 2 for loss in losses]
        bits = math.fsum(one.chosen.text_nats for one in now.values()) / math.log(2)
        return {
            "dpo_loss": math.fsum(loss.loss for loss in losses) / len(losses),
            "reward_accuracy": sum(right) / len(losses),
            "reward_margin": math.fsum(loss.margin for loss in losses) / len(losses),
            "bits_per_byte": bits / sum(row.chosen.target_bytes for row in self._validation),
        }

    def _row_loss(self, row: Row, nats: Iterator[Sequence[float]], sizes: StepSizes) -> RowLoss:
        if not isinstance(row, PairRow):
            own = next(nats)
            return RowLoss(math.fsum(own) / sizes.trained_tokens, [1 / sizes.trained_tokens] * len(own), own)
        now = PairLikelihood.of(row, nats)
        loss = pair_loss(now, self._reference[row.id], self._plan)
        by_likelihood = self._plan.rpo_alpha / sizes.chosen_tokens
        part = loss.loss / sizes.pairs + by_likelihood * now.chosen.nats
        by_chosen = [loss.by_chosen / sizes.pairs + by_likelihood] * now.chosen.tokens
        return RowLoss(part, by_chosen + [loss.by_rejected / sizes.pairs] * now.rejected.tokens, [loss.loss])

    def _likelihoods(self, pairs: Iterable[PairRow]) -> dict[str, PairLikelihood]:
        """Of each pair under the model as it is now, by id."""
        ordered = sorted(pairs, key=lambda row: (len(row.tokens), row.id))
        found: dict[str, PairLikelihood] = {}
        with torch.inference_mode():
            for packed, held in _packs(ordered):
                nats = _by_row(packed, self._network.loss(packed).nats.double().tolist())
                found |= {row.id: PairLikelihood.of(row, nats) for row in held if isinstance(row, PairRow)}
        return found


def _packs(rows: Iterable[Row]) -> Iterator[tuple[Pack, list[Row]]]:
    """The rows in their order, as many in a pack as fit; the two answers of a pair stand in one."""
    held: list[Row] = []
    size = 0
    for row in rows:
        if held and size + len(row.tokens) > PACK_TOKENS:
            yield _packed(held), held
            held, size = [], 0
        held.append(row)
        size += len(row.tokens)
    if held:
        yield _packed(held), held


def _packed(rows: Sequence[Row]) -> Pack:
    answers = ((row.chosen, row.rejected) if isinstance(row, PairRow) else (row,) for row in rows)
    return Pack(tuple(one for both in answers for one in both))


def _by_row(packed: Pack, nats: Sequence[float]) -> Iterator[Sequence[float]]:
    """The nats of each row of a pack, one number a token that carries loss."""
    start = 0
    for places in packed.targets:
        yield nats[start : start + len(places)]
        start += len(places)


def _pairs(rows: Sequence[Row]) -> list[PairRow]:
    for row in rows:
        if not isinstance(row, PairRow):
            raise ContractError(f"row {row.id} is no pair of answers, by which alone preferences can be measured")
    return [row for row in rows if isinstance(row, PairRow)]


def _learnt(row: TokenRow) -> int:
    """Tokens that carry loss; the first has nothing to be predicted from."""
    return sum(row.trained[1:])
