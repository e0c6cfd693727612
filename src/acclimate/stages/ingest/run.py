"""The ingest stage: goes through the sources in order and accounts for each of their rows."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from acclimate.core.artifacts import Output
from acclimate.core.erased import Refusals, read_erased
from acclimate.core.errors import SourceError
from acclimate.core.ports import Context
from acclimate.core.report import Counts, Report
from acclimate.core.snapshots import Snapshot, SnapshotSource
from acclimate.core.sources import SourceConfig
from acclimate.core.stage import Inputs
from acclimate.stages.ingest.config import IngestConfig
from acclimate.stages.ingest.identity import Identities
from acclimate.stages.ingest.pdf_files import PdfReader
from acclimate.stages.ingest.reading import Reader, format_of
from acclimate.stages.ingest.sink import Sink
from acclimate.stages.ingest.source import Rules, SourceReading


def run(config: IngestConfig, inputs: Inputs, output: Output, context: Context) -> Report:
    """Records from the snapshot's files, each with an id, a locator and what its source declares.

    The optional input `erased` is a folder with the list of erased subjects: their rows are dropped as erased_subject,
    without content. The secrets then hold the keys that the list names.
    """
    snapshot = Snapshot.read(inputs["snapshot"].path)
    sources = [_collected(source, snapshot) for source in config.sources]
    rules = Rules(
        limit=config.limit,
        set_aside=config.on_error == "set_aside",
        keep_extra=config.extra == "keep",
        refusals=Refusals(read_erased(inputs["erased"].path) if "erased" in inputs else (), context.secrets),
        use=config.use,
        cut=config.cut,
    )
    sink, identities = Sink(output, context.batch_rows), Identities()
    metrics: dict[str, Any] = {}
    warnings: list[str] = []
    rows = created = 0
    size = sum(file.size for one in sources for file in one.files)
    with context.progress("reading sources", size) as progress, closing(PdfReader()) as pdf:
        for source in sources:
            reader = Reader(
                snapshot, source, format_of(snapshot, source), config.max_record_bytes, context.partial, pdf
            )
            reading = SourceReading(source, reader, rules, identities, sink)
            reading.read(progress)
            metrics[source.config.name] = reading.metrics()
            warnings += reading.warnings()
            rows += reading.rows
            created += reading.created
    sink.flush()
    dropped = dict(sorted(output.dropped_by_reason.items()))
    counts = Counts(rows, output.kept_rows, created=created, dropped=dropped)
    return Report("ingest", counts, {"sources": metrics}, tuple(warnings))


def _collected(source: SourceConfig, snapshot: Snapshot) -> SnapshotSource:
    """The files that were collected for a source."""
    for collected in snapshot.sources:
        if collected.config.name == source.name:
            return collected.model_copy(update={"config": source})
    raise SourceError(
        f"The snapshot {snapshot.digest[:12]} does not hold the source {source.name!r}.",
        hint="run acclimate run, which collects the sources first",
    )
