"""Turns a GGUF file, as users of llama.cpp and Ollama have them, into a safetensors folder, once.

What is quantised in the file is dequantised: the folder holds the weights in fp32.
"""

from __future__ import annotations

import fcntl
import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acclimate.backends.digests import model_digest
from acclimate.backends.model_files import ORIGIN_FILE
from acclimate.core.atomic import file_digest, named_disk_errors, publish_folder, read_json, write_json
from acclimate.core.crash_points import crash_point
from acclimate.core.errors import ModelError, ResourceError

CONVERSION_VERSION = 1
"""Part of the name under which a conversion is found again: raise it when the written folder changes."""

DIGIT_BY_DIGIT = ("smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b")
"""Values of tokenizer.ggml.pre whose vocabularies split numbers into digits before anything else (llama.cpp,
src/llama-vocab.cpp). transformers 5.24 does not know them and would cut "\\n\\n12" otherwise than the model learned."""

PLAIN_SPLITS = ("gpt-2", "mpt", "olmo", "jais", "trillion", "phi-2")
"""Values whose vocabularies split like GPT-2."""

OF_THE_LIBRARY = ("transformers_version", "quantization_config", "_name_or_path", "_model_name_or_path")
"""Config entries that say who wrote the file, not what the model is."""

OF_THE_LOADING = ("is_local", "local_files_only", "backend", "gguf_file", "name_or_path")
"""Tokenizer config entries that say how it was loaded, not what it is."""


@dataclass(frozen=True)
class Metadata:
    """What a GGUF file says of itself."""

    name: str
    licence: str | None
    split: str | None
    """How its tokenizer splits text before merging; None for tokenizers that do not split."""
    parameters: int


def converted(file: Path, *, name: str, cache: Path) -> Path:
    """The safetensors folder of a GGUF file in the cache; converted unless it is there.

    The result is published whole under the digest of what was written; a killed conversion is done again.
    """
    source = _source_digest(file)
    models = cache / "models"
    models.mkdir(parents=True, exist_ok=True)
    found = cache / "gguf" / f"{source}-{CONVERSION_VERSION}.json"
    with _one_at_a_time(models / f".{source}.lock"):
        if found.is_file() and (models / str(read_json(found)["digest"])).is_dir():
            return models / str(read_json(found)["digest"])
        partial = models / f".{source}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        with named_disk_errors(partial):
            partial.mkdir()
            _convert(file, partial, name=name)
            digest = model_digest(partial, cache=cache)
            crash_point("gguf.converted")
            publish_folder(partial, models / digest)
            found.parent.mkdir(exist_ok=True)
            write_json(found, {"digest": digest, "name": name})
        return models / digest


@contextmanager
def _one_at_a_time(lock: Path) -> Iterator[None]:
    """Lets one process in at a time; the system frees the lock of a killed one."""
    with lock.open("w") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield


def _source_digest(file: Path) -> str:
    with file.open("rb") as opened:
        if opened.read(4) != b"GGUF":
            raise ModelError(f"{file} is not a GGUF file, whatever its name says.", hint="fetch or copy the file again")
    return file_digest(file)


def _convert(file: Path, folder: Path, *, name: str) -> None:
    with _named_errors(file):
        metadata = read_metadata(file)
    _check_room(metadata, folder)
    with redirect_stderr(io.StringIO()), _named_errors(file):
        _load_and_save(file, metadata, folder)
    for config, entries in (("config.json", OF_THE_LIBRARY), ("generation_config.json", OF_THE_LIBRARY)):
        _drop_entries(folder / config, entries)
    _drop_entries(folder / "tokenizer_config.json", OF_THE_LOADING)
    write_json(folder / ORIGIN_FILE, {"name": name, "licence": metadata.licence, "converted_from": metadata.name})


def _load_and_save(file: Path, metadata: Metadata, folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from acclimate.backends.quiet import quiet_libraries

    where = {"gguf_file": file.name, "local_files_only": True}
    with quiet_libraries():
        tokenizer = AutoTokenizer.from_pretrained(file.parent, **where)
        _split_as_learned(tokenizer, metadata, file)
        model = AutoModelForCausalLM.from_pretrained(file.parent, dtype=torch.float32, **where)
        _save_unquantised(model, folder)
        tokenizer.model_max_length = model.config.max_position_embeddings
        tokenizer.save_pretrained(folder)


def read_metadata(file: Path) -> Metadata:
    """Name, licence, tokenizer's split and size of a GGUF file."""
    from gguf import GGUFReader

    reader = GGUFReader(file)

    def value(key: str) -> Any:
        field = reader.get_field(key)
        return field.contents() if field else None

    return Metadata(
        name=value("general.name") or file.stem,
        licence=value("general.license"),
        split=(value("tokenizer.ggml.pre") or "default") if value("tokenizer.ggml.model") == "gpt2" else None,
        parameters=sum(int(tensor.n_elements) for tensor in reader.tensors),
    )


def _check_room(metadata: Metadata, folder: Path) -> None:
    """The conversion holds the weights twice, and writes them once, in fp32."""
    from acclimate.backends.memory import free_memory

    size = metadata.parameters * 4
    disk, memory = shutil.disk_usage(folder).free, free_memory()
    for kind, needed, free in (("disk", size, disk), ("memory", 2 * size, memory)):
        if needed > free:
            raise ResourceError(
                f"Converting {metadata.name} ({metadata.parameters / 1e6:.0f} million parameters) needs"
                f" {needed / 1e9:.1f} GB of {kind} and {free / 1e9:.1f} GB are free, so it was not started.",
                hint=f"free some {kind}, or use a smaller base",
            )


def _split_as_learned(tokenizer: Any, metadata: Metadata, file: Path) -> None:
    """Makes the tokenizer split text the way its merges were learned."""
    from tokenizers import pre_tokenizers

    backend = tokenizer.backend_tokenizer
    if metadata.split in DIGIT_BY_DIGIT:
        backend.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
    elif metadata.split not in (None, *PLAIN_SPLITS) and isinstance(backend.pre_tokenizer, pre_tokenizers.ByteLevel):
        raise ModelError(
            f"{file} splits text in a way called {metadata.split!r}, which cannot be rebuilt from a GGUF file:"
            " the model would read other tokens than it learned.",
            hint="give the same model as a safetensors folder",
        )


def _save_unquantised(model: Any, folder: Path) -> None:
    """Saves the weights under a config that does not call them quantised, which save_pretrained would refuse."""
    import torch
    from transformers import AutoModelForCausalLM

    entries = {key: value for key, value in model.config.to_dict().items() if key not in OF_THE_LIBRARY}
    config = type(model.config).from_dict(entries)
    with torch.device("meta"):
        fresh = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    fresh.load_state_dict(model.state_dict(), assign=True)
    fresh.tie_weights()
    fresh.generation_config = model.generation_config
    fresh.save_pretrained(folder)


def _drop_entries(file: Path, entries: tuple[str, ...]) -> None:
    if file.is_file():
        write_json(file, {key: value for key, value in read_json(file).items() if key not in entries})


@contextmanager
def _named_errors(file: Path) -> Iterator[None]:
    """Turns what the libraries say of a file they cannot read into our sentence."""
    try:
        yield
    except (ValueError, KeyError, IndexError, NotImplementedError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(
            f"{file} could not be converted: {reason}.",
            hint="if the file is whole, its architecture is not known here: give the model as a safetensors folder",
        ) from error
