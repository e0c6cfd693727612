"""What the user may decide about the strengths that are tried."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from acclimate.core.stage import StageConfig


class SweepConfig(StageConfig):
    """At which strengths what was trained is measured. 0, the base, is always among them."""

    task: Literal["generation", "pretraining", "preference"] = "generation"
    """The project's task; of a preference both answers are scored."""

    alphas: tuple[float, ...] = (0.25, 0.5, 0.75, 1.0)
    """Strengths between 0 (the base) and 1 (as trained); each costs one more scoring of the texts."""

    validation_limit: int = Field(default=64, ge=2)
    """At most so many validation records, chosen by a hash of their id, show the gain."""

    probes_per_ability: int = Field(default=96, ge=1)
    """At most so many probes of each ability, of those set aside for this, show what was forgotten."""

    precision: Literal["auto", "bf16", "fp32"] = "auto"
    """Number format of the model; auto takes the fastest that the machine computes well."""

    seed: int = 0
    """Decides which records and probes are measured."""

    @field_validator("alphas")
    @classmethod
    def _ordered(cls, alphas: tuple[float, ...]) -> tuple[float, ...]:
        if not alphas or not all(0 < alpha <= 1 for alpha in alphas):
            raise ValueError("a strength lies above 0 (the base) and at most at 1 (as trained)")
        return tuple(sorted({*alphas, 1.0}))
