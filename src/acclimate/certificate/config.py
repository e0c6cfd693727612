"""What a de-identification must be shown to reach before it counts as certified."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from acclimate.core.stage import StageConfig

Share = Annotated[float, Field(gt=0, lt=1)]


class CertificateConfig(StageConfig):
    """What the audit of de-identified records must show."""

    recall: Share = 0.95
    """Share of the identifiers of each class that must have been replaced, at the given confidence."""
    confidence: Annotated[float, Field(ge=0.5, lt=1)] = 0.95
    """Confidence of each lower bound (one-sided), and of the upper bounds of what is left."""
    recall_by_class: Mapping[str, Share] = Field(default_factory=dict)
    """Other shares for single classes, such as {name: 0.99, ip: 0.8}."""

    def required(self, kind: str) -> float:
        """The share that a class must reach."""
        return self.recall_by_class.get(kind, self.recall)
