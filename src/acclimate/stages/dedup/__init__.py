"""dedup: finds copies and near copies of whole records, keeps one of each and ties the rest of the cluster to it."""

from acclimate.stages.dedup.config import DedupConfig
from acclimate.stages.dedup.run import STAGE

__all__ = ["STAGE", "DedupConfig"]
