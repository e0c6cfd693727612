"""The loop trains what it is told to, says how it went, and ends in the same bits whether cut off or not."""

from __future__ import annotations

import math

import pytest
import torch
from safetensors.torch import load_file
from tests.unit.backends.tiny_training import PLAN, CutOffError, EndsAfter, TinyRun
from transformers import LlamaConfig, LlamaForCausalLM

from acclimate.backends.decoder import load_decoder
from acclimate.backends.lora import adapter_config
from acclimate.backends.objectives import Figure
from acclimate.backends.optimiser import learning_rate
from acclimate.backends.parameters import make_trainable
from acclimate.backends.scoring import score_rows
from acclimate.backends.training import Curve, remarks
from acclimate.core.errors import ModelError
from acclimate.core.ports import TrainingPlan

METHODS = {
    "lora": {"method": "lora"},
    "dora": {"method": "lora", "use_dora": True},
    "rslora": {"method": "lora", "use_rslora": True, "lora_r": 4},
    "some layers": {"method": "lora", "target_modules": ("q_proj", "v_proj")},
    "full": {"method": "full"},
    "top_layers": {"method": "top_layers"},
    "modules": {"method": "modules", "target_modules": ("mlp", "layers.1.self_attn.o_proj")},
    "norms_and_biases": {"method": "norms_and_biases"},
    "held to the base": {"method": "lora", "replay_loss": "kl"},
    "full, held to the base": {"method": "full", "replay_loss": "kl"},
    "entropy-weighted": {"method": "lora", "use_eaft_loss": True},
}


@pytest.mark.parametrize("method", METHODS)
def test_loss_and_validation_fall(tmp_path, method):
    result = TinyRun(tmp_path / "run").with_plan(**METHODS[method]).train()
    assert result.steps[-1].loss < result.steps[0].loss
    assert result.validation[-1]["bits_per_byte"] < result.validation[0]["bits_per_byte"]
    assert [point["step"] for point in result.validation] == [0, 2, 4, 6]


def written_bits_per_byte(run):
    """Of the rows that validation measures, by the weights that training left."""
    adapted = load_decoder(run.base, adapter=run.output, precision="fp32")
    scores = score_rows(adapted.model, run.rows()[:2])
    return sum(score.nats for score in scores) / sum(score.bytes for score in scores) / math.log(2)


@pytest.mark.parametrize("method", METHODS)
def test_what_is_written_gives_the_figure_that_validation_found_best(tmp_path, method):
    run = TinyRun(tmp_path / "run").with_plan(**METHODS[method])
    result = run.train()
    assert written_bits_per_byte(run) == pytest.approx(
        min(point["bits_per_byte"] for point in result.validation), rel=1e-5
    )


@pytest.mark.parametrize("method", ["lora", "full"])
def test_replay_held_to_the_base_has_nothing_to_say_before_anything_is_learnt(tmp_path, method):
    result = TinyRun(tmp_path / "run").with_plan(method=method, replay_loss="kl").train()
    first, last = (step.loss_by_source["replay"] for step in (result.steps[0], result.steps[-1]))
    assert first == pytest.approx(0, abs=1e-6)
    assert last > first


def test_the_best_step_is_kept_when_later_ones_are_worse(tmp_path):
    measured = ("cough and a cold?", "cough and a sore throat?")
    others = tuple(f"fever since {day} days?" for day in range(6))
    run = TinyRun(tmp_path / "run", questions=measured + others).with_plan(method="full")
    result = run.train()
    by_step = {point["step"]: point["bits_per_byte"] for point in result.validation}
    assert by_step[2] < by_step[0] and by_step[2] < min(by_step[4], by_step[6])
    assert result.best_step == 2
    assert written_bits_per_byte(run) == pytest.approx(by_step[2], rel=1e-5)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("steps", [1, 3, 5, 6])
def test_a_run_that_was_cut_off_ends_in_the_same_bytes(tmp_path, method, steps):
    undisturbed = TinyRun(tmp_path / "undisturbed").with_plan(**METHODS[method])
    expected = undisturbed.train()
    cut = TinyRun(tmp_path / "cut").with_plan(**METHODS[method])
    with pytest.raises(CutOffError):
        cut.train(EndsAfter(steps))
    assert cut.train() == expected
    assert cut.digests() == undisturbed.digests()


def test_a_step_of_several_packs_is_continued_exactly(tmp_path):
    long_questions = tuple(f"{day} days of fever? " * 95 for day in range(8))
    runs = [TinyRun(tmp_path / name, questions=long_questions) for name in ("undisturbed", "cut")]
    expected = runs[0].train()
    assert expected.steps[0].tokens > 2048
    with pytest.raises(CutOffError):
        runs[1].train(EndsAfter(4))
    assert runs[1].train() == expected
    assert runs[1].digests() == runs[0].digests()


def test_bf16_learns_from_steps_that_bf16_itself_could_not_hold(tmp_path):
    run = TinyRun(tmp_path / "run").with_plan(method="full", precision="bf16", learning_rate=1e-4, max_steps=12)
    result = run.train()
    assert result.precision == "bf16"
    assert result.validation[-1]["bits_per_byte"] < result.validation[0]["bits_per_byte"]


def test_losses_are_told_apart_by_source_and_average_over_tokens(tmp_path):
    step = TinyRun(tmp_path / "run").train().steps[0]
    assert set(step.loss_by_source) == {"domain", "replay"}
    low, high = sorted(step.loss_by_source.values())
    assert low < step.loss < high


def test_top_layers_trains_the_last_layer_alone(tmp_path):
    run = TinyRun(tmp_path / "run").with_plan(method="top_layers", top_layers=1)
    run.train()
    assert all(".layers.1." in name for name in load_file(run.output / "weights.safetensors"))


def test_modules_trains_whole_weights_of_what_is_named(tmp_path):
    run = TinyRun(tmp_path / "run").with_plan(method="modules", target_modules=("down_proj", "layers.0.mlp"))
    run.train()
    assert sorted(name.removeprefix("model.layers.") for name in load_file(run.output / "weights.safetensors")) == [
        *(f"0.mlp.{name}_proj.weight" for name in ("down", "gate", "up")),
        "1.mlp.down_proj.weight",
    ]


def test_norms_and_biases_trains_vectors_alone(tmp_path):
    run = TinyRun(tmp_path / "run").with_plan(method="norms_and_biases")
    run.train()
    written = load_file(run.output / "weights.safetensors")
    assert len(written) == 5 and all(value.dim() == 1 for value in written.values())


@pytest.mark.parametrize("method", ["lora", "modules"])
def test_a_module_that_the_model_lacks_is_named(tmp_path, method):
    run = TinyRun(tmp_path / "run").with_plan(method=method, target_modules=("c_attn",))
    with pytest.raises(ModelError, match="c_attn"):
        run.train()


def test_a_rank_above_the_width_of_a_layer_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r"lora_r: 17 is above 16"):
        TinyRun(tmp_path / "run").with_plan(lora_r=17).train()


def test_a_run_without_validation_keeps_the_last_step_and_says_so(tmp_path):
    result = TinyRun(tmp_path / "run", validation=0).train()
    assert result.best_step == PLAN.max_steps
    assert any("no validation records" in note for note in result.notes)


def test_a_run_that_never_improved_on_its_base_says_so():
    points = [{"step": step, "bits_per_byte": bits} for step, bits in ((0, 1.0), (2, 1.2), (4, 1.1))]
    curve = Curve("bits_per_byte", validation=points)
    assert curve.best_step == 4
    assert any("never improved" in remark for remark in remarks(curve, Figure("bits_per_byte", "bits per byte"), 4))


def test_a_loss_that_is_no_number_stops_the_run_with_the_step(tmp_path):
    run = TinyRun(tmp_path / "run").with_plan(learning_rate=1e38, method="full", warmup_ratio=0.0)
    with pytest.raises(ModelError, match="diverged at step 2"):
        run.train()


def test_an_adapter_that_changed_nothing_is_an_error(tmp_path):
    with pytest.raises(ModelError, match="changed nothing"):
        TinyRun(tmp_path / "run").with_plan(learning_rate=1e-30, method="full").train()


def test_the_fused_adapter_computes_what_peft_computes():
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1, "vocab_size": 97}
    model = LlamaForCausalLM(LlamaConfig(**sizes, num_attention_heads=4, num_key_value_heads=2, attention_bias=True))
    adapted = make_trainable(model, PLAN).model
    layer = adapted.base_model.model.model.layers[0].self_attn.q_proj
    torch.nn.init.normal_(layer.lora_B["default"].weight)
    states = torch.randn(2, 5, 32, requires_grad=True)
    wanted = [states, layer.lora_A["default"].weight, layer.lora_B["default"].weight]
    expected = type(layer).forward(layer, states)
    torch.testing.assert_close(layer.forward(states), expected)
    ours, theirs = (torch.autograd.grad(y.pow(2).sum(), wanted) for y in (layer.forward(states), expected))
    torch.testing.assert_close(ours, theirs)


def test_an_adapter_reaches_every_linear_layer_but_the_head(tmp_path):
    run = TinyRun(tmp_path / "run")
    adapted = make_trainable(load_decoder(run.base, precision="fp32").model, PLAN)
    layers = {name.split(".lora_")[0].rsplit(".", 1)[1] for name in adapted.masters}
    assert layers == {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}
    assert adapter_config(PLAN).lora_dropout == 0


@pytest.mark.parametrize(("step", "share"), [(1, 0.5), (2, 1.0), (3, 1.0), (11, 0.5), (18, 0.0096)])
def test_the_rate_warms_up_and_falls_along_a_cosine(step, share):
    plan = TrainingPlan("lora", 1e-3, max_steps=18, per_device_train_batch_size=1, warmup_ratio=0.1)
    assert learning_rate(plan, step) == pytest.approx(1e-3 * share, rel=1e-2)
