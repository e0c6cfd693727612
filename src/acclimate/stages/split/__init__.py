"""split: train, validation and test, so that nobody and no copied text stands in two of them, now or in a later round."""

from acclimate.stages.split.config import Fractions, SplitConfig
from acclimate.stages.split.run import STAGE

__all__ = ["STAGE", "Fractions", "SplitConfig"]
