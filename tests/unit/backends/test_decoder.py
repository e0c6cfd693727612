"""Loading a model with what training wrote, and refusing what does not belong to it."""

from __future__ import annotations

import json

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file

from acclimate.backends.adapters import AdapterFacts
from acclimate.backends.base_models import model_facts
from acclimate.backends.decoder import load_decoder
from acclimate.backends.precision import select_precision
from acclimate.backends.tiny import write_tiny_model
from acclimate.core.errors import ModelError, UserError

TOKENS = torch.tensor([[1, 80, 90, 100]])


@pytest.fixture
def tiny(tmp_path):
    return write_tiny_model(tmp_path / "tiny")


@pytest.fixture
def lora(tiny, tmp_path):
    """A LoRA adapter that changes something, with the facts that training writes."""
    torch.manual_seed(0)
    adapted = get_peft_model(load_decoder(tiny, precision="fp32").model, LoraConfig(r=2, target_modules="all-linear"))
    for name, weight in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.2)
    adapted.save_pretrained(tmp_path / "lora")
    return with_facts(tmp_path / "lora", tiny, "lora")


def with_facts(folder, base, method):
    facts = model_facts(base)
    AdapterFacts(method=method, base=facts.digest, base_name=facts.name).write(folder)
    return folder


def logits(decoder):
    with torch.inference_mode():
        return decoder.model(TOKENS).logits.float()


@pytest.mark.parametrize(("precision", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16)])
def test_a_model_computes_in_the_precision_asked_for(tiny, precision, dtype):
    decoder = load_decoder(tiny, precision=precision)
    assert decoder.precision == precision
    assert {weight.dtype for weight in decoder.model.parameters()} == {dtype}


def test_automatic_precision_is_one_of_the_two():
    assert select_precision("auto") in ("bf16", "fp32")


def test_a_lora_adapter_changes_what_the_model_says_by_its_product(tiny, lora):
    base, adapted = load_decoder(tiny, precision="fp32"), load_decoder(tiny, adapter=lora, precision="fp32")
    merged = load_decoder(tiny, adapter=lora, precision="fp32")
    merged.model = merged.model.merge_and_unload()
    assert (logits(adapted) - logits(base)).abs().max() > 0.01
    torch.testing.assert_close(logits(adapted), logits(merged), atol=1e-4, rtol=1e-4)


def test_a_lora_adapter_computes_in_the_models_precision(tiny, lora):
    decoder = load_decoder(tiny, adapter=lora, precision="bf16")
    assert {weight.dtype for weight in decoder.model.parameters()} == {torch.bfloat16}


def test_changed_weights_are_laid_over_the_base(tiny, tmp_path):
    name = "model.layers.1.mlp.down_proj.weight"
    changed = load_file(tiny / "model.safetensors")[name] * 2
    (tmp_path / "top").mkdir()
    save_file({name: changed}, tmp_path / "top" / "weights.safetensors")
    decoder = load_decoder(tiny, adapter=with_facts(tmp_path / "top", tiny, "top_layers"), precision="fp32")
    assert torch.equal(decoder.model.get_parameter(name), changed)


def test_a_changed_weight_that_the_base_does_not_have_is_refused(tiny, tmp_path):
    (tmp_path / "top").mkdir()
    save_file({"model.other.weight": torch.zeros(2)}, tmp_path / "top" / "weights.safetensors")
    with pytest.raises(ModelError, match=r"model\.other\.weight"):
        load_decoder(tiny, adapter=tmp_path / "top", precision="fp32")


def test_an_adapter_of_another_base_is_refused(lora, tmp_path):
    other = write_tiny_model(tmp_path / "other", seed=1)
    with pytest.raises(ModelError, match="trained on tiny"):
        load_decoder(other, adapter=lora, precision="fp32")


def test_an_adapter_trained_elsewhere_has_no_facts_and_is_taken_if_it_fits(tiny, lora):
    (lora / "acclimate.json").unlink()
    assert (logits(load_decoder(tiny, adapter=lora, precision="fp32")) != 0).any()


def test_an_adapter_trained_elsewhere_that_does_not_fit_is_refused(tiny, lora):
    (lora / "acclimate.json").unlink()
    tensors = load_file(lora / "adapter_model.safetensors")
    save_file({name: value[:1] for name, value in tensors.items()}, lora / "adapter_model.safetensors")
    with pytest.raises(ModelError, match="does not fit"):
        load_decoder(tiny, adapter=lora, precision="fp32")


@pytest.mark.parametrize("spoil", ["pickle", "no config", "cut off", "empty"])
def test_a_spoilt_adapter_folder_is_refused_with_a_hint(tiny, lora, spoil):
    weights = lora / "adapter_model.safetensors"
    if spoil == "pickle":
        (lora / "adapter_model.bin").write_bytes(b"")
    elif spoil == "no config":
        (lora / "adapter_config.json").unlink()
    elif spoil == "cut off":
        weights.write_bytes(weights.read_bytes()[:-8])
    else:
        weights.unlink()
    with pytest.raises(ModelError) as caught:
        load_decoder(tiny, adapter=lora, precision="fp32")
    assert caught.value.hint


@pytest.mark.parametrize("architecture", ["no-such-architecture", "t5"])
def test_an_architecture_that_cannot_be_used_is_one_sentence(tiny, architecture):
    config = json.loads((tiny / "config.json").read_text())
    (tiny / "config.json").write_text(json.dumps({**config, "model_type": architecture}))
    with pytest.raises(UserError):
        load_decoder(tiny, precision="fp32")
