"""Runs a project in forks of a process that has every library imported and has never computed anything.

`python -m tests.integration.killed_runs`: each line of standard input is a request in JSON, answered by one line with the
exit status. A fork of a process whose libraries have started threads could hang, so this one only loads them.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time

import peft  # noqa: F401 - loaded once for all forks
import torch  # noqa: F401
import transformers  # noqa: F401

from acclimate.api import Project
from acclimate.backends import generation, scoring, training  # noqa: F401
from acclimate.core import crash_points
from acclimate.pipeline.table import STAGE_NAMES, load_stage


def main() -> None:
    """Answers requests until the input ends."""
    for name in STAGE_NAMES:
        load_stage(name)
    print("ready", flush=True)
    for line in sys.stdin:
        print(run_in_fork(**json.loads(line)), flush=True)


def run_in_fork(project: str, fatal_visit: int, kill_after: float) -> int:
    """The exit status of one run: killed at a crash point, after so many seconds, or not at all."""
    child = os.fork()
    if child == 0:
        run_and_exit(project, fatal_visit)
    timer = threading.Timer(kill_after, os.kill, (child, signal.SIGKILL)) if kill_after else None
    if timer:
        timer.start()
        time.sleep(kill_after)
        timer.join()
    return os.waitpid(child, 0)[1]


def run_and_exit(project: str, fatal_visit: int) -> None:
    """Runs the project and ends this process without any clean-up of the parent's."""
    code = 1
    try:
        if fatal_visit:
            crash_points.arm(fatal_visit)
        Project.open(project).run()
        code = 0
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
