"""What the user may decide about text sampled from the base."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from acclimate.core.stage import StageConfig


class SampleConfig(StageConfig):
    """How much text the base model writes by itself, for replay in training and for measuring retention."""

    n: int = Field(default=192, ge=2)
    """Conversations and plain texts in all: the first half for replay, the rest for retention."""

    text_share: float = Field(default=0.5, ge=0, le=1)
    """Share of plain texts among them. What is not replayed is forgotten first: conversations alone do not keep prose,
    nor prose conversations. A model without chat template writes plain texts only."""

    max_new_tokens: int = Field(default=96, ge=1)
    """Tokens after which a turn is cut; a plain text after twice as many, as long as a conversation's two turns."""

    temperature: float = Field(default=1.0, gt=0)
    """1 draws from the base's own distribution; at any other value the divergence from the base is no longer one."""

    precision: Literal["auto", "bf16", "fp32"] = "auto"
    """Number format of the model; auto takes the fastest that the machine computes well."""

    seed: int = 0
    """Another seed gives other text."""
