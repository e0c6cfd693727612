"""A tiny real encoder made on the spot: an untrained BERT whose words are pieces of letters; equal arguments, equal bytes."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

from acclimate.core.atomic import write_bytes, write_json

LAYERS, WIDTH, INNER_WIDTH, HEADS = 2, 32, 64, 4
SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
LETTERS = string.ascii_lowercase + string.digits + ".,?"


def write_tiny_encoder(folder: Path, *, seed: int = 0, context_length: int = 128) -> Path:
    """Writes the model as a safetensors folder and returns that folder; a token is a letter, a digit or a mark."""
    from safetensors.numpy import save

    folder.mkdir(parents=True, exist_ok=True)
    pieces = [*SPECIAL_TOKENS, *LETTERS, *(f"##{letter}" for letter in LETTERS)]
    write_bytes(folder / "tokenizer.json", _tokenizer_json(pieces).encode())
    names = ("pad", "unk", "cls", "sep", "mask")
    special = {f"{name}_token": token for name, token in zip(names, SPECIAL_TOKENS, strict=True)}
    write_json(folder / "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", **special})
    config = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "dtype": "float32",
        "vocab_size": len(pieces),
        "hidden_size": WIDTH,
        "intermediate_size": INNER_WIDTH,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "max_position_embeddings": context_length,
        "type_vocab_size": 2,
        "pad_token_id": 0,
    }
    write_json(folder / "config.json", config)
    weights = _weights(len(pieces), context_length, seed)
    write_bytes(folder / "model.safetensors", save(weights, metadata={"format": "pt"}))
    return folder


def _tokenizer_json(pieces: list[str]) -> str:
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))  # noqa: S106 - a token of text
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_special_tokens(list(SPECIAL_TOKENS))
    text: str = tokenizer.to_str()
    return text


def _weights(vocabulary: int, context_length: int, seed: int) -> dict[str, Any]:
    """Random weights in a fixed order, by the names of transformers' BertModel."""
    import numpy as np

    random = np.random.default_rng(seed)
    weights: dict[str, Any] = {}

    def add_embedding(name: str, rows: int) -> None:
        weights[f"embeddings.{name}.weight"] = (random.standard_normal((rows, WIDTH)) / WIDTH**0.5).astype(np.float32)

    def add_linear(name: str, rows: int, columns: int) -> None:
        weights[f"{name}.weight"] = (random.standard_normal((rows, columns)) / columns**0.5).astype(np.float32)
        weights[f"{name}.bias"] = np.zeros(rows, np.float32)

    def add_norm(name: str) -> None:
        weights[f"{name}.weight"], weights[f"{name}.bias"] = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)

    add_embedding("word_embeddings", vocabulary)
    add_embedding("position_embeddings", context_length)
    add_embedding("token_type_embeddings", 2)
    add_norm("embeddings.LayerNorm")
    for layer in range(LAYERS):
        name = f"encoder.layer.{layer}"
        for part in ("query", "key", "value"):
            add_linear(f"{name}.attention.self.{part}", WIDTH, WIDTH)
        add_linear(f"{name}.attention.output.dense", WIDTH, WIDTH)
        add_norm(f"{name}.attention.output.LayerNorm")
        add_linear(f"{name}.intermediate.dense", INNER_WIDTH, WIDTH)
        add_linear(f"{name}.output.dense", WIDTH, INNER_WIDTH)
        add_norm(f"{name}.output.LayerNorm")
    return weights
