"""Kills a tiny training run by SIGKILL at each crash point, reruns it, and compares the bytes it leaves.

`python -m tests.unit.backends.killed_training OBJECTIVE METHOD FOLDER`: this process loads the libraries once and never
computes; each run is a fork. With `--middle` each point is met once, at its middle visit, and not at every one; with
`--moments` it is killed at 25 moments of its run, drawn by a seed, instead.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

from tests.unit.backends.tiny_encoder_training import TinyEncoderRun
from tests.unit.backends.tiny_training import PLAN, TinyRun

from acclimate.core import crash_points
from acclimate.core.atomic import read_json, write_json
from acclimate.testing.contract import visits_to_kill

PASSED_FILE = "passed.json"
MOMENTS = 25


def in_child(run: TinyRun, fatal_visit: int, *, kill_after: float = 0.0) -> int:
    """Runs in a fork; gives the number of the signal that ended it, or 0."""
    child = os.fork()
    if child == 0:
        crash_points.arm(fatal_visit)
        run.train()
        write_json(run.folder / PASSED_FILE, crash_points.passed())
        os._exit(0)
    if kill_after:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)  # until it is waited for, an ended child keeps its number
    status = os.waitpid(child, 0)[1]
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def main(objective: str, method: str, folder: Path, how: str) -> None:
    """Prints how often it was killed, and after which of the kills the rerun left other bytes."""
    kind = TinyRun if objective in ("causal_lm", "preference") else TinyEncoderRun
    plan = replace(PLAN, objective=objective, method=method, eval_steps=3, save_steps=2)
    undisturbed = kind(folder / "undisturbed", plan=plan)
    if in_child(undisturbed, 0):
        raise SystemExit("the undisturbed run failed")
    passed = read_json(undisturbed.folder / PASSED_FILE)
    visits = visits_to_kill(passed) if how == "--middle" else range(1, len(passed) + 1)
    kills = moments(undisturbed, folder) if how == "--moments" else [(visit, 0.0) for visit in visits]
    differing, ended = [], 0
    for place, (visit, kill_after) in enumerate(kills):
        run = kind(folder / "killed", plan=undisturbed.plan)
        killed_by = in_child(run, visit, kill_after=kill_after)
        ended += killed_by == 0
        rerun = in_child(run, 0)
        if (killed_by != signal.SIGKILL and not kill_after) or rerun or run.digests() != undisturbed.digests():
            differing.append(place)
        shutil.rmtree(run.folder)
    print(json.dumps({"visits": len(kills) - ended, "points": len(set(passed)), "differing": differing}))


def moments(undisturbed: TinyRun, folder: Path) -> list[tuple[int, float]]:
    """As many seconds after which to kill as there are kills to try, from the first to the last of a whole run."""
    timed = type(undisturbed)(folder / "timed", plan=undisturbed.plan)
    start = time.perf_counter()
    in_child(timed, 0)
    longest = time.perf_counter() - start
    draw = random.Random(0)
    return [(0, longest * (kill + draw.random()) / MOMENTS) for kill in range(MOMENTS)]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4] if len(sys.argv) > 4 else "")
