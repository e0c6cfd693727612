"""What the user may decide about the choice of a base model."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from acclimate.core.stage import StageConfig


class SelectModelConfig(StageConfig):
    """Which base models are measured on the project's own validation text, and how."""

    candidates: tuple[str, ...] = ()
    """Models to compare: safetensors folders, GGUF files, hub names or smollm2-135m; the step runs from two on."""

    max_records: int = Field(default=200, ge=1)
    """At most so many validation records are scored, chosen by a hash of their id; the report says how many."""

    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    """Confidence of the intervals, and of calling a winner."""

    resamples: int = Field(default=4000, ge=200)
    """Bootstrap resamples of whole subjects."""

    precision: Literal["auto", "bf16", "fp32"] = "auto"
    """Number format in which the candidates are measured."""

    seed: int = 0
    """Decides which records are scored, and seeds the bootstrap."""
