"""What a model is known by: a digest over its weights, config, tokenizer and chat template.

Hashing gigabytes takes seconds, so digests of unchanged files are remembered in the user's cache.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

from acclimate.core.atomic import file_digest, json_digest, read_json, write_json

DIGESTED_FILES = (
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
    "chat_template.json",
)
"""Files beside the weights that decide what a model computes from a text."""

SETTLED_SECONDS = 2.0
"""A file changed less than this before it was hashed may change again within the clock's grain: not remembered."""


def default_cache() -> Path:
    """Where models and digests are kept: `$XDG_CACHE_HOME/acclimate`, else `~/.cache/acclimate`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "acclimate"


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a model folder, sorted."""
    return sorted(folder.glob("*.safetensors"))


def model_digest(folder: Path, *, cache: Path | None = None) -> str:
    """The digest of a model folder, in hex; reads the remembered digests and writes nothing."""
    remembered = _remembered(folder, cache or default_cache())
    return json_digest({file.name: _digest_of(file, remembered) for file in _digested(folder)})


def remember_digests(folder: Path, *, cache: Path) -> str:
    """The digest of a model folder; keeps the digests of its files, so that the next call need not read them."""
    remembered = _remembered(folder, cache)
    digests = {file.name: _digest_of(file, remembered) for file in _digested(folder)}
    settled = {
        file.name: [*_stamp(file), digests[file.name]]
        for file in _digested(folder)
        if time.time() - file.stat().st_mtime > SETTLED_SECONDS
    }
    if settled != remembered:
        place = _place(folder, cache)
        place.parent.mkdir(parents=True, exist_ok=True)
        write_json(place, settled)
    return json_digest(digests)


def _digested(folder: Path) -> list[Path]:
    beside = [folder / name for name in DIGESTED_FILES if (folder / name).is_file()]
    return [*weight_files(folder), *sorted(folder.glob("*.safetensors.index.json")), *beside]


def _stamp(file: Path) -> list[int]:
    """What changes when a file is written: size, both times, and the inode that a replaced file does not share."""
    status = file.stat()
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


def _digest_of(file: Path, remembered: Mapping[str, list[object]]) -> str:
    *stamp, digest = remembered.get(file.name, [None])
    return str(digest) if stamp == _stamp(file) else file_digest(file)


def _place(folder: Path, cache: Path) -> Path:
    return cache / "digests" / f"{json_digest(str(folder.resolve()))[:32]}.json"


def _remembered(folder: Path, cache: Path) -> dict[str, list[object]]:
    place = _place(folder, cache)
    remembered: dict[str, list[object]] = read_json(place) if place.is_file() else {}
    return remembered
