"""Runs one stage in a process of its own, under a clock, folder and guard that the parent chooses.

`python -m acclimate.testing.child SPEC.json`; used by `check_stage`, which writes the specification. `--serve STAGE`
runs many, each in a fork that writes to a log beside its specification.
"""

from __future__ import annotations

import datetime as datetime_module
import importlib
import importlib.util
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acclimate.core.atomic import read_json, write_json
from acclimate.testing.forks import import_models, serve

if TYPE_CHECKING:
    from acclimate.core.stage import Stage

GUARD_EXIT = 4

PASSED_FILE = "crash-points-passed.json"
"""In the partial folder of a run that a kill was meant for and did not meet."""

PROCESS_EVENTS = frozenset({"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty"})
CHANGING_EVENTS = {
    "os.mkdir": 1,
    "os.remove": 1,
    "os.rmdir": 1,
    "os.rename": 2,
    "os.link": 2,
    "os.symlink": 2,
    "shutil.rmtree": 1,
}
"""Audit events that change the file system, with how many of their arguments are paths."""


@dataclass(frozen=True)
class Specification:
    """Everything that one run of a stage in a child process needs; plain JSON."""

    stage: str
    config: Mapping[str, Any]
    inputs: Mapping[str, tuple[str, str]]
    output: str
    partial: str
    secrets: Mapping[str, str] = field(default_factory=dict)
    batch_rows: int = 1024
    clock_offset: float = 0.0
    fatal_visit: int = 0

    def write(self, path: Path) -> None:
        """As a file for the child."""
        write_json(path, asdict(self))


def main(path: Path) -> None:
    """Runs the stage that a specification names."""
    spec = Specification(**read_json(path))
    if spec.clock_offset:
        shift_clock(spec.clock_offset)

    from acclimate.backends.engine import LocalEngine
    from acclimate.backends.models import LocalModels
    from acclimate.backends.recognisers import LocalRecognisers, import_recogniser
    from acclimate.core import crash_points
    from acclimate.core.artifacts import Artifact, Output
    from acclimate.core.ports import Context
    from acclimate.core.progress import no_progress

    stage = load_with_libraries(spec.stage)
    for library in spec.config.get("recognisers", ()):
        import_models()
        import_recogniser(library)
    inputs = {role: Artifact(Path(folder), identity) for role, (folder, identity) in spec.inputs.items()}
    context = Context(
        partial=Path(spec.partial),
        progress=no_progress,
        engine=LocalEngine(),
        models=LocalModels(),
        secrets={name: bytes.fromhex(key) for name, key in spec.secrets.items()},
        batch_rows=spec.batch_rows,
        recognisers=LocalRecognisers(),
    )
    if spec.fatal_visit:
        crash_points.arm(spec.fatal_visit)
    guard([Path(spec.output), Path(spec.partial)])
    with Output(Path(spec.output), stage.schema) as output:
        report = stage.run(stage.config.model_validate(spec.config), inputs, output, context)
    report.counts.check()
    write_json(Path(spec.output) / "report.json", report.to_json())
    if spec.fatal_visit:
        write_json(Path(spec.partial) / PASSED_FILE, crash_points.passed())


def guard(allowed: list[Path]) -> None:
    """Ends the process when Python code writes outside the allowed folders, starts a process or uses a socket."""
    roots = (*(f"{folder.resolve()}{os.sep}" for folder in allowed), f"{os.sep}dev{os.sep}")

    def watch(event: str, details: tuple[Any, ...]) -> None:
        if event.startswith("socket.") and event not in ("socket.__new__", "socket.gethostname"):
            refuse(f"the stage used the network ({event})")
        if event in PROCESS_EVENTS:
            refuse(f"the stage started another process ({event})")
        changes = event in CHANGING_EVENTS and not _in_open_folder(details)
        changes = changes or (event == "open" and _writes(details))
        for path in details[: CHANGING_EVENTS.get(event, 1)] if changes else ():
            if isinstance(path, str | bytes | os.PathLike):
                target = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 - Path.resolve would recurse into this hook
                if not f"{target}{os.sep}".startswith(roots):
                    refuse(f"the stage wrote outside its output: {target}")

    def refuse(why: str) -> None:
        sys.stderr.write(why + "\n")
        sys.stderr.flush()
        os._exit(GUARD_EXIT)

    sys.addaudithook(watch)


def _in_open_folder(details: tuple[Any, ...]) -> bool:
    """Whether the path is relative to an open folder, as within shutil.rmtree, which was itself seen before."""
    return isinstance(details[-1], int) and details[-1] >= 0


def _writes(details: tuple[Any, ...]) -> bool:
    mode, flags = details[1], details[2]
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return bool(flags & (os.O_WRONLY | os.O_RDWR))


def shift_clock(seconds: float) -> None:
    """Moves the clock that Python code sees, before the code under test is imported.

    Compiled libraries that keep the real `datetime` class must have been imported: pyarrow crashes otherwise.
    """
    importlib.import_module("pyarrow")
    importlib.import_module("zoneinfo")
    if importlib.util.find_spec("pandas"):
        importlib.import_module("pandas")
    real_time, real_datetime = time.time, datetime_module.datetime

    class Shifted(real_datetime):  # type: ignore[misc,valid-type]
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return real_datetime.fromtimestamp(real_time() + seconds, tz)

    time.time = lambda: real_time() + seconds
    time.time_ns = lambda: int((real_time() + seconds) * 1e9)
    datetime_module.datetime = Shifted  # type: ignore[misc]


def run_logged(path: str) -> None:
    """Runs a specification in this process, its output in a log beside it."""
    log = os.open(Path(path).with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, sys.stdout.fileno())
    os.dup2(log, sys.stderr.fileno())
    main(Path(path))


def load_with_libraries(name: str) -> Stage:
    """A stage, with what its libraries write once when they are imported already written."""
    from acclimate.core.stage import Equality
    from acclimate.pipeline.table import load_stage

    stage = load_stage(name)
    if stage.equality is Equality.TOLERANCE or "base" in stage.inputs:
        import_models()
    # Python looks for a writable temporary folder once, by writing to it.
    tempfile.gettempdir()
    return stage


def serve_stage(name: str) -> None:
    """Serves runs of one stage, with what it will need imported."""
    load_with_libraries(name)
    serve(run_logged)


if __name__ == "__main__":
    if sys.argv[1] == "--serve":
        serve_stage(sys.argv[2])
    else:
        main(Path(sys.argv[1]))
