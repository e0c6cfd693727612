"""An adapter at another strength is the base at 0, what was trained at 1, and between the two elsewhere."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file
from tests.unit.backends.tiny_training import TinyRun

from acclimate.backends.adapters import read_adapter_facts
from acclimate.backends.decoder import load_decoder
from acclimate.backends.dial import write_scaled
from acclimate.backends.tiny import write_tiny_model
from acclimate.core.errors import ModelError

TOKENS = torch.tensor([[1, 80, 90, 100, 7, 30]])
KINDS = {
    "lora": {"method": "lora"},
    "dora": {"method": "lora", "use_dora": True},
    "rslora": {"method": "lora", "use_rslora": True, "lora_r": 4},
    "full": {"method": "full", "learning_rate": 3e-3},
    "top_layers": {"method": "top_layers"},
}


@pytest.fixture(params=KINDS)
def trained(request, tmp_path):
    run = TinyRun(tmp_path / "run").with_plan(**KINDS[request.param])
    run.train()
    return run


def logits(run, adapter=None):
    with torch.inference_mode():
        return load_decoder(run.base, adapter=adapter, precision="fp32").model(TOKENS).logits


def scaled(run, alpha):
    output = run.folder / f"alpha-{alpha}"
    write_scaled(run.base, run.output, alpha, output)
    return output


def test_strength_0_is_the_base_and_1_what_was_trained(trained):
    torch.testing.assert_close(logits(trained, scaled(trained, 0.0)), logits(trained), atol=1e-5, rtol=1e-5)
    assert torch.equal(logits(trained, scaled(trained, 1.0)), logits(trained, trained.output))


def test_a_strength_between_lies_between(trained):
    base, full = logits(trained), logits(trained, trained.output)
    steps = [logits(trained, scaled(trained, alpha)) for alpha in (0.25, 0.5, 0.75)]
    distances = [(step - base).norm() for step in (*steps, full)]
    assert distances == sorted(distances) and distances[0] > 0


def test_half_a_lora_is_half_its_product(tmp_path):
    run = TinyRun(tmp_path / "run").with_plan(lora_r=4, lora_alpha=8)
    run.train()
    config = json.loads((scaled(run, 0.5) / "adapter_config.json").read_text())
    assert config["lora_alpha"] == 4
    factors, trained = (load_file(at / "adapter_model.safetensors") for at in (scaled(run, 0.5), run.output))
    assert factors.keys() == trained.keys()
    assert all(torch.equal(factors[name], trained[name]) for name in trained)


def test_half_of_changed_weights_lies_in_the_middle(tmp_path):
    run = TinyRun(tmp_path / "run").with_plan(method="top_layers")
    run.train()
    start, end = load_file(run.base / "model.safetensors"), load_file(run.output / "weights.safetensors")
    for name, value in load_file(scaled(run, 0.5) / "weights.safetensors").items():
        torch.testing.assert_close(value, (start[name] + end[name]) / 2)


def test_a_scaled_adapter_tells_its_strength_and_keeps_its_base(trained):
    facts = read_adapter_facts(scaled(trained, 0.5))
    assert facts.alpha == 0.5
    assert facts.base == read_adapter_facts(trained.output).base


def test_scaling_twice_multiplies(trained):
    once = scaled(trained, 0.5)
    write_scaled(trained.base, once, 0.5, trained.folder / "twice")
    assert read_adapter_facts(trained.folder / "twice").alpha == 0.25
    torch.testing.assert_close(logits(trained, trained.folder / "twice"), logits(trained, scaled(trained, 0.25)))


def test_an_adapter_of_another_base_is_refused(trained, tmp_path):
    other = write_tiny_model(tmp_path / "other", seed=1)
    with pytest.raises(ModelError, match="was trained on"):
        write_scaled(other, trained.output, 0.5, tmp_path / "scaled")
