"""ingest: snapshots -> records. Every row of every source becomes one record, or is set aside with a reason."""

from acclimate.core.stage import Equality, ExpectedCost, InputSizes, Stage, Zone
from acclimate.stages.ingest.config import IngestConfig
from acclimate.stages.ingest.run import run

BYTES_PER_SECOND = 50_000_000


def _estimate(config: IngestConfig, known: InputSizes) -> ExpectedCost:
    # 2 GB of JSON lines took 530 to 620 MB.
    memory = 300_000_000 + min(known.source_bytes, 2_000_000_000) * 0.15
    seconds = 0.5 + known.source_bytes / BYTES_PER_SECOND
    return ExpectedCost(seconds, int(memory), "50 MB of JSON lines a second; documents take longer")


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
    estimate=_estimate,
)

__all__ = ["STAGE", "IngestConfig"]
