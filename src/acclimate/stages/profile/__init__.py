"""profile: what the data is before a cent is spent: size, lengths, shift between sites, labels, shortcuts, what to gather."""

from acclimate.stages.profile.config import ProfileConfig
from acclimate.stages.profile.run import STAGE

__all__ = ["STAGE", "ProfileConfig"]
