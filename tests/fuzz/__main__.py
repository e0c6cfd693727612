"""Fuzzes one reader, guided by what of its code a file reaches; stops at the first exception, hang or flood of memory.

python -m tests.fuzz KIND [CORPUS FOLDER] [options of libFuzzer, such as -max_total_time=60 -timeout=10 -rss_limit_mb=2048]
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import mkdtemp

import atheris

KIND = sys.argv.pop(1)

with atheris.instrument_imports(
    include=["acclimate.stages.ingest", "acclimate.collect", "email", "zipfile", "tarfile"]
):
    from tests.fuzz.readers import SEEDS, reader_of


def main() -> None:
    """Begins with the sound file of the kind."""
    seeds = Path(mkdtemp(prefix="seeds-"))
    (seeds / KIND).write_bytes(SEEDS[KIND])
    atheris.Setup([*sys.argv, str(seeds)], reader_of(KIND))
    atheris.Fuzz()


main()
