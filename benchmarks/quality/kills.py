"""The whole line and training, killed again and again: do reruns leave the bytes of an undisturbed run?

The line of the tests' small project and their training runs of a second, on a tiny model, in forks of a process that has
loaded every library. `run` is killed at every instrumented point and at random moments until it has ended; training at
every instrumented point, for each objective and method. Each file of a checkpoint is then cut, lost, or has one bit
turned, and the run goes on.

    python -m benchmarks.quality.kills --output benchmarks/results/kills.json
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.integration.test_kills import ROOT, files_of, kill_at_points, run
from tests.tiny_project import write_tiny_project
from tests.unit.backends.test_checkpoints import FILES, OBJECTIVES, flip_one_bit, remove, truncate
from tests.unit.backends.tiny_training import CutOffError, EndsAfter, TinyRun

from acclimate.project.keys import new_key
from acclimate.testing.forks import Forks
from benchmarks.recording import result, write_results

RANDOM_KILLS = 25


def main() -> None:
    """Kills, damages, and writes how many reruns differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"ACCLIMATE_KEYS": str(Path(folder, "keys")), "OMP_NUM_THREADS": "1"}
        rows = [*killed_line(Path(folder)), *killed_training(Path(folder)), damaged_checkpoints(Path(folder))]
    write_results(arguments.output, rows)


def killed_line(folder: Path) -> list[dict[str, Any]]:
    """How many files of the project differ after kills at every instrumented point, and at random moments."""
    new_key("tiny", "surrogates")
    fresh = write_tiny_project(folder / "fresh" / "tiny")
    projects = {name: Path(shutil.copytree(fresh, folder / name / "tiny")) for name in ("whole", "points", "moments")}
    with Forks("tests.integration.killed_runs", environment=dict(os.environ), folder=ROOT) as forks:
        if run(forks, projects["whole"]):
            raise SystemExit("the undisturbed run failed")
        whole = files_of(projects["whole"])
        at_points = kill_at_points(forks, projects["points"])
        seconds = _kill_at_moments(forks, projects["moments"])
    return [
        result(
            f"files that differ, `run` killed {kills} times {when}",
            _differing(whole, files_of(projects[name])),
            goal="0",
            peers={"files": len(whole), **more},
        )
        for name, kills, when, more in (
            ("points", at_points, "at every instrumented point", {}),
            ("moments", RANDOM_KILLS, "at random moments", {"drawn up to, s": seconds}),
        )
    ]


def _kill_at_moments(forks: Forks, project: Path) -> float:
    """Kills at random moments, drawn later and later so that the line gets on; the latest moment, in seconds."""
    latest = 0.6
    for kill in range(RANDOM_KILLS):
        moment = latest * (kill * 7 % RANDOM_KILLS + 1) / RANDOM_KILLS
        code = run(forks, project, kill_after=moment)
        if code == 0:
            shutil.rmtree(project / "artifacts")
            shutil.rmtree(project / "restricted")
        elif code != -signal.SIGKILL:
            raise SystemExit(f"a killed run ended with {code}")
    if run(forks, project):
        raise SystemExit("the last run failed")
    return latest


def _differing(whole: dict[str, str], other: dict[str, str]) -> int:
    return sum(whole.get(name) != other.get(name) for name in whole.keys() | other.keys())


def killed_training(folder: Path) -> list[dict[str, Any]]:
    """Over all objectives and methods: reruns after a kill that left other bytes."""
    kinds = [
        *((objective, method) for objective in OBJECTIVES for method in ("lora", "full")),
        ("causal_lm", "top_layers"),
    ]
    at_points = {f"{objective} {method}": _killed(folder, objective, method) for objective, method in kinds}
    at_moments = {objective: _killed(folder, objective, "lora", "--moments") for objective in OBJECTIVES}
    return [
        _reruns(at_points, "at every instrumented point"),
        _reruns(at_moments, "at random moments of its run, with LoRA"),
    ]


def _killed(folder: Path, objective: str, method: str, *how: str) -> dict[str, Any]:
    own = folder / "-".join((objective, method, *how))
    command = [sys.executable, "-m", "tests.unit.backends.killed_training", objective, method, str(own), *how]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    outcome: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return outcome


def _reruns(outcomes: dict[str, dict[str, Any]], when: str) -> dict[str, Any]:
    kills = {name: outcome["visits"] for name, outcome in outcomes.items()}
    differing = sum(len(outcome["differing"]) for outcome in outcomes.values())
    figure = f"reruns that differ, training killed {sum(kills.values())} times {when}"
    return result(figure, differing, goal="0", peers={f"kills, {name}": count for name, count in kills.items()})


def damaged_checkpoints(folder: Path) -> dict[str, Any]:
    """Damages to the newest checkpoint that were named, set aside, and cost nothing but the steps since the one before."""
    undisturbed = TinyRun(folder / "undisturbed")
    undisturbed.train()
    mended = []
    for damage in (truncate, flip_one_bit, remove):
        for name in FILES:
            cut = TinyRun(folder / f"{damage.__name__}-{name}")
            try:
                cut.train(EndsAfter(5))
            except CutOffError:
                damage(cut.checkpoints / "step-000004", name)
            named = any("damaged-step-000004" in note for note in cut.train().notes)
            aside = (cut.checkpoints / "damaged-step-000004").is_dir()
            mended.append(named and aside and cut.digests() == undisturbed.digests())
    kinds = "a file cut, lost or one bit turned"
    return result(
        f"damaged checkpoints ({kinds}) named, set aside, the older one used", sum(mended), goal=str(len(mended))
    )


if __name__ == "__main__":
    main()
