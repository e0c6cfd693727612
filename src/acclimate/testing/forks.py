"""Runs work in forks of a process that has imported every library and computed nothing: a start costs milliseconds.

A fork of a process whose libraries have started threads could hang, so the parent imports and does nothing else.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

READY = "ready"
MODEL_LIBRARIES = ("torch", "transformers", "peft")
MODEL_MODULES = ("acclimate.backends.generation", "acclimate.backends.scoring", "acclimate.backends.training")


def import_models() -> None:
    """Imports everything that stages with a model import when they run."""
    for name in (*MODEL_LIBRARIES, *MODEL_MODULES):
        importlib.import_module(name)


def serve(work: Callable[[Any], None]) -> None:
    """Answers each request on standard input with the exit code of `work` in a fork; ends when the input does."""
    _say(READY)
    for line in sys.stdin:
        request = json.loads(line)
        _say(_run_in_fork(work, request["work"], request["kill_after"]))


def _say(answer: object) -> None:
    sys.stdout.write(f"{answer}\n")
    sys.stdout.flush()


def _run_in_fork(work: Callable[[Any], None], request: Any, kill_after: float) -> int:
    child = os.fork()
    if child == 0:
        _work_and_exit(work, request)
    timer = threading.Timer(kill_after, os.kill, (child, signal.SIGKILL)) if kill_after else None
    if timer:
        timer.start()
        time.sleep(kill_after)
        timer.join()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _work_and_exit(work: Callable[[Any], None], request: Any) -> None:
    """Ends the fork without any clean-up of its parent's."""
    code = 1
    try:
        work(request)
        code = 0
    except BaseException:  # noqa: BLE001 - whatever it is, the fork says so and ends
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


class Forks:
    """A process that serves; a context manager, since it lives until it is closed."""

    def __init__(self, module: str, *arguments: str, environment: Mapping[str, str], folder: Path) -> None:
        command: Sequence[str] = [sys.executable, "-m", module, *arguments]
        self._process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        if self._answer() != READY:
            raise RuntimeError(f"{module} did not start")

    def run(self, work: Any, *, kill_after: float = 0.0) -> int:
        """The exit code of the work, which travels as JSON: minus the signal's number where one ended it."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"work": work, "kill_after": kill_after}) + "\n")
        self._process.stdin.flush()
        return int(self._answer())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()
