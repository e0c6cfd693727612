"""deidentify: identifiers found and replaced, the same person everywhere by the same surrogates; restricted to open."""

from acclimate.stages.deidentify.stage import STAGE, DeidentifyConfig

__all__ = ["STAGE", "DeidentifyConfig"]
