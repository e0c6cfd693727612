"""A tiny real model made on the spot in under a second, for tests and for trying a stage where any model will do.

It is an untrained Llama with a byte-level tokenizer and the chat template of SmolLM2; equal arguments give equal bytes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from acclimate.core.atomic import write_bytes, write_json

LAYERS, WIDTH, INNER_WIDTH, HEADS, KEY_HEADS = 2, 32, 64, 4, 2

SPECIAL_TOKENS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")

CHAT_TEMPLATE = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are a helpful assistant<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)

_TOKENIZER_TEXT = (
    "The patient has had a headache for three days and takes no drugs. Doctor: What brings you in today?",
    "You are a helpful assistant. The system, the user and the assistant speak in turns.",
    "She denies chest pain, shortness of breath, fever and chills; there is no history of smoking.",
)


def write_tiny_model(folder: Path, *, seed: int = 0, context_length: int = 512, vocabulary: int = 384) -> Path:
    """Writes the model as a safetensors folder and returns that folder.

    `vocabulary` counts the 3 special tokens, the 256 bytes and the merged pieces; two seeds give two models with one
    tokenizer.
    """
    from safetensors.numpy import save

    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer_json(vocabulary)
    size = len(json.loads(tokenizer)["model"]["vocab"])
    write_bytes(folder / "tokenizer.json", tokenizer.encode())
    write_json(folder / "tokenizer_config.json", _tokenizer_config(context_length))
    write_bytes(folder / "chat_template.jinja", CHAT_TEMPLATE.encode())
    write_json(folder / "config.json", _model_config(size, context_length))
    write_json(folder / "generation_config.json", {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 2})
    write_bytes(folder / "model.safetensors", save(_weights(size, seed), metadata={"format": "pt"}))
    return folder


def _tokenizer_json(vocabulary: int) -> str:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_TOKENIZER_TEXT, trainer)
    text: str = tokenizer.to_str()
    return text


def _tokenizer_config(context_length: int) -> dict[str, Any]:
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<|im_start|>",
        "eos_token": "<|im_end|>",
        "pad_token": "<|im_end|>",
        "unk_token": "<|endoftext|>",
        "model_max_length": context_length,
        "clean_up_tokenization_spaces": False,
    }


def _model_config(vocabulary: int, context_length: int) -> dict[str, Any]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "dtype": "float32",
        "vocab_size": vocabulary,
        "hidden_size": WIDTH,
        "intermediate_size": INNER_WIDTH,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KEY_HEADS,
        "max_position_embeddings": context_length,
        "tie_word_embeddings": True,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 2,
    }


def _weights(vocabulary: int, seed: int) -> dict[str, Any]:
    """Random weights in a fixed order; numpy's generator gives the same ones on every machine."""
    import numpy as np

    random = np.random.default_rng(seed)

    def matrix(rows: int, columns: int) -> Any:
        return (random.standard_normal((rows, columns)) / columns**0.5).astype(np.float32)

    key_width = WIDTH // HEADS * KEY_HEADS
    weights = {"model.embed_tokens.weight": matrix(vocabulary, WIDTH), "model.norm.weight": np.ones(WIDTH, np.float32)}
    for layer in range(LAYERS):
        name = f"model.layers.{layer}"
        weights[f"{name}.self_attn.q_proj.weight"] = matrix(WIDTH, WIDTH)
        weights[f"{name}.self_attn.k_proj.weight"] = matrix(key_width, WIDTH)
        weights[f"{name}.self_attn.v_proj.weight"] = matrix(key_width, WIDTH)
        weights[f"{name}.self_attn.o_proj.weight"] = matrix(WIDTH, WIDTH)
        weights[f"{name}.mlp.gate_proj.weight"] = matrix(INNER_WIDTH, WIDTH)
        weights[f"{name}.mlp.up_proj.weight"] = matrix(INNER_WIDTH, WIDTH)
        weights[f"{name}.mlp.down_proj.weight"] = matrix(WIDTH, INNER_WIDTH)
        weights[f"{name}.input_layernorm.weight"] = np.ones(WIDTH, np.float32)
        weights[f"{name}.post_attention_layernorm.weight"] = np.ones(WIDTH, np.float32)
    return weights
