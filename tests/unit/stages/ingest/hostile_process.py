"""Reads one file of the hostile corpus; run in a process of its own, so that its memory can be told.

python -m tests.unit.stages.ingest.hostile_process NAME FOLDER
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from tests.hostile_files import FILES, SOUND, Hostile
from tests.unit.stages.ingest.conftest import Ingested, ingest_files

from acclimate.backends.memory import peak_memory


def read_hostile(hostile: Hostile, folder: Path, **settings: Any) -> Ingested:
    """What comes of the hostile file, which is read first, and of a sound one of its kind."""
    suffix = hostile.name.rpartition(".")[2]
    files = {f"n/a.{suffix}": hostile.make(), f"n/b.{suffix}": SOUND[suffix]}
    return ingest_files(folder, files, {"path": "n", **hostile.source}, **settings)


def main() -> None:
    """Prints the kept records, the reasons, and how far time and memory went beyond those of making the file."""
    name, folder = sys.argv[1:]
    [hostile] = [one for one in FILES if one.name == name]
    start = time.process_time()
    ingested = read_hostile(hostile, Path(folder), on_error="set_aside")
    print(
        json.dumps(
            {
                "kept": len(ingested.records),
                "reasons": list(dict.fromkeys(ingested.reasons)),
                "seconds": time.process_time() - start,
                "peak": peak_memory(),
            }
        )
    )


if __name__ == "__main__":
    main()
