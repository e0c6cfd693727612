"""Preferences are learnt as the papers' formulas say, whatever is packed with what, and a cut run ends in the same bits."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.backends.test_training import METHODS
from tests.unit.backends.tiny_training import PLAN, CutOffError, EndsAfter, TinyRun

from acclimate.backends.decoder import load_decoder
from acclimate.backends.objectives import make_objective
from acclimate.backends.objectives.preference import Likelihood, PairLikelihood, pair_loss
from acclimate.backends.parameters import make_trainable
from acclimate.core.errors import ContractError

PREFERENCE = replace(PLAN, objective="preference", method="full")
WAYS = [name for name, plan in METHODS.items() if not plan.keys() & {"use_eaft_loss", "replay_loss"}]
FORMS = {
    "dpo": {},
    "length-normalised": {"loss_type": "sigmoid_norm", "beta": 5.0},
    "with likelihood": {"rpo_alpha": 0.7},
}

nats = st.floats(0.01, 300)
likelihoods = st.builds(
    lambda chosen, rejected, sizes: PairLikelihood(
        Likelihood(chosen, sizes[0], chosen), Likelihood(rejected, sizes[1], rejected)
    ),
    nats,
    nats,
    st.just((7, 3)),
)


def trl_loss(now, before, plan, sizes=(7, 3)):
    """DPOTrainer's formula (trl 1.16) on log-likelihoods."""
    ratios = [
        (one - other) / (size if plan.loss_type == "sigmoid_norm" else 1)
        for one, other, size in zip(now, before, sizes, strict=True)
    ]
    return -torch.nn.functional.logsigmoid(plan.beta * (ratios[0] - ratios[1]))


@given(now=likelihoods, before=likelihoods, form=st.sampled_from(["dpo", "length-normalised"]))
def test_a_pair_has_the_loss_and_slopes_of_the_formula(now, before, form):
    plan = replace(PREFERENCE, **FORMS[form])
    logps = torch.tensor([-now.chosen.nats, -now.rejected.nats], dtype=torch.float64, requires_grad=True)
    reference = torch.tensor([-before.chosen.nats, -before.rejected.nats], dtype=torch.float64)
    expected = trl_loss(logps, reference, plan)
    expected.backward()
    found = pair_loss(now, before, plan)
    assert found.loss == pytest.approx(expected.item(), rel=1e-9, abs=1e-12)
    assert [-found.by_chosen, -found.by_rejected] == pytest.approx(logps.grad.tolist(), rel=1e-9, abs=1e-12)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return TinyRun(tmp_path_factory.mktemp("preference") / "run")


def objective_of(run, plan, batch, moved=0.02):
    """The objective on a model that has moved away from the reference a little."""
    trainable = make_trainable(load_decoder(run.base, precision="fp32").model, plan)
    objective = make_objective(trainable, plan, batches=[batch], validation=run.pairs()[:2])
    generator = torch.Generator().manual_seed(0)
    for weight in trainable.masters.values():
        weight += moved * torch.randn(weight.shape, generator=generator)
    trainable.publish()
    return trainable, objective


def gradients(trainable):
    return {name: weight.grad.clone() for name, weight in trainable.computing.items()}


def plain_likelihood(model, row):
    """The sum and number of log-likelihoods of an answer, by the model's own forward pass without any packing."""
    logits = model(input_ids=torch.tensor([row.tokens])).logits[0, :-1]
    logps = logits.log_softmax(-1).gather(1, torch.tensor(row.tokens[1:])[:, None])[:, 0]
    learnt = torch.tensor(row.trained[1:])
    return logps[learnt].sum(), int(learnt.sum())


def plain_loss(model, reference, batch, plan):
    """Loss of a step as DPOTrainer computes it, with replay's share beside it."""
    pairs = [row for source, row in batch if source == "domain"]
    texts = [row for source, row in batch if source == "replay"]
    losses, chosen, trained = [], [], 0
    for row in pairs:
        answers = (row.chosen, row.rejected)
        now, before = ([plain_likelihood(one, answer) for answer in answers] for one in (model, reference))
        sizes = tuple(size for _, size in now)
        losses.append(trl_loss([x for x, _ in now], [x.detach() for x, _ in before], plan, sizes))
        chosen.append(now[0])
        trained += sum(sizes)
    replayed = [plain_likelihood(model, row) for row in texts]
    trained += sum(size for _, size in replayed)
    likelihood = -sum(value for value, _ in chosen) / sum(size for _, size in chosen)
    return torch.stack(losses).mean() + plan.rpo_alpha * likelihood - sum(value for value, _ in replayed) / trained


@pytest.mark.parametrize("form", FORMS)
def test_a_step_is_what_a_plain_unpacked_computation_gives(run, form):
    plan = replace(PREFERENCE, **FORMS[form])
    batch = [("domain", row) for row in run.pairs()[2:5]] + [("replay", run.rows()[6])]
    trainable, objective = objective_of(run, plan, batch)
    made = objective.accumulate(batch, lambda: None)
    found = gradients(trainable)
    trainable.model.zero_grad()
    expected = plain_loss(trainable.model, load_decoder(run.base, precision="fp32").model, batch, plan)
    expected.backward()
    assert made.loss == pytest.approx(expected.item(), rel=1e-5)
    for name, gradient in gradients(trainable).items():
        scale = gradient.abs().max()
        assert torch.allclose(found[name], gradient, rtol=1e-4, atol=1e-5 * scale), name


@pytest.mark.parametrize("form", ["dpo", "length-normalised"])
def test_a_batch_has_the_mean_gradient_of_its_pairs(run, form):
    batch = [("domain", row) for row in run.pairs()[2:6]]
    trainable, objective = objective_of(run, replace(PREFERENCE, **FORMS[form]), batch)
    objective.accumulate(batch, lambda: None)
    whole = gradients(trainable)
    trainable.model.zero_grad()
    for one in batch:
        objective.accumulate([one], lambda: None)
    for name, summed in gradients(trainable).items():
        assert torch.allclose(whole[name], summed / 4, rtol=1e-4, atol=1e-5 * summed.abs().max()), name


def test_before_training_nothing_is_preferred(run):
    _, objective = objective_of(run, PREFERENCE, [], moved=0)
    assert objective.measure()["dpo_loss"] == pytest.approx(math.log(2))
    assert objective.measure()["reward_accuracy"] == 0.5
    assert objective.measure()["reward_margin"] == 0


@pytest.mark.parametrize("changes", [{"use_eaft_loss": True}, {"replay_loss": "kl"}])
def test_what_this_objective_does_not_do_is_refused(run, changes):
    with pytest.raises(ContractError, match="no token by entropy"):
        objective_of(run, replace(PREFERENCE, **changes), [])


@pytest.mark.parametrize("method", WAYS)
def test_every_method_learns_what_is_preferred(tmp_path, method):
    result = TinyRun(tmp_path / "run").with_plan(objective="preference", **METHODS[method]).train()
    first, last = result.validation[0], result.validation[-1]
    assert last["dpo_loss"] < first["dpo_loss"]
    assert last["reward_margin"] > 0
    assert last["reward_accuracy"] == 1
    assert set(result.steps[0].loss_by_source) == {"domain", "replay"}


def test_bf16_learns_what_is_preferred(tmp_path):
    result = TinyRun(tmp_path / "run").with_plan(objective="preference", precision="bf16").train()
    assert result.validation[-1]["dpo_loss"] < result.validation[0]["dpo_loss"]


@pytest.mark.parametrize("method", ["lora", "dora", "full"])
@pytest.mark.parametrize("steps", [1, 3, 5])
def test_a_run_that_was_cut_off_ends_in_the_same_bytes(tmp_path, method, steps):
    settings = {"objective": "preference", "rpo_alpha": 0.1, **METHODS[method]}
    undisturbed = TinyRun(tmp_path / "undisturbed").with_plan(**settings)
    expected = undisturbed.train()
    cut = TinyRun(tmp_path / "cut").with_plan(**settings)
    with pytest.raises(CutOffError):
        cut.train(EndsAfter(steps))
    assert cut.train() == expected
    assert cut.digests() == undisturbed.digests()


def test_a_pair_larger_than_a_pack_is_learnt_from(tmp_path):
    long_questions = tuple(f"{day} days of fever? " * 95 for day in range(8))
    result = TinyRun(tmp_path / "run", questions=long_questions).with_plan(objective="preference").train()
    assert result.steps[0].tokens > 2048
    assert result.validation[-1]["dpo_loss"] < result.validation[0]["dpo_loss"]


def test_rows_of_another_kind_are_refused(run):
    trainable = make_trainable(load_decoder(run.base, precision="fp32").model, PREFERENCE)
    with pytest.raises(ContractError, match="row 0 is no pair"):
        make_objective(trainable, PREFERENCE, batches=[], validation=run.rows()[:1])
