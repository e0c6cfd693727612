"""In which number format a model computes here: bf16 where the processor has instructions for it, else fp32."""

from __future__ import annotations

from pathlib import Path
from typing import Any

BF16_FEATURES = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
"""Processor features (x86 and, the last, ARM) with which bf16 is faster than fp32; without them it is slower."""

PROCESSOR_FACTS = Path("/proc/cpuinfo")


def select_precision(precision: str) -> str:
    """`bf16` or `fp32`: what was asked for, or for `auto` what this machine does best."""
    if precision != "auto":
        return precision
    import torch

    if torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported() else "fp32"
    return "bf16" if processor_features() & BF16_FEATURES else "fp32"


def processor_features() -> frozenset[str]:
    """What the processor says it can do; empty where the system does not tell."""
    if not PROCESSOR_FACTS.is_file():
        return frozenset()
    for line in PROCESSOR_FACTS.read_text(encoding="utf-8", errors="replace").splitlines():
        name, _, values = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return frozenset(values.split())
    return frozenset()


def torch_dtype(precision: str) -> Any:
    """The precision as torch names it."""
    import torch

    return torch.bfloat16 if precision == "bf16" else torch.float32


def select_device() -> Any:
    """The GPU where there is one, else the processor."""
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
