"""The settings of clean, with defaults that leave terse professional text alone."""

from __future__ import annotations

from pydantic import Field, model_validator

from acclimate.core.stage import StageConfig


class CleanConfig(StageConfig):
    """What counts as too short, too long, or in another language. Character repairs always happen."""

    min_chars: int = Field(default=3, ge=0)
    """Records whose whole text has fewer characters are dropped as too_short."""
    max_chars: int = Field(default=1_000_000, gt=0)
    """Records whose whole text has more characters are dropped as too_long."""
    languages: tuple[str, ...] = ("en",)
    """Languages to keep, as ISO 639 codes; empty keeps every language."""
    min_probability: float = Field(default=0.8, gt=0.5, le=1.0)
    """How sure the detector must be that a text is in other languages before it is dropped. Higher keeps more."""
    language_min_bytes: int = Field(default=40, ge=0)
    """Texts with fewer bytes of letters are not judged by language: "BP 120/80, HR 72" is no language's."""

    @model_validator(mode="after")
    def _lengths_leave_room(self) -> CleanConfig:
        if self.min_chars > self.max_chars:
            raise ValueError(f"min_chars ({self.min_chars}) is more than max_chars ({self.max_chars})")
        return self
