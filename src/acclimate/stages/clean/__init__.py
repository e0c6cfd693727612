"""clean: repairs the characters of every text and sets aside records nobody can learn from, each with its reason."""

from acclimate.stages.clean.config import CleanConfig
from acclimate.stages.clean.run import STAGE
from acclimate.stages.clean.totals import BOILERPLATE_FILE

__all__ = ["BOILERPLATE_FILE", "STAGE", "CleanConfig"]
