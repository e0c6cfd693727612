"""What the user may decide about the profile of the data."""

from __future__ import annotations

from pydantic import Field

from acclimate.core.stage import StageConfig


class ProfileConfig(StageConfig):
    """How closely the data is looked at, and what precision the collection plan aims for."""

    max_records: int = Field(default=5000, ge=1)
    """Records whose words and tokens are looked at, chosen by a hash of their id; sizes, fields and labels count all."""

    max_values: int = Field(default=20, ge=2)
    """An attribute with more values than this is not used as a group; labels may have more."""

    half_width: float = Field(default=0.1, gt=0.005, lt=0.5)
    """How exactly a share should be known on each group's test subjects: .1 is 10 points up or down. Less asks for more."""

    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    """Confidence of intervals; 1 less this is the level at which a finding counts, after adjustment for all looks."""

    seed: int = 0
    """Decides which records are looked at, the folds and all random reassignments."""
