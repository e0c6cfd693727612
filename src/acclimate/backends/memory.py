"""Whether a model fits into memory, said before loading it, and the most that this process has held."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import psutil

from acclimate.core.errors import ResourceError
from acclimate.core.ports import BYTES_PER_WEIGHT, ModelFacts

INFERENCE_ROOM, TRAINING_ROOM = 200 * 2**20, 500 * 2**20
"""What libraries and a pack's logits take beside the weights."""

ACTIVATION_BYTES = {"bf16": 34, "fp32": 68}
"""Kept for the backward pass, for each token, layer and hidden unit (Korthikanti et al. 2022, arXiv:2205.05198, without
attention scores)."""

MEASURED_FACTOR = 3
"""How many times that a training process really grew: SmolLM2-135M with LoRA in bf16 peaked at 5.0 GB, 3.4 times. The
factors' own activations and the buffers of oneDNN come on top."""

BYTES_PER_TRAINED_WEIGHT = 16
"""An fp32 original, its gradient and the two moments of AdamW."""

CONTROL_GROUP, STATUS = Path("/sys/fs/cgroup"), Path("/proc/self/status")


def check_memory(facts: ModelFacts, precision: str, training: bool, *, trained_parameters: int = 0) -> None:
    """Fails when loading the model, or training so many of its parameters, cannot fit into what is free now."""
    room = TRAINING_ROOM + _activations(facts, precision) if training else INFERENCE_ROOM
    weights = facts.parameters * BYTES_PER_WEIGHT[precision]
    needed = weights + room + trained_parameters * BYTES_PER_TRAINED_WEIGHT
    free = free_memory()
    if needed > free:
        work = "Training" if training else "Loading"
        raise ResourceError(
            f"{work} {facts.name} ({facts.parameters / 1e6:.0f} million parameters) in {precision} needs about"
            f" {_gigabytes(needed)} of memory and {_gigabytes(free)} are free, so it was not started.",
            hint="close other programs, use a smaller base, bf16, or train fewer weights (lora)",
        )


def _activations(facts: ModelFacts, precision: str) -> int:
    """Bytes that the forward pass of one pack leaves for the backward pass."""
    from acclimate.backends.packing import PACK_TOKENS

    per_token = facts.hidden_layers * facts.hidden_size * ACTIVATION_BYTES[precision]
    return PACK_TOKENS * per_token * MEASURED_FACTOR


def free_memory() -> int:
    """Bytes that can be used now: of the GPU where there is one, else of the machine or its container."""
    import torch

    if torch.cuda.is_available():
        return int(torch.cuda.mem_get_info()[0])
    return free_machine_memory()


def free_machine_memory() -> int:
    """Bytes that can be used now of the machine or its container; loads no library for a GPU."""
    return min(int(psutil.virtual_memory().available), _container_room())


def peak_memory() -> int:
    """The most that this process has held so far, in bytes.

    Linux counts in `ru_maxrss` what the parent held when it started the process (getrusage(2) keeps it over exec);
    `VmHWM` is the program's own.
    """
    if STATUS.is_file():
        [held] = [line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(held.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _container_room() -> int:
    """What a container's limit leaves; huge where there is none."""
    limit, used = CONTROL_GROUP / "memory.max", CONTROL_GROUP / "memory.current"
    if not limit.is_file() or not used.is_file() or limit.read_text().strip() == "max":
        return 2**62
    # Cached file pages count as used and are given back on demand.
    statistics = dict(line.split() for line in (CONTROL_GROUP / "memory.stat").read_text().splitlines())
    return int(limit.read_text()) - int(used.read_text()) + int(statistics.get("inactive_file", 0))


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB"
