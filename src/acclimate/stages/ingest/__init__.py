"""ingest: snapshots -> records. Every row of every source becomes one record, or is set aside with a reason."""

from acclimate.core.stage import Equality, Stage, Zone
from acclimate.stages.ingest.config import IngestConfig
from acclimate.stages.ingest.run import run

STAGE = Stage(
    name="ingest",
    config=IngestConfig,
    run=run,
    inputs=("snapshot",),
    zone=Zone.RESTRICTED,
    equality=Equality.BYTES,
    code=(
        "acclimate.core.sources",
        "acclimate.core.snapshots",
        "acclimate.core.erased",
        "acclimate.core.terms",
        "acclimate.core.json_values",
    ),
)

__all__ = ["STAGE", "IngestConfig"]
