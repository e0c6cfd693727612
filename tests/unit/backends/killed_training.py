"""Kills a tiny training run by SIGKILL at each crash point, reruns it, and compares the bytes it leaves.

`python -m tests.unit.backends.killed_training OBJECTIVE METHOD FOLDER`: this process loads the libraries once and never
computes; each run is a fork. With `--middle` each point is met once, at its middle visit, and not at every one.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from dataclasses import replace
from pathlib import Path

from tests.unit.backends.tiny_encoder_training import TinyEncoderRun
from tests.unit.backends.tiny_training import PLAN, TinyRun

from acclimate.core import crash_points
from acclimate.core.atomic import read_json, write_json
from acclimate.testing.contract import visits_to_kill

PASSED_FILE = "passed.json"


def in_child(run: TinyRun, fatal_visit: int) -> int:
    """Runs in a fork; gives the number of the signal that ended it, or 0."""
    child = os.fork()
    if child == 0:
        crash_points.arm(fatal_visit)
        run.train()
        write_json(run.folder / PASSED_FILE, crash_points.passed())
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def main(objective: str, method: str, folder: Path, *, middle: bool) -> None:
    """Prints at how many visits it was killed, and after which of them the rerun left other bytes."""
    kind = TinyRun if objective in ("causal_lm", "preference") else TinyEncoderRun
    plan = replace(PLAN, objective=objective, method=method, eval_steps=3, save_steps=2)
    undisturbed = kind(folder / "undisturbed", plan=plan)
    if in_child(undisturbed, 0):
        raise SystemExit("the undisturbed run failed")
    passed = read_json(undisturbed.folder / PASSED_FILE)
    visits = visits_to_kill(passed) if middle else range(1, len(passed) + 1)
    differing = []
    for visit in visits:
        run = kind(folder / "killed", plan=undisturbed.plan)
        killed_by = in_child(run, visit)
        rerun = in_child(run, 0)
        if killed_by != signal.SIGKILL or rerun or run.digests() != undisturbed.digests():
            differing.append(visit)
        shutil.rmtree(run.folder)
    print(json.dumps({"visits": len(visits), "points": len(set(passed)), "differing": differing}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), middle="--middle" in sys.argv)
