"""What is fuzzed: every reader of bytes gives records, faults or one sentence, and never another exception."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.unit.collect.test_archives import SPOILT, tarred, zipped
from tests.unit.stages.ingest.test_ingest_hostile import SOUND

from acclimate.collect.archives import Member, archive_parts
from acclimate.core.errors import UserError
from acclimate.core.snapshots import Snapshot, SnapshotFile, SnapshotSource
from acclimate.core.sources import SourceConfig
from acclimate.stages.ingest.pdf_files import PdfReader
from acclimate.stages.ingest.reading import Reader
from acclimate.stages.ingest.rows import Row, RowError, checked_canonical

MAX_BYTES = 100_000
ARCHIVES = {"zip": zipped(SPOILT), "tar": tarred(SPOILT)}

SEEDS = {kind: content for kind, content in SOUND.items() if kind != "pdf"} | ARCHIVES
"""A sound file of each kind to begin with. PDF is not read here: PDFium has fuzzers of its own, and a process."""


def reader_of(kind: str) -> Callable[[bytes], None]:
    """What reads a file of a kind to its end."""
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    path = folder / f"a.{kind}"

    def read(content: bytes) -> None:
        path.write_bytes(content)
        if kind in ARCHIVES:
            _read_archive(path)
        else:
            _read_file(path, kind, folder)

    return read


def _read_archive(path: Path) -> None:
    for part in archive_parts(path, path.name):
        if isinstance(part, Member):
            part.read()


def _read_file(path: Path, kind: str, folder: Path) -> None:
    file = SnapshotFile(name=path.name, size=path.stat().st_size, sha256="", referenced=str(path))
    config = SourceConfig.model_validate({"path": path.name, "format": kind})
    source = SnapshotSource(config=config, files=(file,))
    reader = Reader(Snapshot(folder, "", (source,)), source, kind, MAX_BYTES, folder / "partial", PdfReader())
    try:
        with reader.open(file, verify=False) as opened:
            for row in opened.rows:
                if isinstance(row, Row):
                    _check_canonical(row)
    except UserError as error:
        assert error.hint


def _check_canonical(row: Row) -> None:
    try:
        checked_canonical(row.values, max_bytes=MAX_BYTES)
    except RowError:
        return
