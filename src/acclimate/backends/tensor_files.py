"""Tensors in safetensors files: equal tensors give equal bytes, and a full disk gives a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from acclimate.core.errors import ResourceError


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Writes tensors to a file; whoever publishes its folder makes it durable."""
    try:
        save_file({name: tensors[name].contiguous() for name in sorted(tensors)}, path, metadata={"format": "pt"})
    except (SafetensorError, OSError) as error:
        if "No space left" in str(error) or "quota" in str(error).lower():
            raise ResourceError(
                f"The disk is full: {path.name} could not be written; what was finished before is kept.",
                hint="free some space (acclimate gc shows what is no longer needed) and run the same command again",
            ) from error
        raise


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a file, by name."""
    tensors: dict[str, Tensor] = load_file(path)
    return tensors
