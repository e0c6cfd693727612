"""Rows in a pack count as they count alone, in loss, gradient and score."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy, kl_div, log_softmax
from transformers import LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM

from acclimate.backends.attention import packed_attention, use_packed_attention
from acclimate.backends.cross_entropy import Teacher, summed_cross_entropy
from acclimate.backends.packing import Network, Pack, check_packing, pack
from acclimate.backends.scoring import score_rows
from acclimate.core.errors import ModelError
from acclimate.core.ports import TokenRow

SIZES = {
    "vocab_size": 97,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}


def a_model(kind=LlamaForCausalLM, config=LlamaConfig, dtype=torch.float32, **settings):
    torch.manual_seed(0)
    return kind(config(**SIZES, **settings)).to(dtype).eval()


def a_row(name, *tokens, untrained=1, stop=False):
    trained = tuple(place >= untrained for place in range(len(tokens)))
    return TokenRow(name, tokens, trained, target_bytes=10, stops=(len(tokens) - 1,) if stop else ())


ROWS = [a_row("a", 5, 9, 17, 3), a_row("b", 23, 5, 8, untrained=2), a_row("c", *range(40, 70), untrained=7)]


def nats_alone(model, row):
    logits = model(input_ids=torch.tensor([row.tokens])).logits[0, :-1].float()
    nats = cross_entropy(logits, torch.tensor(row.tokens[1:]), reduction="none")
    return torch.stack([value for place, value in enumerate(nats, start=1) if row.trained[place]])


def first_gradient(model, loss):
    model.zero_grad()
    loss.backward()
    return torch.cat([weight.grad.flatten().clone() for weight in model.parameters()])


@pytest.mark.parametrize(
    ("kind", "config", "settings"),
    [(LlamaForCausalLM, LlamaConfig, {}), (MistralForCausalLM, MistralConfig, {"sliding_window": 8})],
)
def test_a_pack_has_the_loss_and_the_gradient_of_its_rows_alone(kind, config, settings):
    model = a_model(kind, config, **settings)
    alone = torch.cat([nats_alone(model, row) for row in ROWS]).sum()
    gradient_alone = first_gradient(model, alone)
    packed = Network.of(model).loss(Pack(tuple(ROWS))).total
    assert packed.item() == pytest.approx(alone.item(), rel=1e-5)
    gradient = first_gradient(model, packed)
    assert (gradient - gradient_alone).norm() <= 1e-5 * gradient_alone.norm()


@pytest.mark.parametrize("lengths", [[1], [3, 5, 7], [4, 1, 9]])
def test_the_explicit_form_of_attention_in_bf16_gives_what_torch_gives_in_fp32(lengths):
    torch.manual_seed(0)
    rounded = [torch.randn(1, heads, sum(lengths), 8).bfloat16() for heads in (4, 2, 2)]
    results = []
    for dtype in (torch.bfloat16, torch.float32):
        inputs = [part.to(dtype).requires_grad_() for part in rounded]
        output, _ = packed_attention(torch.nn.Module(), *inputs, None, document_lengths=lengths)
        gradients = torch.autograd.grad(output.float().pow(2).sum(), inputs)
        results.append([output.float(), *(gradient.float() for gradient in gradients)])
    for explicit, fused in zip(*results, strict=True):
        torch.testing.assert_close(explicit, fused, rtol=0.05, atol=0.05)


@pytest.mark.parametrize("chunk", [97, 97 * 3, 1 << 20])
def test_cross_entropy_in_chunks_has_the_loss_and_gradients_of_the_plain_one(chunk):
    torch.manual_seed(0)
    hidden, weight, bias = (torch.randn(*shape, requires_grad=True) for shape in ((8, 16), (97, 16), (97,)))
    targets = torch.arange(8)
    plain = 0.25 * cross_entropy(hidden @ weight.T + bias, targets, reduction="sum")
    expected = torch.autograd.grad(plain, (hidden, weight, bias))
    ours = summed_cross_entropy(hidden, weight, bias=bias, targets=targets, scale=0.25, logits_at_once=chunk)
    torch.testing.assert_close(ours.total, plain)
    torch.testing.assert_close(ours.nats.sum() * 0.25, plain)
    torch.testing.assert_close(torch.autograd.grad(ours.total, (hidden, weight, bias)), expected)


@pytest.mark.parametrize("chunk", [97 * 3, 1 << 20])
def test_the_divergence_from_a_teacher_is_torchs(chunk):
    torch.manual_seed(0)
    hidden, weight = (torch.randn(*shape, requires_grad=True) for shape in ((8, 16), (97, 16)))
    teacher = Teacher(torch.randn(8, 16), torch.randn(97, 16))
    wanted = log_softmax(teacher.hidden @ teacher.weight.T, -1)
    plain = 0.25 * kl_div(log_softmax(hidden @ weight.T, -1), wanted, log_target=True, reduction="sum")
    expected = torch.autograd.grad(plain, (hidden, weight))
    ours = summed_cross_entropy(hidden, weight, targets=teacher, scale=0.25, logits_at_once=chunk)
    torch.testing.assert_close(ours.total, plain)
    torch.testing.assert_close(torch.autograd.grad(ours.total, (hidden, weight)), expected)


def test_a_token_weighs_by_the_entropy_of_what_the_model_expects():
    sure, unsure = torch.zeros(40), torch.zeros(40)
    sure[3] = 50.0
    hidden, weight = torch.eye(2, requires_grad=True), torch.stack([sure, unsure], 1)
    loss = summed_cross_entropy(hidden, weight, targets=torch.tensor([7, 7]), entropy_power=1.0)
    assert loss.nats.tolist() == pytest.approx([50.0, math.log(40)])
    assert loss.total.item() == pytest.approx(math.log(40))
    (gradient,) = torch.autograd.grad(loss.total, hidden)
    assert gradient[0].abs().max() < 1e-6


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=20), st.integers(5, 40))
def test_packing_loses_no_row_and_keeps_their_order(lengths, max_tokens):
    rows = [a_row(str(number), *range(length)) for number, length in enumerate(lengths)]
    packs = list(pack(rows, max_tokens=max_tokens))
    assert [row for packed in packs for row in packed.rows] == rows
    assert all(packed.row_tokens <= max_tokens or len(packed.rows) == 1 for packed in packs)


def test_scores_are_those_of_each_row_alone():
    model = a_model()
    for row, score in zip(ROWS, score_rows(model, ROWS), strict=True):
        expected = nats_alone(model, row).sum().item()
        assert (score.id, score.tokens, score.bytes) == (row.id, sum(row.trained[1:]), 10)
        assert score.nats == pytest.approx(expected, rel=1e-5)


def test_scores_do_not_depend_on_the_order_of_rows():
    model = a_model()
    assert score_rows(model, ROWS[::-1])[::-1] == score_rows(model, ROWS)


def test_stop_tokens_are_left_out_of_a_score():
    model = a_model()
    (with_stop,) = score_rows(model, [a_row("a", 5, 9, 17, stop=True)])
    assert with_stop.tokens == 1
    assert with_stop.nats == pytest.approx(nats_alone(model, a_row("a", 5, 9, 17))[0].item(), rel=1e-5)


@pytest.mark.parametrize("claimed", [20, 25])
@pytest.mark.parametrize("window", [None, 12])
def test_a_shared_prefix_computed_once_changes_no_score(claimed, window):
    model = a_model(MistralForCausalLM, MistralConfig, sliding_window=window)
    shots = tuple(range(10, 30))
    rows = [a_row(row.id, *shots, *row.tokens, untrained=21) for row in ROWS]
    plain = score_rows(model, rows)
    for score, expected in zip(score_rows(model, rows, shared_prefix=claimed), plain, strict=True):
        assert score.nats == pytest.approx(expected.nats, rel=1e-5)


def test_generation_with_a_cache_is_what_it_was_before_packing_was_switched_on():
    model = a_model()
    prompt = {"input_ids": torch.tensor([[2, 2, 5, 9], [7, 8, 5, 9]])}
    prompt["attention_mask"] = torch.tensor([[0, 0, 1, 1], [1, 1, 1, 1]])
    expected = model.generate(**prompt, max_new_tokens=6, do_sample=False, pad_token_id=2)
    use_packed_attention(model)
    found = model.generate(**prompt, max_new_tokens=6, do_sample=False, pad_token_id=2)
    assert torch.equal(found, expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_models_whose_rows_keep_apart_pass_the_check(dtype):
    check_packing(a_model(dtype=dtype))


def test_a_model_whose_logits_are_no_plain_product_is_refused():
    model = a_model()
    plain_forward = model.lm_head.forward
    model.lm_head.forward = lambda states: 5 * plain_forward(states)
    with pytest.raises(ModelError, match="other probabilities"):
        check_packing(model)


def test_bits_per_byte_of_a_uniform_model_are_those_of_its_vocabulary():
    model = a_model()
    torch.nn.init.zeros_(model.lm_head.weight)
    (score,) = score_rows(model, [a_row("a", 5, 9, 17)])
    assert score.nats == pytest.approx(2 * math.log(97))
