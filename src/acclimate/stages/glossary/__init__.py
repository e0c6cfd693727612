"""glossary: the domain's terms, phrases and abbreviations, found in the data and edited by people."""

from acclimate.stages.glossary.config import GlossaryConfig
from acclimate.stages.glossary.run import STAGE

__all__ = ["STAGE", "GlossaryConfig"]
