"""A GGUF file becomes the very model it was made from: weights, tokens, template."""

from __future__ import annotations

import pytest
from safetensors.numpy import load_file
from tests.unit.backends.tiny_gguf import write_tiny_gguf

from acclimate.backends.base_models import model_facts, resolve_base
from acclimate.backends.decoder import load_tokenizer
from acclimate.backends.tiny import write_tiny_model
from acclimate.core.errors import ModelError


@pytest.fixture
def tiny(tmp_path):
    return write_tiny_model(tmp_path / "tiny")


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def test_a_converted_file_holds_the_weights_and_facts_of_the_model(tiny, cache):
    folder = resolve_base(str(write_tiny_gguf(tiny, tiny.parent / "small.gguf")), cache=cache)
    facts = model_facts(folder)
    assert (facts.name, facts.licence, facts.context_length) == ("small", "apache-2.0", 512)
    assert folder.name == facts.digest
    weights, expected = load_file(folder / "model.safetensors"), load_file(tiny / "model.safetensors")
    assert weights.keys() == expected.keys()
    assert all((weights[name] == expected[name]).all() for name in expected)


@pytest.mark.parametrize("text", ["\n\n12", "  7 mg", "x<|im_end|>", "It's 1998", "caf\u00e9 \u4e16"])
def test_a_converted_tokenizer_gives_the_tokens_of_the_model(tiny, cache, text):
    folder = resolve_base(str(write_tiny_gguf(tiny, tiny.parent / "small.gguf")), cache=cache)
    tokenizer, original = load_tokenizer(folder), load_tokenizer(tiny)
    assert tokenizer.encode(text) == original.encode(text)
    assert tokenizer.chat_template == original.chat_template
    assert tokenizer.eos_token == "<|im_end|>"


def test_a_file_whose_splitting_cannot_be_rebuilt_is_refused(tiny, cache):
    file = write_tiny_gguf(tiny, tiny.parent / "odd.gguf", split="of-its-own")
    with pytest.raises(ModelError, match="of-its-own"):
        resolve_base(str(file), cache=cache)


def test_what_a_killed_conversion_left_is_done_again_and_a_finished_one_is_found(tiny, cache):
    file = str(write_tiny_gguf(tiny, tiny.parent / "small.gguf"))
    first = resolve_base(file, cache=cache)
    contents = {each.name: each.read_bytes() for each in first.iterdir()}
    (marker,) = (cache / "gguf").iterdir()
    partial = cache / "models" / f".{marker.stem.split('-')[0]}.partial"
    first.rename(partial)
    (partial / "half.safetensors").write_bytes(b"half")
    again = resolve_base(file, cache=cache)
    assert {each.name: each.read_bytes() for each in again.iterdir()} == contents
    assert not partial.exists()


def test_converting_prints_nothing(tiny, cache, capfd):
    resolve_base(str(write_tiny_gguf(tiny, tiny.parent / "small.gguf")), cache=cache)
    assert capfd.readouterr() == ("", "")
